#include "services/gateway/map_entries.h"

#include <cstdint>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace clv::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// What a message holds that is not whole.
struct Cut {
  bool is_here = false;                    // the message itself is cut short
  const FieldDescriptor* below = nullptr;  // a map field, here or deeper
};

Cut FindCut(const Descriptor& type, std::string_view wire) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(wire.data()), static_cast<int>(wire.size()));
  while (const uint32_t tag = in.ReadTag()) {
    const FieldDescriptor* field = type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
    const bool holds_message =
        field != nullptr && field->type() == FieldDescriptor::TYPE_MESSAGE &&
        WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    if (!holds_message) {
      if (!WireFormatLite::SkipField(&in, tag)) return {.is_here = true};
      continue;
    }
    uint32_t size = 0;
    if (!in.ReadVarint32(&size)) return {.is_here = true};
    const auto begin = static_cast<size_t>(in.CurrentPosition());
    if (size > wire.size() - begin || !in.Skip(static_cast<int>(size))) return {.is_here = true};
    const Cut cut = FindCut(*field->message_type(), wire.substr(begin, size));
    if (cut.below != nullptr) return cut;
    if (cut.is_here && field->is_map()) return {.below = field};
  }
  return {};
}

}  // namespace

const FieldDescriptor* FindCutMapEntry(const Descriptor& type, std::string_view wire) {
  return FindCut(type, wire).below;
}

}  // namespace clv::gateway
