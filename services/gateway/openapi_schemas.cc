#include "services/gateway/openapi_schemas.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/api/field_behavior.pb.h"

namespace clv::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using rpc::JsonWriter;

bool HasBehavior(const FieldDescriptor& field, google::api::FieldBehavior wanted) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == wanted) return true;
  }
  return false;
}

void WriteType(std::string_view type, std::string_view format, JsonWriter& json) {
  json.BeginObject().Member("type", type);
  if (!format.empty()) json.Member("format", format);
  json.EndObject();
}

// The scalar types as proto3's JSON mapping prints them: 64-bit integers are texts.
void WriteScalar(const FieldDescriptor& field, JsonWriter& json) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return WriteType("integer", "int32", json);
    case FieldDescriptor::CPPTYPE_UINT32:
      return WriteType("integer", "uint32", json);
    case FieldDescriptor::CPPTYPE_INT64:
      return WriteType("string", "int64", json);
    case FieldDescriptor::CPPTYPE_UINT64:
      return WriteType("string", "uint64", json);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return WriteType("number", "float", json);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return WriteType("number", "double", json);
    case FieldDescriptor::CPPTYPE_BOOL:
      return WriteType("boolean", "", json);
    default:
      return WriteType("string", field.type() == FieldDescriptor::TYPE_BYTES ? "byte" : "", json);
  }
}

}  // namespace

