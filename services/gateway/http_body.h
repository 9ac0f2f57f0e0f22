// services/gateway/http_body.h: the wire format of google.api.HttpBody, which carries bytes that
// are not JSON, and what else the gateway does with serialized messages without parsing them.
#ifndef CLV_SERVICES_GATEWAY_HTTP_BODY_H_
#define CLV_SERVICES_GATEWAY_HTTP_BODY_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/zero_copy_stream.h"

namespace clv::gateway {

struct HttpBody {
  std::string content_type;
  std::string data;
};

bool IsHttpBody(const google::protobuf::Descriptor* type);

// The bytes that stand before `data_size` bytes of data in an HttpBody, so that the data need not
// be copied behind them.
std::string HttpBodyPrefix(std::string_view content_type, size_t data_size);

// The key and length that stand before a field of `size` bytes, length-delimited.
std::string LengthDelimitedPrefix(int field_number, size_t size);

// The field `extensions` of an HttpBody, in wire format, with Envoy's message UnknownQueryParams:
// the values of each name in their order.
std::string HttpBodyExtension(const std::vector<std::pair<std::string, std::string>>& parameters);

// The last value on the wire of the field at the end of `path`, in a form that is equal for equal
// values. No field of the path is repeated. Nothing where the message lacks it.
std::optional<std::string> LastOccurrence(
    const std::vector<const google::protobuf::FieldDescriptor*>& path, std::string_view wire);

// Whether the bytes are a sequence of whole fields, which the JSON engine does not check.
bool IsSequenceOfFields(google::protobuf::io::ZeroCopyInputStream& wire);

// Decodes an HttpBody; `extensions` and unknown fields are dropped. Nothing where it does not
// decode.
std::optional<HttpBody> ParseHttpBody(google::protobuf::io::ZeroCopyInputStream& wire);

// The bytes of the length-delimited field `field_number`; of several occurrences all, concatenated,
// which is what merging them means for a message. Nothing where the message does not decode.
std::optional<std::string> ExtractMessageField(int field_number,
                                               google::protobuf::io::ZeroCopyInputStream& wire);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_BODY_H_
