#include "services/query/openapi_schemas.h"

#include <string_view>

namespace clv::query {
namespace {

using rpc::JsonWriter;

constexpr std::string_view kNullable = "Nullable(";
constexpr std::string_view kArray = "Array(";
constexpr char kInstantPattern[] = "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$";

// What stands in the brackets of `Nullable(X)` or `Array(X)`.
std::string_view InnerType(std::string_view type, std::string_view outer) {
  return type.substr(outer.size(), type.size() - outer.size() - 1);
}

void WriteReference(const std::string& schema, JsonWriter& json) {
  json.BeginObject().Member("$ref", "#/components/schemas/" + schema).EndObject();
}

// The members of a schema that a column or parameter type stands for.
void WriteType(std::string_view type, JsonWriter& json) {
  if (type.starts_with(kArray)) {
    json.Member("type", "array").Key("items").BeginObject();
    WriteType(InnerType(type, kArray), json);
    json.EndObject();
  } else if (type == "UInt32" || type == "UInt64") {
    json.Member("type", "integer").Member("format", "int64").Key("minimum").Number(0);
  } else if (type == "Int64") {
    json.Member("type", "integer").Member("format", "int64");
  } else if (type == "UInt8") {
    json.Member("type", "integer").Key("enum").Json("[0,1]");
  } else if (type == "Float64") {
    json.Member("type", "number").Member("format", "double");
  } else if (type.starts_with("Decimal")) {
    json.Member("type", "number");
  } else if (type == "Bool") {
    json.Member("type", "boolean");
  } else if (type == "Date") {
    json.Member("type", "string").Member("format", "date");
  } else {
    json.Member("type", "string");
  }
}

void WriteColumnSchema(const v1::PipeColumn& column, JsonWriter& json) {
  std::string_view type = column.type();
  const bool is_nullable = type.starts_with(kNullable);
  if (is_nullable) type = InnerType(type, kNullable);
  json.BeginObject();
  WriteType(type, json);
  if (type == "DateTime") json.Member("pattern", kInstantPattern);
  if (is_nullable) json.Key("nullable").Flag(true);
  if (column.values_size() > 0)
    json.Key("enum").Texts({column.values().begin(), column.values().end()});
  json.Member("description", column.description()).EndObject();
}

void WriteRowSchema(const RowShape& shape, JsonWriter& json) {
  json.Key(shape.name).BeginObject().Member("type", "object");
  json.Key("required").BeginArray();
  for (const v1::PipeColumn& column : shape.columns) json.Text(column.name());
  json.EndArray().Key("properties").BeginObject();
  for (const v1::PipeColumn& column : shape.columns) {
    json.Key(column.name());
    WriteColumnSchema(column, json);
  }
  json.EndObject().EndObject();
}

void WriteFormSchema(const PipeEntry& entry, JsonWriter& json) {
  json.Key(FormSchemaName(entry)).BeginObject().Member("type", "object");
  json.Key("properties").BeginObject();
  for (const v1::PipeParameter& parameter : entry.pipe.parameters()) {
    json.Key(parameter.name());
    WriteParameterSchema(parameter, json);
  }
  json.EndObject().EndObject();
}

void WriteTableSchema(const PipeEntry& entry, JsonWriter& json) {
  json.Key(TableSchemaName(entry)).BeginObject().Member("type", "object");
  json.Key("required").Texts({"meta", "data", "rows", "statistics", "context"});
  json.Key("properties").BeginObject();
  json.Key("meta");
  WriteReference("Meta", json);
  json.Key("data").BeginObject().Member("type", "array").Key("items");
  WriteRowsSchema(entry, json);
  json.EndObject();
  json.Key("rows").Json(R"({"type":"integer","minimum":0})");
  json.Key("rows_before_limit_at_least")
      .Json(R"({"type":"integer","minimum":0,"description":)"
            R"("Rows before `limit` and `page`; only where the result is limited."})");
  json.Key("statistics");
  WriteReference("Statistics", json);
  json.Key("context");
  WriteReference("Context", json);
  json.EndObject().EndObject();
}

// The schemas that all endpoints share.
void WriteCommonSchemas(JsonWriter& json) {
  json.Key(kErrorSchema)
      .Json(R"({"type":"object","required":["error","documentation"],"properties":{)"
            R"("error":{"type":"string"},"documentation":{"type":"string"}}})");
  json.Key("Meta").Json(
      R"({"type":"array","items":{"type":"object","required":["name","type"],"properties":{)"
      R"("name":{"type":"string"},"type":{"type":"string"}}}})");
  json.Key("Statistics")
      .Json(R"({"type":"object","required":["elapsed","rows_read","bytes_read"],"properties":{)"
            R"("elapsed":{"type":"number","description":"Seconds."},)"
            R"("rows_read":{"type":"integer"},"bytes_read":{"type":"integer"}}})");
  json.Key("Context").Json(
      R"({"type":"object","required":["as_of","reporting_currency","unconverted_purchases","warnings"],)"
      R"("properties":{"as_of":{"type":"string","description":"The instant up to which data count."},)"
      R"("reporting_currency":{"type":"string","description":"The currency of all money."},)"
      R"("unconverted_purchases":{"type":"integer","description":)"
      R"("Purchase rows in other currencies, which take part in nothing."},)"
      R"("warnings":{"type":"array","items":{"type":"string"}},)"
      R"("folded_position":{"type":"integer","description":"Last log position in the numbers."},)"
      R"("model_version":{"type":"integer","description":"Of predicted columns."}}})");
}

}  // namespace

std::string FormSchemaName(const PipeEntry& entry) { return entry.name() + "_form"; }

std::string TableSchemaName(const PipeEntry& entry) { return entry.name() + "_table"; }

void WriteParameterSchema(const v1::PipeParameter& parameter, JsonWriter& json) {
  const std::string_view type = parameter.type();
  json.BeginObject();
  if (type == "UInt32") {
    json.Member("type", "integer");
  } else {
    WriteType(type, json);
  }
  if (parameter.has_minimum()) json.Key("minimum").Number(parameter.minimum());
  if (parameter.has_maximum()) json.Key("maximum").Number(parameter.maximum());
  if (parameter.values_size() > 0)
    json.Key("enum").Texts({parameter.values().begin(), parameter.values().end()});
  if (parameter.has_default_value()) {
    json.Key("default");
    if (type.starts_with(kArray)) {
      // Only numbers have such a default; with commas between them they are JSON.
      json.Json("[" + parameter.default_value() + "]");
    } else if (type == "UInt32" || type == "Float64") {
      json.Json(parameter.default_value());
    } else {
      json.Text(parameter.default_value());
    }
  }
  json.EndObject();
}

void WriteRowsSchema(const PipeEntry& entry, JsonWriter& json) {
  if (entry.row_shapes.size() == 1) return WriteReference(entry.row_shapes.front().name, json);
  json.BeginObject().Key("anyOf").BeginArray();
  for (const RowShape& shape : entry.row_shapes) WriteReference(shape.name, json);
  json.EndArray().EndObject();
}

void WriteSchemas(const std::vector<const PipeEntry*>& entries, JsonWriter& json) {
  json.Key("schemas").BeginObject();
  WriteCommonSchemas(json);
  for (const PipeEntry* entry : entries) {
    WriteFormSchema(*entry, json);
    for (const RowShape& shape : entry->row_shapes) WriteRowSchema(shape, json);
    WriteTableSchema(*entry, json);
  }
  json.EndObject();
}

}  // namespace clv::query
