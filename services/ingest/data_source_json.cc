#include "services/ingest/data_source_json.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/domain/data_sources.h"
#include "common/rpc/json_writer.h"
#include "services/ingest/data_source_catalogue.h"

namespace clv::ingest {
namespace {

using rpc::JsonWriter;

std::string DefaultOfColumn(const v1::DataSource& data_source, const std::string& column) {
  const auto known = domain::DataSourceOfName(data_source.name());
  return known.has_value() ? std::string(DefaultOf(*known, column)) : std::string();
}

std::string SqlSchema(const v1::DataSource& data_source) {
  std::string sql;
  for (const v1::DataSourceColumn& column : data_source.columns()) {
    absl::StrAppend(&sql, sql.empty() ? "" : ", ", "`", column.name(), "` ", column.type());
    const std::string default_value = DefaultOfColumn(data_source, column.name());
    if (!default_value.empty()) absl::StrAppend(&sql, " DEFAULT ", default_value);
  }
  return sql;
}

void WriteSchema(const v1::DataSource& data_source, JsonWriter* json) {
  json->BeginObject().Key("columns").BeginArray();
  for (const v1::DataSourceColumn& column : data_source.columns()) {
    const std::string default_value = DefaultOfColumn(data_source, column.name());
    json->BeginObject()
        .Member("name", column.name())
        .Member("type", column.type())
        .Key("nullable")
        .Flag(column.type().starts_with("Nullable("))
        .Member("jsonpath", "$." + column.name())
        .Key("default_value");
    if (default_value.empty()) {
      json->Null();
    } else {
      json->Text(default_value);
    }
    json->EndObject();
  }
  json->EndArray().Member("sql_schema", SqlSchema(data_source)).EndObject();
}

// In the words that clients know: of each key the newest version counts.
void WriteEngine(const v1::DataSource& data_source, JsonWriter* json) {
  const bool is_keyed = !data_source.key().empty();
  json->BeginObject()
      .Member("engine", is_keyed ? "ReplacingMergeTree" : "MergeTree")
      .Member("sorting_key", is_keyed ? data_source.key() : "insertion_date")
      .EndObject();
}

}  // namespace

std::string DataSourceJson(const v1::DataSource& data_source,
                           const std::vector<std::string>& attrs) {
  JsonWriter json;
  json.BeginObject();
  // Whether the key is wanted; then its value is to be written.
  const auto wants = [&](const char* key) {
    const bool is_wanted =
        attrs.empty() || std::find(attrs.begin(), attrs.end(), key) != attrs.end();
    if (is_wanted) json.Key(key);
    return is_wanted;
  };
  if (wants("id")) json.Text(data_source.name());
  if (wants("name")) json.Text(data_source.name());
  if (wants("description")) json.Text(data_source.description());
  if (wants("engine")) WriteEngine(data_source, &json);
  if (wants("schema")) WriteSchema(data_source, &json);
  if (wants("statistics")) {
    // Rows of all data sources share one file, so nobody knows their bytes.
    json.BeginObject().Key("bytes").Null().Key("row_count");
    json.Json(absl::StrCat(data_source.row_count())).EndObject();
  }
  if (wants("used_by")) {
    json.Texts({data_source.used_by().begin(), data_source.used_by().end()});
  }
  if (wants("type")) json.Text("ndjson");
  if (wants("created_at")) json.Null();
  if (wants("updated_at")) json.Null();
  return json.EndObject().Take();
}

}  // namespace clv::ingest
