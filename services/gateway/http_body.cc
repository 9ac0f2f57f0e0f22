#include "services/gateway/http_body.h"

#include <map>
#include <utility>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/unknown_field_set.h"
#include "google/protobuf/wire_format_lite.h"

namespace clv::gateway {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr int kContentTypeField = 1;
constexpr int kDataField = 2;
constexpr int kExtensionsField = 3;
constexpr std::string_view kUnknownQueryParams =
    "type.googleapis.com/"
    "envoy.extensions.filters.http.grpc_json_transcoder.v3.UnknownQueryParams";

void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Calls `on_field(number, input)` for each length-delimited field and skips the rest. `on_field`
// consumes the field's length and bytes and says whether it could.
template <typename OnField>
bool ForEachLengthDelimited(google::protobuf::io::ZeroCopyInputStream& wire,
                            const OnField& on_field) {
  CodedInputStream input(&wire);
  while (const uint32_t tag = input.ReadTag()) {
    if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!on_field(WireFormatLite::GetTagFieldNumber(tag), input)) return false;
    } else if (!WireFormatLite::SkipField(&input, tag)) {
      return false;
    }
  }
  return input.ConsumedEntireMessage();
}

bool ReadBytes(CodedInputStream& input, std::string& out) {
  uint32_t size = 0;
  return input.ReadVarint32(&size) && input.ReadString(&out, static_cast<int>(size));
}

bool SkipBytes(CodedInputStream& input) {
  uint32_t size = 0;
  return input.ReadVarint32(&size) && input.Skip(static_cast<int>(size));
}

std::string Field(int number, std::string_view bytes) {
  return LengthDelimitedPrefix(number, bytes.size()).append(bytes);
}

}  // namespace

bool IsHttpBody(const google::protobuf::Descriptor* type) {
  return type != nullptr && type->full_name() == "google.api.HttpBody";
}

std::string LengthDelimitedPrefix(int field_number, size_t size) {
  std::string out;
  AppendVarint(static_cast<uint64_t>(field_number) << 3 | WireFormatLite::WIRETYPE_LENGTH_DELIMITED,
               out);
  AppendVarint(size, out);
  return out;
}

std::string HttpBodyPrefix(std::string_view content_type, size_t data_size) {
  std::string out;
  if (!content_type.empty()) {
    out = LengthDelimitedPrefix(kContentTypeField, content_type.size());
    out.append(content_type);
  }
  if (data_size > 0) out.append(LengthDelimitedPrefix(kDataField, data_size));
  return out;
}

// message UnknownQueryParams { message Values { repeated string values = 1; } map<string, Values>
// key = 1; }, packed into google.protobuf.Any { string type_url = 1; bytes value = 2; }.
std::string HttpBodyExtension(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::map<std::string_view, std::string> values;
  for (const auto& [name, value] : parameters) values[name].append(Field(1, value));
  std::string message;
  for (const auto& [name, list] : values) {
    message.append(Field(1, Field(1, name).append(Field(2, list))));
  }
  return Field(kExtensionsField, Field(1, kUnknownQueryParams).append(Field(2, message)));
}

std::optional<std::string> LastOccurrence(
    const std::vector<const google::protobuf::FieldDescriptor*>& path, std::string_view wire) {
  std::string bytes(wire);
  for (const google::protobuf::FieldDescriptor* field : path) {
    google::protobuf::UnknownFieldSet fields;
    if (!fields.ParseFromString(bytes)) return std::nullopt;
    std::optional<std::string> last;
    for (int i = 0; i < fields.field_count(); ++i) {
      const google::protobuf::UnknownField& found = fields.field(i);
      if (found.number() != field->number()) continue;
      switch (found.type()) {
        case google::protobuf::UnknownField::TYPE_VARINT:
          last = std::to_string(found.varint());
          break;
        case google::protobuf::UnknownField::TYPE_FIXED32:
          last = std::to_string(found.fixed32());
          break;
        case google::protobuf::UnknownField::TYPE_FIXED64:
          last = std::to_string(found.fixed64());
          break;
        default:
          last = found.length_delimited();
          break;
      }
    }
    if (!last.has_value()) return std::nullopt;
    bytes = *std::move(last);
  }
  return bytes;
}

bool IsSequenceOfFields(google::protobuf::io::ZeroCopyInputStream& wire) {
  return ForEachLengthDelimited(
      wire, [](int /*number*/, CodedInputStream& input) { return SkipBytes(input); });
}

std::optional<HttpBody> ParseHttpBody(google::protobuf::io::ZeroCopyInputStream& wire) {
  HttpBody body;
  const bool decoded = ForEachLengthDelimited(wire, [&](int number, CodedInputStream& input) {
    if (number == kContentTypeField) return ReadBytes(input, body.content_type);
    if (number == kDataField) return ReadBytes(input, body.data);
    return SkipBytes(input);
  });
  if (!decoded) return std::nullopt;
  return body;
}

std::optional<std::string> ExtractMessageField(int field_number,
                                               google::protobuf::io::ZeroCopyInputStream& wire) {
  std::string merged;
  const bool decoded = ForEachLengthDelimited(wire, [&](int number, CodedInputStream& input) {
    if (number != field_number) return SkipBytes(input);
    std::string occurrence;
    if (!ReadBytes(input, occurrence)) return false;
    if (merged.empty()) {
      merged = std::move(occurrence);
    } else {
      merged.append(occurrence);
    }
    return true;
  });
  if (!decoded) return std::nullopt;
  return merged;
}

}  // namespace clv::gateway
