#include "services/query/pipe_document.h"

#include <functional>
#include <string_view>

#include "common/rpc/json_writer.h"

namespace clv::query {
namespace {

using rpc::JsonWriter;

// Endpoints come with the program: when that was written is not known to it.
constexpr char kUnknownInstant[] = "1970-01-01 00:00:00";
constexpr char kNodeName[] = "endpoint";

std::string NodeId(const PipeEntry& entry) { return entry.name() + "_endpoint"; }

// No SQL stands behind a node, but clients want a text.
std::string NodeSql(const PipeEntry& entry) { return "-- " + entry.rpc; }

// Writes those members of one object that are asked for.
class Members {
 public:
  Members(JsonWriter* json, const std::set<std::string>& keys) : json_(*json), keys_(keys) {
    json_.BeginObject();
  }

  void Add(const std::string& key, const std::function<void(JsonWriter&)>& write) {
    if (keys_.empty() || keys_.contains(key)) AddAlways(key, write);
  }

  void AddAlways(const std::string& key, const std::function<void(JsonWriter&)>& write) {
    json_.Key(key);
    write(json_);
  }

  void AddText(const std::string& key, std::string_view text) {
    Add(key, [&](JsonWriter& json) { json.Text(text); });
  }

  void AddNull(const std::string& key) {
    Add(key, [](JsonWriter& json) { json.Null(); });
  }

  void End() { json_.EndObject(); }

 private:
  JsonWriter& json_;
  const std::set<std::string>& keys_;
};

bool IsNumeric(const v1::PipeParameter& parameter) {
  return parameter.type() == "UInt32" || parameter.type() == "Float64";
}

void WriteParameter(const v1::PipeParameter& parameter, JsonWriter& json) {
  json.BeginObject()
      .Member("name", parameter.name())
      .Member("type", parameter.type())
      .Member("description", parameter.description())
      .Key("required")
      .Flag(false);
  if (parameter.has_default_value()) {
    json.Key("default");
    if (IsNumeric(parameter)) {
      json.Json(parameter.default_value());
    } else {
      json.Text(parameter.default_value());
    }
  }
  if (parameter.values_size() > 0)
    json.Key("enum").Texts({parameter.values().begin(), parameter.values().end()});
  json.EndObject();
}

void WriteColumn(const v1::PipeColumn& column, JsonWriter& json) {
  json.BeginObject()
      .Member("name", column.name())
      .Member("type", column.type())
      .Member("description", column.description())
      .EndObject();
}

void WriteNode(const PipeEntry& entry, const PipeDocumentOptions& options, bool in_detail,
               JsonWriter* json) {
  Members node(json, options.node_keys);
  node.AddText("id", NodeId(entry));
  node.AddText("name", kNodeName);
  node.AddText("sql", NodeSql(entry));
  node.AddText("description", entry.pipe.description());
  node.AddNull("materialized");
  node.AddNull("cluster");
  node.AddText("created_at", kUnknownInstant);
  node.AddText("updated_at", kUnknownInstant);
  node.Add("version", [](JsonWriter& out) { out.Number(0); });
  node.AddNull("project");
  node.AddNull("result");
  node.Add("ignore_sql_errors", [](JsonWriter& out) { out.Flag(false); });
  node.AddText("node_type", "endpoint");
  if (options.with_dependencies)
    node.AddAlways("dependencies", [&](JsonWriter& out) { out.Texts(entry.data_sources); });
  if (in_detail) {
    node.Add("params", [&](JsonWriter& out) {
      out.BeginArray();
      for (const auto& parameter : entry.pipe.parameters()) WriteParameter(parameter, out);
      out.EndArray();
    });
    node.Add("columns", [&](JsonWriter& out) {
      out.BeginArray();
      for (const auto& column : entry.pipe.columns()) WriteColumn(column, out);
      out.EndArray();
    });
  }
  node.End();
}

void WritePipe(const PipeEntry& entry, const PipeDocumentOptions& options, bool in_detail,
               JsonWriter* json) {
  Members pipe(json, options.keys);
  // Name and id are one, so that both resolve.
  pipe.AddText("id", entry.name());
  pipe.AddText("name", entry.name());
  pipe.AddText("description", entry.pipe.description());
  pipe.AddText("endpoint", NodeId(entry));
  pipe.AddText("created_at", kUnknownInstant);
  pipe.AddText("updated_at", kUnknownInstant);
  pipe.AddNull("parent");
  pipe.Add("nodes", [&](JsonWriter& out) {
    out.BeginArray();
    WriteNode(entry, options, in_detail, &out);
    out.EndArray();
  });
  pipe.AddAlways("url", [&](JsonWriter& out) { out.Text("/v0/pipes/" + entry.name() + ".json"); });
  pipe.AddText("type", "endpoint");
  if (in_detail) {
    pipe.AddText("content", PipeText(entry));
    pipe.AddText("path", "endpoints/" + entry.name() + ".pipe");
    pipe.AddNull("workspace_id");
  }
  pipe.End();
}

}  // namespace

std::string PipeDetailJson(const PipeEntry& entry, const PipeDocumentOptions& options) {
  JsonWriter json;
  WritePipe(entry, options, true, &json);
  return json.Take();
}

std::string PipeListJson(const std::vector<const PipeEntry*>& entries,
                         const PipeDocumentOptions& options) {
  JsonWriter json;
  json.BeginObject().Key("pipes").BeginArray();
  for (const PipeEntry* entry : entries) WritePipe(*entry, options, false, &json);
  json.EndArray().EndObject();
  return json.Take();
}

std::string PipeText(const PipeEntry& entry) {
  return "DESCRIPTION >\n    " + entry.pipe.description() + "\n\nNODE " + kNodeName +
         "\nSQL >\n    " + NodeSql(entry) + "\n\nTYPE endpoint\n";
}

}  // namespace clv::query