std::string WithoutIndent(const std::string& comment) {
  std::string text;
  for (size_t i = 0; i < comment.size(); ++i) {
    const bool starts_line = i == 0 || comment[i - 1] == '\n';
    if (!starts_line || comment[i] != ' ') text.push_back(comment[i]);
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

bool IsRequired(const FieldDescriptor& field) {
  return HasBehavior(field, google::api::FieldBehavior::REQUIRED);
}

bool IsOutputOnly(const FieldDescriptor& field) {
  return HasBehavior(field, google::api::FieldBehavior::OUTPUT_ONLY);
}

const std::string& OpenApiSchemas::NameOf(const FieldDescriptor& field) const {
  return print_.preserve_proto_field_names ? field.name() : field.json_name();
}

void OpenApiSchemas::WriteReference(const std::string& full_name, JsonWriter& json) {
  json.BeginObject().Member("$ref", absl::StrCat("#/components/schemas/", full_name)).EndObject();
}

// True where the type has a form of its own in JSON.
bool OpenApiSchemas::WriteWellKnown(const Descriptor& type, JsonWriter& json) {
  switch (type.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      WriteType("string", "date-time", json);
      return true;
    case Descriptor::WELLKNOWNTYPE_DURATION:
      json.BeginObject()
          .Member("type", "string")
          .Member("description", "Seconds with up to nine decimals and the letter s: `1.5s`.")
          .EndObject();
      return true;
    case Descriptor::WELLKNOWNTYPE_FIELDMASK:
      json.BeginObject()
          .Member("type", "string")
          .Member("description", "Names of fields, with commas between them.")
          .EndObject();
      return true;
    case Descriptor::WELLKNOWNTYPE_STRUCT:
      WriteType("object", "", json);
      return true;
    case Descriptor::WELLKNOWNTYPE_VALUE:
      json.BeginObject().Member("description", "Any JSON value.").EndObject();
      return true;
    case Descriptor::WELLKNOWNTYPE_LISTVALUE:
      json.BeginObject().Member("type", "array").Key("items").BeginObject().EndObject().EndObject();
      return true;
    case Descriptor::WELLKNOWNTYPE_ANY:
      json.BeginObject().Member("type", "object").Key("properties").BeginObject().Key("@type");
      WriteType("string", "", json);
      json.EndObject().Key("additionalProperties").Flag(true).EndObject();
      return true;
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      return false;
    default:  // a wrapper
      WriteScalar(*type.FindFieldByName("value"), json);
      return true;
  }
}

void OpenApiSchemas::WriteMessage(const Descriptor& type, JsonWriter& json) {
  if (WriteWellKnown(type, json)) return;
  if (known_.insert(type.full_name()).second) messages_.push_back(&type);
  WriteReference(type.full_name(), json);
}

void OpenApiSchemas::WriteElement(const FieldDescriptor& field, JsonWriter& json) {
  if (field.message_type() != nullptr) return WriteMessage(*field.message_type(), json);
  if (field.enum_type() == nullptr) return WriteScalar(field, json);
  if (field.enum_type()->full_name() == "google.protobuf.NullValue") {
    return WriteType("null", "", json);
  }
  if (known_.insert(field.enum_type()->full_name()).second) enums_.push_back(field.enum_type());
  WriteReference(field.enum_type()->full_name(), json);
}

void OpenApiSchemas::WriteField(const FieldDescriptor& field, JsonWriter& json) {
  if (field.is_map()) {
    json.BeginObject().Member("type", "object").Key("additionalProperties");
    WriteElement(*field.message_type()->map_value(), json);
    json.EndObject();
  } else if (field.is_repeated()) {
    json.BeginObject().Member("type", "array").Key("items");
    WriteElement(field, json);
    json.EndObject();
  } else {
    WriteElement(field, json);
  }
}

// In OpenAPI 3.1 a schema may say more beside its `$ref`; `allOf` is understood by more readers.
void OpenApiSchemas::WriteProperty(const FieldDescriptor& field, JsonWriter& json) {
  const std::string comment = CommentOf(field);
  const bool output_only = IsOutputOnly(field);
  if (comment.empty() && !output_only) return WriteField(field, json);
  json.BeginObject();
  if (!comment.empty()) json.Member("description", comment);
  if (output_only) json.Key("readOnly").Flag(true);
  json.Key("allOf").BeginArray();
  WriteField(field, json);
  json.EndArray().EndObject();
}

void OpenApiSchemas::WriteObject(const Descriptor& type, JsonWriter& json) {
  json.BeginObject().Member("type", "object");
  const std::string comment = CommentOf(type);
  if (!comment.empty()) json.Member("description", comment);
  std::vector<std::string> required;
  json.Key("properties").BeginObject();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    json.Key(NameOf(field));
    WriteProperty(field, json);
    if (IsRequired(field)) required.push_back(NameOf(field));
  }
  json.EndObject();
  // The URL may give a required field, too, so the body alone need not.
  if (!required.empty()) json.Key("x-required").Texts(required);
  json.EndObject();
}

void OpenApiSchemas::WriteEnum(const EnumDescriptor& type, JsonWriter& json) {
  json.BeginObject();
  std::string comment = CommentOf(type);
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    names.push_back(type.value(i)->name());
    const std::string words = CommentOf(*type.value(i));
    if (!words.empty()) {
      absl::StrAppend(&comment, comment.empty() ? "" : "\n", "- ", names.back(), ": ", words);
    }
  }
  if (!comment.empty()) json.Member("description", comment);
  json.Member("type", print_.always_print_enums_as_ints ? "integer" : "string");
  json.Key("enum");
  if (print_.always_print_enums_as_ints) {
    json.BeginArray();
    std::set<int> numbers;
    for (int i = 0; i < type.value_count(); ++i) numbers.insert(type.value(i)->number());
    for (const int number : numbers) json.Number(number);
    json.EndArray();
  } else {
    json.Texts(names);
  }
  json.EndObject();
}

void OpenApiSchemas::WriteComponents(JsonWriter& json) {
  json.Key("schemas").BeginObject();
  while (!messages_.empty() || !enums_.empty()) {
    if (!messages_.empty()) {
      const Descriptor& type = *messages_.front();
      messages_.pop_front();
      json.Key(type.full_name());
      WriteObject(type, json);
    } else {
      const EnumDescriptor& type = *enums_.front();
      enums_.pop_front();
      json.Key(type.full_name());
      WriteEnum(type, json);
    }
  }
  json.EndObject();
}

}  // namespace clv::gateway
