// services/gateway/json_codec.h: JSON to protobuf wire format and back by protobuf's own engine,
// without a message object in between. It is the engine that Envoy uses, so its leniency and its
// messages are Envoy's. Common JSON takes a shorter way to the same result.
#ifndef CLV_SERVICES_GATEWAY_JSON_CODEC_H_
#define CLV_SERVICES_GATEWAY_JSON_CODEC_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/zero_copy_stream.h"
#include "google/protobuf/util/type_resolver.h"
#include "services/gateway/plain_json.h"

namespace clv::gateway {

// How replies are printed (names and defaults of Envoy's `print_options`).
struct PrintOptions {
  bool add_whitespace = false;                 // one-space indent, newline at the end
  bool always_print_primitive_fields = false;  // defaults, empty lists and maps too
  bool always_print_enums_as_ints = false;
  bool preserve_proto_field_names = false;  // otherwise json_name

  // A stream of messages as one JSON text a line, or as server-sent events, which wins; otherwise
  // as a list. White space is not added then.
  bool stream_newline_delimited = false;
  bool stream_sse_style_delimited = false;
};

// Thread-safe. Resolves each type of the pool once and keeps it.
class JsonCodec {
 public:
  struct Options {
    PrintOptions print;
    bool case_insensitive_enum_parsing = false;
  };

  // `pool` must outlive the codec and holds every type that an Any may name.
  JsonCodec(const google::protobuf::DescriptorPool& pool, const Options& options);
  ~JsonCodec();

  // The wire format of the message of type `type` that `json` describes. Unknown fields are
  // dropped. INVALID_ARGUMENT with the parser's message where the text is not JSON or does not fit
  // the type, an enum value of an unknown name included.
  absl::StatusOr<std::string> ToWire(const google::protobuf::Descriptor& type,
                                     std::string_view json) const;

  // The JSON of the message of type `type` whose wire format `wire` yields; `on_one_line` whatever
  // the print options say. INTERNAL where it does not decode, or holds an Any of a type that the
  // pool lacks.
  absl::StatusOr<std::string> ToJson(const google::protobuf::Descriptor& type,
                                     google::protobuf::io::ZeroCopyInputStream& wire,
                                     bool on_one_line = false) const;

 private:
  absl::StatusOr<std::string> ToWireStrictly(const google::protobuf::Descriptor& type,
                                             std::string_view json) const;
  absl::StatusOr<std::string> Convert(const google::protobuf::Descriptor& type,
                                      std::string_view json, bool ignore_unknown) const;

  std::unique_ptr<google::protobuf::util::TypeResolver> input_types_;
  std::unique_ptr<google::protobuf::util::TypeResolver> output_types_;
  PlainJson plain_;
  Options options_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_JSON_CODEC_H_
