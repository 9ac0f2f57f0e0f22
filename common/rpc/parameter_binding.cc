#include "common/rpc/parameter_binding.h"

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
#include "clv/v1/options.pb.h"
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

// "a whole number from 0 to 100000", as far as the proto tells the range.
std::string WantedNumber(const FieldDescriptor& field, const std::string& kind,
                         const std::string& untold) {
  const v1::Parameter& parameter = field.options().GetExtension(v1::parameter);
  if (!parameter.has_minimum() || !parameter.has_maximum()) return untold;
  return absl::StrCat(kind, " from ", parameter.minimum(), " to ", parameter.maximum());
}

absl::StatusOr<uint64_t> ParseUnsigned(const FieldDescriptor& field, std::string_view text,
                                       uint64_t greatest) {
  constexpr char kKind[] = "a whole number";
  uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number =
      !text.empty() && rest == text.data() + text.size() && error != std::errc::invalid_argument;
  if (!is_number) {
    return FieldError(field.name(), text,
                      WantedNumber(field, kKind, absl::StrCat(kKind, ", 0 or more")));
  }
  if (error != std::errc() || value > greatest) {
    return FieldError(field.name(), text,
                      WantedNumber(field, kKind, absl::StrCat(kKind, " from 0 to ", greatest)));
  }
  return value;
}

absl::StatusOr<double> ParseDouble(const FieldDescriptor& field, std::string_view text) {
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size() || !std::isfinite(value)) {
    return FieldError(field.name(), text, WantedNumber(field, "a number", "a decimal number"));
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
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor* value = type.value(i);
    if (value->number() != 0 && ShortEnumName(*value) == text) return value;
  }
  return FieldError(name, text, absl::StrCat("one of ", absl::StrJoin(EnumWords(type), ", ")));
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
      CLV_ASSIGN_OR_RETURN(const uint64_t value, ParseUnsigned(field, text, kGreatest32));
      reflection.SetUInt32(request, &field, static_cast<uint32_t>(value));
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      CLV_ASSIGN_OR_RETURN(const uint64_t value, ParseUnsigned(field, text, kGreatest64));
      reflection.SetUInt64(request, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      CLV_ASSIGN_OR_RETURN(const double value, ParseDouble(field, text));
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
        const absl::StatusOr<uint64_t> value = ParseUnsigned(field, part, kGreatest32);
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

std::string ParameterTypeOf(const FieldDescriptor& field) {
  const bool is_list = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (field.type() == FieldDescriptor::TYPE_BYTES) return std::string();
      if (is_list) return "Array(String)";
      return field.options().GetExtension(v1::parameter).is_instant() ? "DateTime" : "String";
    case FieldDescriptor::CPPTYPE_UINT32:
      return is_list ? "Array(UInt32)" : "UInt32";
    case FieldDescriptor::CPPTYPE_UINT64:
      return is_list ? std::string() : "UInt64";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return is_list ? std::string() : "Float64";
    case FieldDescriptor::CPPTYPE_BOOL:
      return is_list ? std::string() : "Bool";
    case FieldDescriptor::CPPTYPE_ENUM:
      return is_list ? std::string() : "String";
    default:
      return std::string();
  }
}

std::vector<std::string> EnumWords(const EnumDescriptor& type) {
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) words.push_back(ShortEnumName(*type.value(i)));
  }
  return words;
}

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
