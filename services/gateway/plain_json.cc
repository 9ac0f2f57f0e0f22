#include "services/gateway/plain_json.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/wire_format_lite.h"

namespace clv::gateway {
namespace {

namespace dom = simdjson::dom;

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;

// Each thread keeps a parser as large as the largest text that it has seen.
constexpr size_t kMaxPlainBytes = 256 * 1024;

// Far below where the engine gives up.
constexpr int kMaxPlainDepth = 32;

// Whole numbers up to here are doubles without loss.
constexpr int64_t kMaxExact = int64_t{1} << 53;

void PutVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void PutFixed(uint64_t value, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

void PutBytes(std::string_view bytes, std::string& out) {
  PutVarint(bytes.size(), out);
  out.append(bytes);
}

bool IsWholeNumber(const dom::element& value) {
  return value.type() == dom::element_type::INT64 || value.type() == dom::element_type::UINT64;
}

// A whole number as it stands in the JSON. Nothing for other values, and for spellings of which
// there are several opinions: `+1`, ` 1`, `01`, `1.0`.
template <typename Int>
std::optional<Int> WholeNumber(const dom::element& value) {
  Int number = 0;
  std::string_view text;
  if (IsWholeNumber(value)) {
    if (value.get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
  }
  if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0') ||
      digits.find_first_not_of("0123456789") != std::string_view::npos ||
      !absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &number)) {
    return std::nullopt;
  }
  return number;
}

template <typename Narrow, typename Wide>
bool Fits(Wide number) {
  return number >= std::numeric_limits<Narrow>::min() &&
         number <= std::numeric_limits<Narrow>::max();
}

std::optional<double> Double(const dom::element& value) {
  if (value.type() == dom::element_type::DOUBLE) return value.get_double().value_unsafe();
  int64_t number = 0;
  if (!IsWholeNumber(value) || value.get(number) != simdjson::SUCCESS || number > kMaxExact ||
      number < -kMaxExact) {
    return std::nullopt;
  }
  return static_cast<double>(number);
}

std::optional<bool> Bool(const dom::element& value) {
  if (value.is_bool()) return value.get_bool().value_unsafe();
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

bool PutSigned(const FieldDescriptor& field, int64_t number, std::string& out) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_INT32:
      if (!Fits<int32_t>(number)) return false;
      [[fallthrough]];
    case FieldDescriptor::TYPE_INT64:
      PutVarint(static_cast<uint64_t>(number), out);
      return true;
    case FieldDescriptor::TYPE_SINT32:
      if (!Fits<int32_t>(number)) return false;
      [[fallthrough]];
    case FieldDescriptor::TYPE_SINT64:
      PutVarint(WireFormatLite::ZigZagEncode64(number), out);
      return true;
    case FieldDescriptor::TYPE_SFIXED32:
      if (!Fits<int32_t>(number)) return false;
      PutFixed(static_cast<uint64_t>(number), 4, out);
      return true;
    default:
      PutFixed(static_cast<uint64_t>(number), 8, out);
      return true;
  }
}

bool PutUnsigned(const FieldDescriptor& field, uint64_t number, std::string& out) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_UINT32:
      if (!Fits<uint32_t>(number)) return false;
      [[fallthrough]];
    case FieldDescriptor::TYPE_UINT64:
      PutVarint(number, out);
      return true;
    case FieldDescriptor::TYPE_FIXED32:
      if (!Fits<uint32_t>(number)) return false;
      PutFixed(number, 4, out);
      return true;
    default:
      PutFixed(number, 8, out);
      return true;
  }
}

bool IsPlain(const FieldDescriptor& field) {
  if (field.is_map() || field.real_containing_oneof() != nullptr) return false;
  switch (field.type()) {
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_GROUP:
      return false;
    case FieldDescriptor::TYPE_ENUM:
      return field.enum_type()->full_name() != "google.protobuf.NullValue";
    default:
      return true;
  }
}

// proto2 has required fields.
bool IsPlain(const Descriptor& type) {
  return type.well_known_type() == Descriptor::WELLKNOWNTYPE_UNSPECIFIED &&
         type.file()->syntax() == google::protobuf::FileDescriptor::SYNTAX_PROTO3;
}

}  // namespace

struct PlainJson::Field {
  const FieldDescriptor* descriptor;
  uint32_t tag;
  const Message* message = nullptr;  // of a field of messages
};

struct PlainJson::Message {
  bool plain = false;
  absl::flat_hash_map<std::string, Field> fields;  // by both names; only those that are plain
};

