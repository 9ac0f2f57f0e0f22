// services/gateway/transcoder.h: from an HTTP request to the bytes of a gRPC request, and back from
// the reply.
//
// Built once from descriptors, then immutable. It knows nothing of sockets or channels: the gateway
// asks Find for the rule, sends what EncodeRequest made (of a rule that takes a stream: EncodePiece
// or EncodeElement, message by message) to `rule.grpc_path`, and answers with what DecodeReply
// made. Behaviour and option names are those of Envoy's grpc_json_transcoder with
// `reject_unknown_method` and `reject_unknown_query_parameters` on.
#ifndef CLV_SERVICES_GATEWAY_TRANSCODER_H_
#define CLV_SERVICES_GATEWAY_TRANSCODER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/api/http.pb.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/support/byte_buffer.h"
#include "services/gateway/json_codec.h"
#include "services/gateway/path_matcher.h"
#include "services/gateway/percent_coding.h"
#include "services/gateway/query_binding.h"
#include "services/gateway/service_registry.h"

namespace clv::gateway {

// Names, meanings and defaults of Envoy's GrpcJsonTranscoder, but for the two limits and the last
// field.
struct TranscoderOptions {
  // Full names of the services to serve. Others in the descriptor set are not served; without any,
  // nothing is.
  std::vector<std::string> services;

  PrintOptions print_options;

  // Drops query parameters that name no field; otherwise they are refused with 400.
  bool ignore_unknown_query_parameters = false;

  // Those that name no field go into the `extensions` of a request's HttpBody, as Envoy's message
  // UnknownQueryParams; where the request has none they are dropped.
  bool capture_unknown_query_parameters = false;

  // Dropped by name before binding, also where a field has that name.
  std::vector<std::string> ignored_query_parameters;

  // Refuses with 400 where URL and JSON body give one field different values; otherwise the body
  // wins.
  bool reject_binding_body_field_collisions = false;

  // Takes `+` for a space in query values.
  bool query_param_unescape_plus = false;

  // Serves methods without an annotation as `POST /pkg.Service/Method`, the body as the whole
  // message.
  bool auto_mapping = false;

  // Answers an error with the JSON of google.rpc.Status; otherwise with an empty body and the
  // headers `grpc-status` and `grpc-message`.
  bool convert_grpc_status = false;

  bool case_insensitive_enum_parsing = false;
  UnescapeSpec url_unescape_spec = UnescapeSpec::kAllCharactersExceptReserved;
  bool match_unregistered_custom_verb = false;

  // Bytes, of each message of a stream. Beyond: 413 and 500. An HttpBody that goes up as a stream
  // is not bounded.
  int64_t max_request_body_size = 16 << 20;
  int64_t max_response_body_size = 64 << 20;

  // Paths that start with one of these ignore unknown query parameters whatever
  // `ignore_unknown_query_parameters` says (in Envoy a per-route configuration).
  std::vector<std::string> ignore_unknown_query_parameters_under;
};

// One `google.api.http` rule, resolved.
struct HttpRule {
  const google::protobuf::MethodDescriptor* method = nullptr;
  std::string name;       // for messages: `pkg.Service.Method (GET /v1/items/{id})`
  std::string pattern;    // `GET /v1/items/{id}`
  std::string grpc_path;  // `/pkg.Service/Method`
  std::vector<FieldPath> variables;

  // The field that the HTTP body fills; empty: the whole message.
  FieldPath body;

  // The rule says `body: "*"`. Without a `body` a body that comes is read in the same way.
  bool body_is_whole = false;

  // The message of that field, where it is one and not repeated, else of the request: what the body
  // is parsed as.
  bool body_is_http_body = false;

  // The method takes a stream of messages: an HttpBody goes up in pieces, a JSON list element by
  // element.
  bool streams_body = false;

  // The method answers with a stream of messages: the HTTP body comes down in pieces.
  bool streams_reply = false;

  // What becomes the HTTP body is an HttpBody, the whole reply or its `response_body`.
  bool reply_is_http_body = false;

  // The field of the reply that is the HTTP body; null: the whole reply.
  const google::protobuf::FieldDescriptor* response_body = nullptr;
};

// Thread-safe once created.
class Transcoder {
 public:
  // The rule for a request and the path variables that it binds.
  struct Match {
    const HttpRule* rule;
    std::vector<Binding> bindings;
  };

