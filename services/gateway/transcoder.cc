#include "services/gateway/transcoder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "services/gateway/http_body.h"
#include "services/gateway/json_text.h"
#include "services/gateway/rule_set.h"

namespace clv::gateway {
namespace {

using google::protobuf::Descriptor;

std::string_view QueryOf(std::string_view target) {
  const size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

// A slice that owns `text` without copying it.
grpc::Slice OwningSlice(std::string text) {
  auto* owner = new std::string(std::move(text));
  return grpc::Slice(
      owner->data(), owner->size(), [](void* data) { delete static_cast<std::string*>(data); },
      owner);
}

grpc::ByteBuffer ToByteBuffer(std::string text) {
  const grpc::Slice slice = OwningSlice(std::move(text));
  return grpc::ByteBuffer(&slice, 1);
}

// Whether a request of this type may be other JSON than an object (Struct, Value, wrappers and the
// like).
bool IsWellKnown(const Descriptor& type) {
  return type.well_known_type() != Descriptor::WELLKNOWNTYPE_UNSPECIFIED;
}

// `value` as the member that `path` names: `"a":{"b":value}`.
std::string Member(const FieldPath& path, std::string_view value) {
  std::string out;
  out.reserve(value.size() + 64);
  for (const auto* field : path) {
    out.append(out.empty() ? "" : "{").append(JsonQuote(field->name())).append(":");
  }
  out.append(value);
  out.append(path.size() - 1, '}');
  return out;
}

}  // namespace

Transcoder::Transcoder(ServiceRegistry registry, TranscoderOptions options,
                       std::vector<std::unique_ptr<const HttpRule>> rules, PathMatcher matcher)
    : registry_(std::move(registry)),
      options_(std::move(options)),
      rules_(std::move(rules)),
      matcher_(std::move(matcher)),
      ignored_query_parameters_(options_.ignored_query_parameters.begin(),
                                options_.ignored_query_parameters.end()),
      codec_(std::make_unique<const JsonCodec>(
          registry_.pool(),
          JsonCodec::Options{options_.print_options, options_.case_insensitive_enum_parsing})),
      status_type_(
          registry_.pool().FindMessageTypeByName(google::rpc::Status::descriptor()->full_name())) {}

absl::StatusOr<Transcoder> Transcoder::Create(ServiceRegistry registry, TranscoderOptions options) {
  CLV_ASSIGN_OR_RETURN(const auto services, registry.FindServices(options.services));
  CLV_ASSIGN_OR_RETURN(RuleSet rule_set, BuildRuleSet(services, options));
  return Transcoder(std::move(registry), std::move(options), std::move(rule_set.rules),
                    std::move(rule_set.matcher));
}

std::optional<Transcoder::Match> Transcoder::Find(std::string_view method,
                                                  std::string_view target) const {
  std::optional<PathMatcher::Match> found = matcher_.Lookup(method, target);
  if (!found.has_value()) return std::nullopt;
  Match match{rules_[found->rule_index].get(), {}};
  match.bindings.reserve(found->values.size());
  for (size_t i = 0; i < found->values.size(); ++i) {
    match.bindings.push_back({match.rule->variables[i], std::move(found->values[i])});
  }
  return match;
}

std::vector<std::string> Transcoder::AllowedMethods(std::string_view target) const {
  return matcher_.AllowedMethods(target);
}

// Path first, query behind it: of two values for one field the last wins.
absl::StatusOr<Transcoder::UrlFields> Transcoder::ReadUrl(const Match& match,
                                                          std::string_view target) const {
  QueryOptions query_options;
  query_options.plus_is_space = options_.query_param_unescape_plus;
  query_options.ignored = ignored_query_parameters_;
  query_options.capture_unknown = options_.capture_unknown_query_parameters;
  query_options.ignore_unknown =
      options_.ignore_unknown_query_parameters ||
      std::any_of(options_.ignore_unknown_query_parameters_under.begin(),
                  options_.ignore_unknown_query_parameters_under.end(),
                  [&](const std::string& prefix) { return target.starts_with(prefix); });
  CLV_ASSIGN_OR_RETURN(
      QueryFields from_query,
      ParseQuery(QueryOf(target), *match.rule->method->input_type(), query_options));
  UrlFields fields{match.bindings, std::move(from_query.unknown)};
  fields.bindings.insert(fields.bindings.end(),
                         std::make_move_iterator(from_query.bindings.begin()),
                         std::make_move_iterator(from_query.bindings.end()));
  if (match.rule->body_is_http_body) {
    const FieldPath& body = match.rule->body;
    std::erase_if(fields.bindings, [&](const Binding& binding) {
      return binding.path.size() >= body.size() &&
             std::equal(body.begin(), body.end(), binding.path.begin());
    });
  }
  for (const Binding& binding : fields.bindings) {
    CLV_RETURN_IF_ERROR(CheckBindable(binding.path));
    CLV_RETURN_IF_ERROR(CheckEnumValue(binding, options_.case_insensitive_enum_parsing));
  }
  return fields;
}

absl::StatusOr<grpc::ByteBuffer> Transcoder::EncodeRequest(const Match& match,
                                                           Request request) const {
  if (request.body.size() > static_cast<size_t>(options_.max_request_body_size)) {
    return absl::OutOfRangeError(absl::StrCat("The request body has ", request.body.size(),
                                              " bytes, at most ", options_.max_request_body_size,
                                              " are taken."));
  }
  CLV_ASSIGN_OR_RETURN(const UrlFields fields, ReadUrl(match, request.target));
  if (match.rule->body_is_http_body) {
    CLV_ASSIGN_OR_RETURN(std::string bindings, EncodeBindings(*match.rule, fields));
    return EncodePiece(*match.rule,
                       {std::move(bindings), request.content_type, std::move(request.body)});
  }
  return EncodeJson(*match.rule, fields.bindings, std::move(request.body));
}

absl::StatusOr<grpc::ByteBuffer> Transcoder::EncodeElement(const HttpRule& rule,
                                                           const UrlFields& fields,
                                                           std::string element) const {
  return EncodeJson(rule, fields.bindings, std::move(element));
}

absl::StatusOr<std::string> Transcoder::EncodeBindings(const HttpRule& rule,
                                                       const UrlFields& fields) const {
  std::string wire;
  if (!fields.bindings.empty()) {
    CLV_ASSIGN_OR_RETURN(wire,
                         codec_->ToWire(*rule.method->input_type(),
                                        absl::StrCat("{", WeaveBindings(fields.bindings), "}")));
  }
  if (!fields.unknown.empty()) {
    std::string captured = HttpBodyExtension(fields.unknown);
    for (auto field = rule.body.rbegin(); field != rule.body.rend(); ++field) {
      captured.insert(0, LengthDelimitedPrefix((*field)->number(), captured.size()));
    }
    wire.append(captured);
  }
  return wire;
}

// The body's bytes go up as they are, in a slice of their own behind what precedes them on the
// wire. Concatenation merges, so the bindings may be a serialized message of their own in front.
grpc::ByteBuffer Transcoder::EncodePiece(const HttpRule& rule, Piece piece) {
  std::string prefix = HttpBodyPrefix(piece.content_type, piece.data.size());
  size_t size = prefix.size() + piece.data.size();
  for (auto field = rule.body.rbegin(); field != rule.body.rend(); ++field) {
    std::string outer = LengthDelimitedPrefix((*field)->number(), size);
    size += outer.size();
    prefix.insert(0, outer);
  }
  prefix.insert(0, piece.bindings);
  if (piece.data.empty()) return ToByteBuffer(std::move(prefix));
  const grpc::Slice slices[] = {OwningSlice(std::move(prefix)), OwningSlice(std::move(piece.data))};
  return grpc::ByteBuffer(slices, 2);
}

// One JSON text from bindings and body, bindings in front, so that the body wins where both give a
// field.
absl::StatusOr<grpc::ByteBuffer> Transcoder::EncodeJson(const HttpRule& rule,
                                                        const std::vector<Binding>& bindings,
                                                        std::string body) const {
  const Descriptor& type = *rule.method->input_type();
  CLV_RETURN_IF_ERROR(CheckJsonDepth(body));
  if (options_.reject_binding_body_field_collisions) {
    CLV_RETURN_IF_ERROR(CheckCollisions(rule, bindings, body));
  }
  std::string members = WeaveBindings(bindings);
  if (!rule.body.empty()) {
    if (!IsSelfContainedJson(body)) {
      return absl::InvalidArgumentError("The body is not one JSON value.");
    }
    absl::StrAppend(&members, members.empty() ? "" : ",",
                    Member(rule.body, body.empty() ? std::string_view("{}") : body));
    body.clear();
  }
  if (body.empty()) {
    if (members.empty()) return ToByteBuffer("");
    CLV_ASSIGN_OR_RETURN(std::string wire, codec_->ToWire(type, absl::StrCat("{", members, "}")));
    return ToByteBuffer(std::move(wire));
  }
  if (!StartsAsJsonObject(body) && (!IsWellKnown(type) || !members.empty())) {
    return absl::InvalidArgumentError("The body is not a JSON object.");
  }
  if (!members.empty()) {
    members.push_back(',');
    body.insert(body.find('{') + 1, members);
  }
  CLV_ASSIGN_OR_RETURN(std::string wire, codec_->ToWire(type, body));
  return ToByteBuffer(std::move(wire));
}

// Compares on the wire, where values have one form whatever their spelling in URL or JSON.
absl::Status Transcoder::CheckCollisions(const HttpRule& rule, const std::vector<Binding>& bindings,
                                         std::string_view body) const {
  if (bindings.empty() || body.empty()) return absl::OkStatus();
  const Descriptor& type = *rule.method->input_type();
  CLV_ASSIGN_OR_RETURN(
      const std::string from_body,
      codec_->ToWire(type, rule.body.empty() ? std::string(body)
                                             : absl::StrCat("{", Member(rule.body, body), "}")));
  for (const Binding& binding : bindings) {
    const bool repeats = std::any_of(binding.path.begin(), binding.path.end(),
                                     [](const auto* field) { return field->is_repeated(); });
    if (repeats) continue;
    const std::optional<std::string> in_body = LastOccurrence(binding.path, from_body);
    if (!in_body.has_value()) continue;
    CLV_ASSIGN_OR_RETURN(const std::string from_url,
                         codec_->ToWire(type, absl::StrCat("{", WeaveBindings({binding}), "}")));
    if (LastOccurrence(binding.path, from_url) != in_body) {
      return absl::InvalidArgumentError(absl::StrCat("The URL and the body give the field \"",
                                                     binding.path.back()->name(),
                                                     "\" different values."));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Transcoder::Reply> Transcoder::DecodeReply(const HttpRule& rule,
                                                          const grpc::ByteBuffer& message) const {
  // The reader takes the buffer by non-const pointer but only reads; a copy shares the slices.
  grpc::ByteBuffer shared(message);
  std::optional<Reply> reply;
  const bool on_one_line =
      rule.streams_reply && (options_.print_options.stream_newline_delimited ||
                             options_.print_options.stream_sse_style_delimited);
  if (rule.response_body == nullptr) {
    reply = DecodeMessage(
        *rule.method->output_type(), [&shared] { return grpc::ProtoBufferReader(&shared); },
        on_one_line);
  } else {
    grpc::ProtoBufferReader whole(&shared);
    if (const auto part = ExtractMessageField(rule.response_body->number(), whole)) {
      reply = DecodeMessage(
          *rule.response_body->message_type(),
          [&part] {
            return google::protobuf::io::ArrayInputStream(part->data(),
                                                          static_cast<int>(part->size()));
          },
          on_one_line);
    }
  }
  if (!reply.has_value()) return absl::DataLossError("The reply does not decode.");
  if (reply->body.size() > static_cast<size_t>(options_.max_response_body_size)) {
    return absl::OutOfRangeError("The reply is too large.");
  }
  return *std::move(reply);
}

template <typename OpenStream>
std::optional<Transcoder::Reply> Transcoder::DecodeMessage(const Descriptor& type,
                                                           const OpenStream& open_stream,
                                                           bool on_one_line) const {
  auto stream = open_stream();
  if (IsHttpBody(&type)) {
    std::optional<HttpBody> body = ParseHttpBody(stream);
    if (!body.has_value()) return std::nullopt;
    return Reply{std::move(body->content_type), std::move(body->data)};
  }
  auto check_stream = open_stream();
  if (!IsSequenceOfFields(check_stream)) return std::nullopt;
  absl::StatusOr<std::string> json = codec_->ToJson(type, stream, on_one_line);
  if (!json.ok()) return std::nullopt;
  return Reply{"application/json", *std::move(json)};
}

absl::StatusOr<std::string> Transcoder::StatusJson(const std::string& status) const {
  google::protobuf::io::ArrayInputStream stream(status.data(), static_cast<int>(status.size()));
  return codec_->ToJson(*status_type_, stream);
}

}  // namespace clv::gateway