// Appends to a string; every function is false where the engine is to decide.
class PlainJson::Encoder {
 public:
  static bool Members(const Message& type, const dom::object& object, int depth, std::string& out) {
    if (!type.plain || depth > kMaxPlainDepth) return false;
    for (const dom::key_value_pair& member : object) {
      const auto field = type.fields.find(absl::string_view(member.key.data(), member.key.size()));
      if (field == type.fields.end()) return false;
      if (!Value(field->second, member.value, depth, out)) return false;
    }
    return true;
  }

 private:
  static bool Value(const Field& field, const dom::element& value, int depth, std::string& out) {
    if (!field.descriptor->is_repeated()) return Single(field, value, depth, out);
    dom::array list;
    if (value.get(list) != simdjson::SUCCESS) return false;
    return std::all_of(list.begin(), list.end(), [&](const dom::element& element) {
      return Single(field, element, depth, out);
    });
  }

  static bool Single(const Field& field, const dom::element& value, int depth, std::string& out) {
    PutVarint(field.tag, out);
    switch (field.descriptor->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_INT64: {
        const std::optional<int64_t> number = WholeNumber<int64_t>(value);
        return number.has_value() && PutSigned(*field.descriptor, *number, out);
      }
      case FieldDescriptor::CPPTYPE_UINT32:
      case FieldDescriptor::CPPTYPE_UINT64: {
        const std::optional<uint64_t> number = WholeNumber<uint64_t>(value);
        return number.has_value() && PutUnsigned(*field.descriptor, *number, out);
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        const std::optional<double> number = Double(value);
        if (number.has_value()) PutFixed(std::bit_cast<uint64_t>(*number), 8, out);
        return number.has_value();
      }
      case FieldDescriptor::CPPTYPE_BOOL: {
        const std::optional<bool> flag = Bool(value);
        if (flag.has_value()) out.push_back(*flag ? '\1' : '\0');
        return flag.has_value();
      }
      default:
        return Lengthy(field, value, depth, out);
    }
  }

  static bool Lengthy(const Field& field, const dom::element& value, int depth, std::string& out) {
    std::string_view text;
    dom::object object;
    if (field.message != nullptr) {
      std::string below;
      if (value.get(object) != simdjson::SUCCESS ||
          !Members(*field.message, object, depth + 1, below)) {
        return false;
      }
      PutBytes(below, out);
      return true;
    }
    if (value.get(text) != simdjson::SUCCESS) return false;
    if (field.descriptor->type() == FieldDescriptor::TYPE_STRING) {
      PutBytes(text, out);
      return true;
    }
    const EnumValueDescriptor* named =
        field.descriptor->enum_type()->FindValueByName(std::string(text));
    if (named == nullptr) return false;
    PutVarint(static_cast<uint64_t>(int64_t{named->number()}), out);
    return true;
  }
};

PlainJson::PlainJson() = default;
PlainJson::~PlainJson() = default;

std::optional<std::string> PlainJson::Encode(const Descriptor& type, std::string_view json) const {
  if (json.size() > kMaxPlainBytes) return std::nullopt;
  thread_local dom::parser parser;
  dom::object object;
  if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS) return std::nullopt;
  std::string wire;
  wire.reserve(json.size());
  if (!Encoder::Members(Known(type), object, 1, wire)) return std::nullopt;
  return wire;
}

const PlainJson::Message& PlainJson::Known(const Descriptor& type) const {
  {
    const std::shared_lock lock(mutex_);
    const auto found = messages_.find(&type);
    if (found != messages_.end()) return *found->second;
  }
  const std::unique_lock lock(mutex_);
  return Learn(type);
}

// With the types below it. In the order of the engine: the first field that has a JSON name, else
// the one of that name.
PlainJson::Message& PlainJson::Learn(const Descriptor& type) const {
  const auto [place, is_new] = messages_.try_emplace(&type);
  if (!is_new) return *place->second;
  place->second = std::make_unique<Message>();
  Message& message = *place->second;
  message.plain = IsPlain(type);
  if (!message.plain) return message;
  absl::flat_hash_map<std::string, const FieldDescriptor*> names;
  for (int i = 0; i < type.field_count(); ++i) {
    names.try_emplace(type.field(i)->json_name(), type.field(i));
  }
  for (int i = 0; i < type.field_count(); ++i) {
    names.try_emplace(type.field(i)->name(), type.field(i));
  }
  for (const auto& [name, descriptor] : names) {
    if (!IsPlain(*descriptor)) continue;
    Field field{descriptor, WireFormatLite::MakeTag(
                                descriptor->number(),
                                WireFormatLite::WireTypeForFieldType(
                                    static_cast<WireFormatLite::FieldType>(descriptor->type())))};
    if (descriptor->message_type() != nullptr) field.message = &Learn(*descriptor->message_type());
    message.fields.try_emplace(name, field);
  }
  return message;
}

}  // namespace clv::gateway
