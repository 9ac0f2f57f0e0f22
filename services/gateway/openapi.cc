#include "services/gateway/openapi.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/rpc/json_writer.h"
#include "google/protobuf/descriptor.h"
#include "google/rpc/status.pb.h"
#include "services/gateway/http_template.h"
#include "services/gateway/openapi_schemas.h"

namespace clv::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;
using rpc::JsonWriter;

// How far below the request a query parameter's field may lie.
constexpr size_t kMaxParameterDepth = 3;

struct PathParameter {
  std::string name;
  const FieldDescriptor* field;  // null for a wildcard without a variable
};

struct Operation {
  const HttpRule* rule;
  std::string method;                     // in lower case
  std::vector<PathParameter> parameters;  // those of the path, in its order
};

// `/v1/items/{id}` of the template, and the same without names, by which OpenAPI tells paths apart.
struct PathText {
  std::string path;
  std::string shape;
  std::vector<PathParameter> parameters;
};

PathText TextOf(const HttpRule& rule, const HttpTemplate& http_template) {
  PathText text;
  std::set<std::string> taken;
  for (size_t i = 0; i < http_template.segments.size(); ++i) {
    const HttpTemplate::Segment& segment = http_template.segments[i];
    if (segment.kind == HttpTemplate::SegmentKind::kLiteral) {
      absl::StrAppend(&text.path, "/", segment.text);
      absl::StrAppend(&text.shape, "/", segment.text);
      continue;
    }
    PathParameter parameter{"segment", nullptr};
    for (size_t v = 0; v < http_template.variables.size(); ++v) {
      const HttpTemplate::Variable& variable = http_template.variables[v];
      if (i < variable.begin || i >= variable.end) continue;
      parameter = {absl::StrJoin(variable.field_path, "."), rule.variables[v].back()};
    }
    const std::string base = parameter.name;
    for (int n = 2; !taken.insert(parameter.name).second; ++n) {
      parameter.name = absl::StrCat(base, "_", n);
    }
    absl::StrAppend(&text.path, "/{", parameter.name, "}");
    absl::StrAppend(&text.shape, "/{}");
    text.parameters.push_back(std::move(parameter));
  }
  if (text.path.empty()) text.path = text.shape = "/";
  if (!http_template.verb.empty()) {
    absl::StrAppend(&text.path, ":", http_template.verb);
    absl::StrAppend(&text.shape, ":", http_template.verb);
  }
  return text;
}

