#include "common/rpc/parameter_binding.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/rpc/status_conversion.h"

namespace clv::rpc {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// `MODEL_FAMILY_` for ModelFamily.
std::string PrefixOf(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    if (absl::ascii_isupper(c) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(c);
  }
  return prefix + "_";
}

absl::StatusOr<uint64_t> ParseUnsigned(const std::string& name, std::string_view text,
                                       uint64_t greatest) {
  uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number =
      !text.empty() && rest == text.data() + text.size() && error != std::errc::invalid_argument;
  if (!is_number) return FieldError(name, text, "a whole number, 0 or more");
  if (error != std::errc() || value > greatest) {
    return FieldError(name, text, absl::StrCat("a whole number from 0 to ", greatest));
  }
  return value;
}

absl::StatusOr<double> ParseDouble(const std::string& name, std::string_view text) {
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size() || !std::isfinite(value)) {
    return FieldError(name, text, "a decimal number");
  }
  return value;
}

absl::StatusOr<bool> ParseBool(const std::string& name, std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return FieldError(name, text, "true, false, 1 or 0");
}

absl::StatusOr<const EnumValueDescriptor*> ParseEnum(const std::string& name, std::string_view text,
                                                     const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() == 0) continue;
    names.push_back(ShortEnumName(*type.value(i)));
    if (names.back() == text) return type.value(i);
  }
  return FieldError(name, text, absl::StrCat("one of ", absl::StrJoin(names, ", ")));
}

absl::Status CheckText(const std::string& name, std::string_view text) {
  return IsValidUtf8(text) ? absl::OkStatus() : FieldError(name, text, "text in UTF-8");
}

constexpr uint64_t kGreatest32 = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kGreatest64 = std::numeric_limits<uint64_t>::max();

absl::Status BindSingle(const FieldDescriptor& field, const std::string& text, Message* request) {
  const Reflection& reflection = *request->GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      CLV_RETURN_IF_ERROR(CheckText(field.name(), text));
      reflection.SetString(request, &field, text);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      CLV_ASSIGN_OR_RETURN(const uint64_t value, ParseUnsigned(field.name(), text, kGreatest32));
      reflection.SetUInt32(request, &field, static_cast<uint32_t>(value));
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      CLV_ASSIGN_OR_RETURN(const uint64_t value, ParseUnsigned(field.name(), text, kGreatest64));
      reflection.SetUInt64(request, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      CLV_ASSIGN_OR_RETURN(const double value, ParseDouble(field.name(), text));
      reflection.SetDouble(request, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      CLV_ASSIGN_OR_RETURN(const bool value, ParseBool(field.name(), text));
      reflection.SetBool(request, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      CLV_ASSIGN_OR_RETURN(const EnumValueDescriptor* value,
                           ParseEnum(field.name(), text, *field.enum_type()));
      reflection.SetEnum(request, &field, value);
      return absl::OkStatus();
    }
    default:
      return absl::OkStatus();
  }
}

absl::Status BindRepeated(const FieldDescriptor& field, const std::vector<std::string>& values,
                          Message* request) {
  const Reflection& reflection = *request->GetReflection();
  for (const std::string& text : values) {
    if (text.empty()) continue;
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      CLV_RETURN_IF_ERROR(CheckText(field.name(), text));
      reflection.AddString(request, &field, text);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
      for (size_t begin = 0; begin <= text.size();) {
        const size_t end = std::min(text.find(',', begin), text.size());
        const std::string_view part(text.data() + begin, end - begin);
        const absl::StatusOr<uint64_t> value = ParseUnsigned(field.name(), part, kGreatest32);
        if (!value.ok())
          return FieldError(field.name(), text, "whole numbers with commas between them");
        reflection.AddUInt32(request, &field, static_cast<uint32_t>(*value));
        begin = end + 1;
      }
    }
  }
  return absl::OkStatus();
}

bool IsBound(const FieldDescriptor& field) {
  if (field.type() == FieldDescriptor::TYPE_BYTES) return false;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
    case FieldDescriptor::CPPTYPE_UINT32:
      return true;
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_BOOL:
    case FieldDescriptor::CPPTYPE_ENUM:
      return !field.is_repeated();
    default:
      return false;
  }
}

}  // namespace

std::string ShortEnumName(const EnumValueDescriptor& value) {
  const std::string prefix = PrefixOf(*value.type());
  const std::string& name = value.name();
  return absl::AsciiStrToLower(name.rfind(prefix, 0) == 0 ? name.substr(prefix.size()) : name);
}

absl::Status BindParameters(const V0Parameters& parameters, Message* request) {
  const google::protobuf::Descriptor& type = *request->GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated()) {
      CLV_RETURN_IF_ERROR(BindRepeated(field, parameters.All(field.name()), request));
      continue;
    }
    const std::optional<std::string> value = parameters.Last(field.name());
    if (value && !value->empty()) CLV_RETURN_IF_ERROR(BindSingle(field, *value, request));
  }
  return absl::OkStatus();
}

absl::Status OverrideParameter(const std::string& name, const std::string& text, Message* request) {
  const FieldDescriptor* field = request->GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || !IsBound(*field)) {
    return absl::NotFoundError(absl::StrCat("there is no parameter '", name, "'"));
  }
  request->GetReflection()->ClearField(request, field);
  if (field->is_repeated()) return BindRepeated(*field, {text}, request);
  return text.empty() ? absl::OkStatus() : BindSingle(*field, text, request);
}

}  // namespace clv::rpc
