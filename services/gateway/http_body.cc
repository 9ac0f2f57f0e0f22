#include "services/gateway/http_body.h"

#include <utility>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"

namespace clv::gateway {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr int kContentTypeField = 1;
constexpr int kDataField = 2;

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