bool IsOpenApiMethod(std::string_view method) {
  static constexpr std::string_view kMethods[] = {"GET",  "PUT",     "POST",  "DELETE",
                                                  "HEAD", "OPTIONS", "PATCH", "TRACE"};
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

class DocumentWriter {
 public:
  DocumentWriter(const Transcoder& transcoder, const OpenApiOptions& options)
      : transcoder_(transcoder), options_(options), schemas_(transcoder.options().print_options) {}

  std::string Write() {
    CollectOperations();
    json_.BeginObject().Member("openapi", "3.1.0");
    json_.Key("info")
        .BeginObject()
        .Member("title", options_.title)
        .Member("version", options_.version)
        .EndObject();
    WriteTags();
    if (options_.bearer_token) {
      json_.Key("security").BeginArray().BeginObject().Key("bearerToken").BeginArray().EndArray();
      json_.EndObject().EndArray();
    }
    json_.Key("paths").BeginObject();
    for (const std::string& path : paths_) {
      json_.Key(path).BeginObject();
      for (const auto& [method, operation] : operations_[path]) {
        json_.Key(method);
        WriteOperation(operation);
      }
      json_.EndObject();
    }
    json_.EndObject().Key("components").BeginObject();
    schemas_.WriteComponents(json_);
    if (options_.bearer_token) {
      json_.Key("securitySchemes").BeginObject().Key("bearerToken").BeginObject();
      json_.Member("type", "http").Member("scheme", "bearer").EndObject().EndObject();
    }
    return json_.EndObject().EndObject().Take();
  }

 private:
  // Two paths that differ in the names of their variables only are one to OpenAPI: the names of the
  // first count.
  void CollectOperations() {
    std::map<std::string, PathText> by_shape;
    for (const auto& rule : transcoder_.rules()) {
      const size_t space = rule->pattern.find(' ');
      const std::string method = rule->pattern.substr(0, space);
      if (!IsOpenApiMethod(method)) continue;
      const auto http_template = ParseHttpTemplate(rule->pattern.substr(space + 1));
      if (!http_template.ok()) continue;
      PathText text = TextOf(*rule, *http_template);
      const auto [known, is_new] = by_shape.try_emplace(text.shape, text);
      if (is_new) paths_.push_back(text.path);
      for (size_t i = 0; i < text.parameters.size(); ++i) {
        text.parameters[i].name = known->second.parameters[i].name;
      }
      operations_[known->second.path].try_emplace(
          absl::AsciiStrToLower(method), Operation{rule.get(), method, std::move(text.parameters)});
    }
  }

  void WriteTags() {
    std::set<std::string> written;
    json_.Key("tags").BeginArray();
    for (const auto& rule : transcoder_.rules()) {
      const auto& service = *rule->method->service();
      if (!written.insert(service.full_name()).second) continue;
      json_.BeginObject().Member("name", service.full_name());
      const std::string comment = CommentOf(service);
      if (!comment.empty()) json_.Member("description", comment);
      json_.EndObject();
    }
    json_.EndArray();
  }

  void WriteOperation(const Operation& operation) {
    const MethodDescriptor& method = *operation.rule->method;
    const std::string base = absl::StrCat(method.service()->name(), "_", method.name());
    const int nth = ++operation_ids_[base];
    json_.BeginObject();
    json_.Key("tags").Texts({method.service()->full_name()});
    json_.Member("operationId", nth == 1 ? base : absl::StrCat(base, "_", nth));
    const std::string comment = CommentOf(method);
    if (!comment.empty()) {
      json_.Member("summary", comment.substr(0, comment.find('\n')));
      json_.Member("description", comment);
    }
    WriteParameters(operation);
    WriteRequestBody(operation);
    WriteResponses(*operation.rule);
    json_.EndObject();
  }

  void WriteParameters(const Operation& operation) {
    json_.Key("parameters").BeginArray();
    std::set<std::string> in_path;
    for (const PathParameter& parameter : operation.parameters) {
      json_.BeginObject().Member("name", parameter.name).Member("in", "path");
      json_.Key("required").Flag(true);
      WriteDescription(parameter.field);
      json_.Key("schema");
      if (parameter.field == nullptr) {
        json_.BeginObject().Member("type", "string").EndObject();
      } else {
        schemas_.WriteElement(*parameter.field, json_);
      }
      json_.EndObject();
    }
    for (const FieldPath& path : operation.rule->variables) in_path.insert(DottedName(path));
    FieldPath path;
    if (TakesQuery(*operation.rule)) {
      WriteQueryParameters(*operation.rule->method->input_type(), *operation.rule, in_path, path);
    }
    json_.EndArray();
  }

  static bool TakesQuery(const HttpRule& rule) {
    return !rule.body_is_whole && !(rule.body_is_http_body && rule.body.empty());
  }

  std::string DottedName(const FieldPath& path) const {
    return absl::StrJoin(path, ".", [this](std::string* out, const FieldDescriptor* field) {
      out->append(schemas_.NameOf(*field));
    });
  }

  void WriteQueryParameters(const Descriptor& type, const HttpRule& rule,
                            const std::set<std::string>& in_path, FieldPath& path) {
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      path.push_back(&field);
      const std::string name = DottedName(path);
      const auto& ignored = transcoder_.options().ignored_query_parameters;
      const bool skipped = path == rule.body || in_path.contains(name) ||
                           std::find(ignored.begin(), ignored.end(), name) != ignored.end();
      if (!skipped && CheckBindable(path).ok()) {
        json_.BeginObject().Member("name", name).Member("in", "query");
        if (IsRequired(field) && path.size() == 1) json_.Key("required").Flag(true);
        WriteDescription(&field);
        json_.Key("schema");
        schemas_.WriteField(field, json_);
        json_.EndObject();
      } else if (!skipped && field.message_type() != nullptr && !field.is_repeated() &&
                 field.message_type()->well_known_type() == Descriptor::WELLKNOWNTYPE_UNSPECIFIED &&
                 path.size() < kMaxParameterDepth) {
        WriteQueryParameters(*field.message_type(), rule, in_path, path);
      }
      path.pop_back();
    }
  }

  void WriteDescription(const FieldDescriptor* field) {
    const std::string comment = field == nullptr ? "" : CommentOf(*field);
    if (!comment.empty()) json_.Member("description", comment);
  }

  void WriteRequestBody(const Operation& operation) {
    const HttpRule& rule = *operation.rule;
    if (!rule.body_is_whole && rule.body.empty()) return;
    json_.Key("requestBody").BeginObject().Key("content").BeginObject();
    if (rule.body_is_http_body) {
      WriteBytes();
    } else {
      json_.Key("application/json").BeginObject().Key("schema");
      WriteSchema(rule.streams_body, [&] {
        rule.body.empty() ? schemas_.WriteMessage(*rule.method->input_type(), json_)
                          : schemas_.WriteField(*rule.body.back(), json_);
      });
      json_.EndObject();
    }
    json_.EndObject().EndObject();
  }

  // Bytes of any type.
  void WriteBytes() {
    json_.Key("*/*").BeginObject().Key("schema").BeginObject().EndObject().EndObject();
  }

  template <typename WriteOne>
  void WriteSchema(bool is_list, const WriteOne& write_one) {
    if (is_list) json_.BeginObject().Member("type", "array").Key("items");
    write_one();
    if (is_list) json_.EndObject();
  }

  void WriteResponses(const HttpRule& rule) {
    json_.Key("responses").BeginObject().Key("200").BeginObject();
    json_.Member("description", "OK").Key("content").BeginObject();
    if (rule.reply_is_http_body) {
      WriteBytes();
    } else {
      const PrintOptions& print = transcoder_.options().print_options;
      const bool events = rule.streams_reply && print.stream_sse_style_delimited;
      const bool in_list = rule.streams_reply && !events && !print.stream_newline_delimited;
      json_.Key(events ? "text/event-stream" : "application/json").BeginObject().Key("schema");
      WriteSchema(in_list, [&] {
        schemas_.WriteMessage(rule.response_body == nullptr ? *rule.method->output_type()
                                                            : *rule.response_body->message_type(),
                              json_);
      });
      json_.EndObject();
    }
    json_.EndObject().EndObject().Key("default").BeginObject();
    json_.Member("description", "The call has failed.").Key("content").BeginObject();
    json_.Key("application/json").BeginObject().Key("schema");
    schemas_.WriteMessage(*google::rpc::Status::descriptor(), json_);
    json_.EndObject().EndObject().EndObject().EndObject();
  }

  const Transcoder& transcoder_;
  const OpenApiOptions& options_;
  OpenApiSchemas schemas_;
  JsonWriter json_;
  std::vector<std::string> paths_;                                      // in the order of the rules
  std::map<std::string, std::map<std::string, Operation>> operations_;  // by path and method
  std::map<std::string, int> operation_ids_;
};

}  // namespace

std::string OpenApiJson(const Transcoder& transcoder, const OpenApiOptions& options) {
  return DocumentWriter(transcoder, options).Write();
}

}  // namespace clv::gateway
