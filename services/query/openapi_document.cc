#include "services/query/openapi_document.h"

#include <array>
#include <string_view>

#include "common/base/version.h"
#include "common/rpc/json_writer.h"
#include "common/rpc/table_writer.h"
#include "services/query/openapi_schemas.h"

namespace clv::query {
namespace {

using rpc::JsonWriter;

struct Format {
  std::string_view extension;
  std::string_view words;
  rpc::TableFormat table_format;
};

constexpr std::array<Format, 3> kFormats = {
    {{"json", "as JSON", rpc::TableFormat::kJson},
     {"csv", "as CSV with a header row", rpc::TableFormat::kCsv},
     {"ndjson", "as NDJSON, one object a line", rpc::TableFormat::kNdjson}}};

// Of the formats that show numbers as JSON.
constexpr std::array<std::string_view, 2> kFormatParameters = {
    "output_format_json_quote_64bit_integers", "output_format_json_quote_denormals"};

struct ErrorResponse {
  std::string_view status;
  std::string_view name;
  std::string_view description;
};

constexpr std::array<ErrorResponse, 6> kErrors = {
    {{"400", "BadRequest",
      "A parameter is bad: the text names it, what was got and what is wanted."},
     {"403", "Forbidden", "No token, an invalid token, or one without the scope."},
     {"408", "Timeout", "The report took too long."},
     {"415", "UnsupportedMediaType", "The body is compressed; a form is read as it is."},
     {"429", "TooManyRequests", "Too many requests; `Retry-After` says when to try again."},
     {"503", "Unavailable", "There are no data yet, or the service cannot be reached."}}};

void WriteReference(std::string_view kind, std::string_view name, JsonWriter& json) {
  json.BeginObject()
      .Member("$ref", "#/components/" + std::string(kind) + "/" + std::string(name))
      .EndObject();
}

void WriteInfo(JsonWriter& json) {
  json.Key("info")
      .BeginObject()
      .Member("title", "Customer lifetime value endpoints")
      .Member(
          "description",
          "Reports on customer lifetime value and the rows that were refused. Instants are UTC; "
          "unknown parameters are ignored, empty ones mean absent.")
      .Member("version", Version())
      .EndObject();
  json.Key("servers").BeginArray().BeginObject().Member("url", "/").EndObject().EndArray();
  json.Key("security").BeginArray();
  for (const char* scheme : {"bearer", "token"})
    json.BeginObject().Key(scheme).BeginArray().EndArray().EndObject();
  json.EndArray();
}

void WriteSecuritySchemes(JsonWriter& json) {
  json.Key("securitySchemes").BeginObject();
  json.Key("bearer")
      .BeginObject()
      .Member("type", "http")
      .Member("scheme", "bearer")
      .Member("description", "The token in the header `Authorization`.")
      .EndObject();
  json.Key("token")
      .BeginObject()
      .Member("type", "apiKey")
      .Member("in", "query")
      .Member("name", "token")
      .Member("description", "The token as a parameter.")
      .EndObject();
  json.EndObject();
}

void WriteParameters(const std::vector<const PipeEntry*>& entries, JsonWriter& json) {
  json.Key("parameters").BeginObject();
  for (const std::string_view name : kFormatParameters) {
    json.Key(name)
        .BeginObject()
        .Member("name", name)
        .Member("in", "query")
        .Member("description", name == kFormatParameters[0]
                                   ? "1: integers of 64 bits are written as strings."
                                   : "1: NaN and infinities are strings rather than null.")
        .Key("schema");
    json.BeginObject().Member("type", "integer").Key("enum").Json("[0,1]").Key("default").Number(0);
    json.EndObject().EndObject();
  }
  for (const PipeEntry* entry : entries) {
    for (const v1::PipeParameter& parameter : entry->pipe.parameters()) {
      json.Key(entry->name() + "." + parameter.name())
          .BeginObject()
          .Member("name", parameter.name())
          .Member("in", "query")
          .Member("description", parameter.description())
          .Key("schema");
      WriteParameterSchema(parameter, json);
      json.EndObject();
    }
  }
  json.EndObject();
}

void WriteErrorResponses(JsonWriter& json) {
  json.Key("responses").BeginObject();
  for (const ErrorResponse& error : kErrors) {
    json.Key(error.name).BeginObject().Member("description", error.description);
    json.Key("content").BeginObject().Key("application/json").BeginObject().Key("schema");
    WriteReference("schemas", kErrorSchema, json);
    json.EndObject().EndObject().EndObject();
  }
  json.EndObject();
}

void WriteSuccess(const PipeEntry& entry, const Format& format, JsonWriter& json) {
  json.Key("200").BeginObject();
  json.Member("description", "The rows " + std::string(format.words) + ".");
  if (format.table_format != rpc::TableFormat::kJson) {
    json.Key("headers").BeginObject().Key("X-CLV-Context");
    WriteReference("headers", "X-CLV-Context", json);
    json.EndObject();
  }
  const std::string content_type(rpc::ContentTypeOf(format.table_format));
  json.Key("content").BeginObject().Key(content_type.substr(0, content_type.find(';')));
  json.BeginObject().Key("schema");
  switch (format.table_format) {
    case rpc::TableFormat::kJson:
      WriteReference("schemas", TableSchemaName(entry), json);
      break;
    case rpc::TableFormat::kNdjson:
      WriteRowsSchema(entry, json);
      break;
    case rpc::TableFormat::kCsv:
      json.BeginObject().Member("type", "string").EndObject();
      break;
  }
  json.EndObject().EndObject().EndObject();
}

void WriteOperation(const PipeEntry& entry, const Format& format, std::string_view method,
                    JsonWriter& json) {
  json.Key(method).BeginObject();
  json.Member("operationId",
              std::string(method) + "_" + entry.name() + "_" + std::string(format.extension));
  json.Member("summary", entry.name() + " " + std::string(format.words));
  json.Member("description", entry.pipe.description());
  if (method == "post") {
    json.Key("requestBody").BeginObject();
    json.Member("description",
                "The parameters as a form; those of the query string count as well.");
    json.Key("content").BeginObject().Key("application/x-www-form-urlencoded");
    json.BeginObject().Key("schema");
    WriteReference("schemas", FormSchemaName(entry), json);
    json.EndObject().EndObject().EndObject();
  }
  json.Key("responses").BeginObject();
  WriteSuccess(entry, format, json);
  for (const ErrorResponse& error : kErrors) {
    json.Key(error.status);
    WriteReference("responses", error.name, json);
  }
  json.EndObject().EndObject();
}

void WritePath(const PipeEntry& entry, const Format& format, JsonWriter& json) {
  json.Key("/v0/pipes/" + entry.name() + "." + std::string(format.extension)).BeginObject();
  json.Key("parameters").BeginArray();
  for (const v1::PipeParameter& parameter : entry.pipe.parameters())
    WriteReference("parameters", entry.name() + "." + parameter.name(), json);
  if (format.table_format != rpc::TableFormat::kCsv) {
    for (const std::string_view name : kFormatParameters) WriteReference("parameters", name, json);
  }
  json.EndArray();
  WriteOperation(entry, format, "get", json);
  WriteOperation(entry, format, "post", json);
  json.EndObject();
}

void WriteHeaders(JsonWriter& json) {
  json.Key("headers").BeginObject().Key("X-CLV-Context").BeginObject();
  json.Member(
      "description",
      "Where the numbers stand, as ASCII JSON of at most 4 KiB: what `context` is in JSON.");
  json.Key("schema").BeginObject().Member("type", "string").EndObject();
  json.EndObject().EndObject();
}

}  // namespace

std::string OpenApiJson(const std::vector<const PipeEntry*>& entries) {
  JsonWriter json;
  json.BeginObject().Member("openapi", "3.0.3");
  WriteInfo(json);
  json.Key("paths").BeginObject();
  for (const PipeEntry* entry : entries) {
    for (const Format& format : kFormats) WritePath(*entry, format, json);
  }
  json.EndObject();
  json.Key("components").BeginObject();
  WriteSecuritySchemes(json);
  WriteParameters(entries, json);
  WriteErrorResponses(json);
  WriteHeaders(json);
  WriteSchemas(entries, json);
  json.EndObject().EndObject();
  return json.Take();
}

}  // namespace clv::query