  struct Request {
    std::string_view target;        // path and query as the client sent them
    std::string_view content_type;  // of the body
    std::string body;
  };

  // What a URL says.
  struct UrlFields {
    std::vector<Binding> bindings;
    std::vector<std::pair<std::string, std::string>> unknown;  // to be captured
  };

  // Of a body that goes up in pieces. All but `data` belongs into the first only.
  struct Piece {
    std::string bindings;           // as EncodeBindings made them
    std::string_view content_type;  // of the body
    std::string data;
  };

  struct Reply {
    std::string content_type;
    std::string body;
  };

  // Resolves every rule of `options.services`. NOT_FOUND names an unknown service. INVALID_ARGUMENT
  // or ALREADY_EXISTS names the rule with: a template that does not parse, a variable or body that
  // names no field or one that takes no text, a response_body that is no message field, the shape
  // of another rule.
  static absl::StatusOr<Transcoder> Create(ServiceRegistry registry, TranscoderOptions options);

  // The rule for `method` and `target` (path, with or without query). Nothing: AllowedMethods tells
  // 404 from 405.
  std::optional<Match> Find(std::string_view method, std::string_view target) const;

  // The HTTP methods for which the path of `target` has a rule, sorted.
  std::vector<std::string> AllowedMethods(std::string_view target) const;

  // The gRPC request. INVALID_ARGUMENT: the query or body does not fit the message (HTTP 400).
  // OUT_OF_RANGE: the body is over max_request_body_size (HTTP 413).
  absl::StatusOr<grpc::ByteBuffer> EncodeRequest(const Match& match, Request request) const;

  // What the URL says about the request. INVALID_ARGUMENT: the query does not fit the message (HTTP
  // 400).
  absl::StatusOr<UrlFields> ReadUrl(const Match& match, std::string_view target) const;

  // That in wire format, of a rule whose body is an HttpBody. INVALID_ARGUMENT as ReadUrl says.
  absl::StatusOr<std::string> EncodeBindings(const HttpRule& rule, const UrlFields& fields) const;

  // One gRPC message of a rule that takes a stream of others than HttpBody, from an element of the
  // JSON list. INVALID_ARGUMENT: it does not fit the message (HTTP 400).
  absl::StatusOr<grpc::ByteBuffer> EncodeElement(const HttpRule& rule, const UrlFields& fields,
                                                 std::string element) const;

  // One gRPC message of a rule whose body is an HttpBody. The bytes are not copied.
  static grpc::ByteBuffer EncodePiece(const HttpRule& rule, Piece piece);

  // The HTTP reply. DATA_LOSS: `message` does not decode (HTTP 502). OUT_OF_RANGE: over
  // max_response_body_size (500).
  absl::StatusOr<Reply> DecodeReply(const HttpRule& rule, const grpc::ByteBuffer& message) const;

  // The JSON of the serialized google.rpc.Status `status`. INTERNAL where a detail has a type that
  // the descriptor set lacks.
  absl::StatusOr<std::string> StatusJson(const std::string& status) const;

  const TranscoderOptions& options() const { return options_; }

  // Every rule, in the order of the services, their methods and the methods' bindings. Addresses
  // are stable.
  const std::vector<std::unique_ptr<const HttpRule>>& rules() const { return rules_; }

 private:
  Transcoder(ServiceRegistry registry, TranscoderOptions options,
             std::vector<std::unique_ptr<const HttpRule>> rules, PathMatcher matcher);

  absl::StatusOr<grpc::ByteBuffer> EncodeJson(const HttpRule& rule,
                                              const std::vector<Binding>& bindings,
                                              std::string body) const;
  absl::Status CheckCollisions(const HttpRule& rule, const std::vector<Binding>& bindings,
                               std::string_view body) const;

  // `open_stream()` gives a stream over the message from its start, each time it is called.
  template <typename OpenStream>
  std::optional<Reply> DecodeMessage(const google::protobuf::Descriptor& type,
                                     const OpenStream& open_stream, bool on_one_line) const;

  ServiceRegistry registry_;
  TranscoderOptions options_;
  std::vector<std::unique_ptr<const HttpRule>> rules_;
  PathMatcher matcher_;
  absl::flat_hash_set<std::string> ignored_query_parameters_;
  std::unique_ptr<const JsonCodec> codec_;
  const google::protobuf::Descriptor* status_type_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_TRANSCODER_H_
