#include "services/gateway/rule_set.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "google/api/annotations.pb.h"
#include "services/gateway/http_body.h"
#include "services/gateway/http_template.h"
#include "services/gateway/query_binding.h"

namespace clv::gateway {
namespace {

using google::protobuf::MethodDescriptor;

// The HTTP method and template of one binding.
struct Pattern {
  std::string method;
  std::string path;
};

absl::StatusOr<Pattern> PatternOf(const google::api::HttpRule& rule) {
  switch (rule.pattern_case()) {
    case google::api::HttpRule::kGet:
      return Pattern{"GET", rule.get()};
    case google::api::HttpRule::kPut:
      return Pattern{"PUT", rule.put()};
    case google::api::HttpRule::kPost:
      return Pattern{"POST", rule.post()};
    case google::api::HttpRule::kDelete:
      return Pattern{"DELETE", rule.delete_()};
    case google::api::HttpRule::kPatch:
      return Pattern{"PATCH", rule.patch()};
    case google::api::HttpRule::kCustom:
      return Pattern{rule.custom().kind(), rule.custom().path()};
    case google::api::HttpRule::PATTERN_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("the rule has no path");
}

// Resolves one binding against the method's messages.
class RuleResolver {
 public:
  RuleResolver(const MethodDescriptor& method, const google::api::HttpRule& annotation)
      : method_(method), annotation_(annotation) {}

  absl::StatusOr<HttpRule> Resolve(const HttpTemplate& http_template) const {
    HttpRule rule;
    rule.method = &method_;
    rule.grpc_path = absl::StrCat("/", method_.service()->full_name(), "/", method_.name());
    for (const HttpTemplate::Variable& variable : http_template.variables) {
      CLV_ASSIGN_OR_RETURN(
          FieldPath path,
          ResolveFieldPath(*method_.input_type(), absl::StrJoin(variable.field_path, ".")));
      CLV_RETURN_IF_ERROR(CheckBindable(path));
      rule.variables.push_back(std::move(path));
    }
    CLV_RETURN_IF_ERROR(ResolveBody(rule));
    rule.streams_body = method_.client_streaming();
    CLV_RETURN_IF_ERROR(ResolveResponseBody(rule));
    rule.streams_reply = method_.server_streaming();
    rule.reply_is_http_body = IsHttpBody(
        rule.response_body == nullptr ? method_.output_type() : rule.response_body->message_type());
    return rule;
  }

 private:
  absl::Status ResolveBody(HttpRule& rule) const {
    if (annotation_.body().empty() || annotation_.body() == "*") {
      rule.body_is_whole = !annotation_.body().empty();
      rule.body_is_http_body = IsHttpBody(method_.input_type());
      return absl::OkStatus();
    }
    CLV_ASSIGN_OR_RETURN(rule.body, ResolveFieldPath(*method_.input_type(), annotation_.body()));
    rule.body_is_http_body = IsHttpBody(rule.body.back()->message_type());
    return absl::OkStatus();
  }

  absl::Status ResolveResponseBody(HttpRule& rule) const {
    if (annotation_.response_body().empty()) return absl::OkStatus();
    CLV_ASSIGN_OR_RETURN(const FieldPath path,
                         ResolveFieldPath(*method_.output_type(), annotation_.response_body()));
    rule.response_body = path.back();
    if (path.size() > 1 || rule.response_body->is_repeated() ||
        rule.response_body->type() != google::protobuf::FieldDescriptor::TYPE_MESSAGE) {
      return absl::InvalidArgumentError(absl::StrCat(
          "response_body \"", annotation_.response_body(), "\" is not a single message field"));
    }
    return absl::OkStatus();
  }

  const MethodDescriptor& method_;
  const google::api::HttpRule& annotation_;
};

class RuleSetBuilder {
 public:
  explicit RuleSetBuilder(const TranscoderOptions& options)
      : options_(options),
        matcher_({options.url_unescape_spec, options.match_unregistered_custom_verb}) {}

  absl::Status AddMethod(const MethodDescriptor& method) {
    if (method.options().HasExtension(google::api::http)) {
      const google::api::HttpRule& annotation = method.options().GetExtension(google::api::http);
      CLV_RETURN_IF_ERROR(AddBinding(method, annotation));
      for (const google::api::HttpRule& additional : annotation.additional_bindings()) {
        CLV_RETURN_IF_ERROR(AddBinding(method, additional));
      }
    } else if (options_.auto_mapping) {
      google::api::HttpRule annotation;
      annotation.set_post(absl::StrCat("/", method.service()->full_name(), "/", method.name()));
      annotation.set_body("*");
      return AddBinding(method, annotation);
    }
    return absl::OkStatus();
  }

  RuleSet Build() && { return {std::move(rules_), std::move(matcher_).Build()}; }

 private:
  absl::Status AddBinding(const MethodDescriptor& method, const google::api::HttpRule& annotation) {
    std::string name = method.full_name();
    absl::Status status = TryAddBinding(method, annotation, name);
    if (status.ok() || status.code() == absl::StatusCode::kAlreadyExists) return status;
    return absl::InvalidArgumentError(absl::StrCat("HTTP rule of ", name, ": ", status.message()));
  }

  // Leaves the rule's best known name in `name` also where it fails.
  absl::Status TryAddBinding(const MethodDescriptor& method,
                             const google::api::HttpRule& annotation, std::string& name) {
    CLV_ASSIGN_OR_RETURN(const Pattern pattern, PatternOf(annotation));
    absl::StrAppend(&name, " (", pattern.method, " ", pattern.path, ")");
    CLV_ASSIGN_OR_RETURN(HttpTemplate http_template, ParseHttpTemplate(pattern.path));
    CLV_ASSIGN_OR_RETURN(HttpRule rule, RuleResolver(method, annotation).Resolve(http_template));
    rule.name = name;
    rule.pattern = absl::StrCat(pattern.method, " ", pattern.path);
    CLV_RETURN_IF_ERROR(
        matcher_.Register(pattern.method, std::move(http_template), {rules_.size(), name}));
    rules_.push_back(std::make_unique<const HttpRule>(std::move(rule)));
    return absl::OkStatus();
  }

  const TranscoderOptions& options_;
  std::vector<std::unique_ptr<const HttpRule>> rules_;
  PathMatcher::Builder matcher_;
};

}  // namespace

absl::StatusOr<RuleSet> BuildRuleSet(
    const std::vector<const google::protobuf::ServiceDescriptor*>& services,
    const TranscoderOptions& options) {
  RuleSetBuilder builder(options);
  for (const google::protobuf::ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      CLV_RETURN_IF_ERROR(builder.AddMethod(*service->method(i)));
    }
  }
  return std::move(builder).Build();
}

}  // namespace clv::gateway
