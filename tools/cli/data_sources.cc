#include "tools/cli/data_sources.h"

#include <cstdio>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/cli/table_printer.h"
#include "tools/cli/text_format.h"
#include "tools/cli/url.h"

namespace clv::cli {

std::string RenderDataSources(const ProtoJson& list) {
  Table table;
  table.columns = {{.name = "name"},
                   {.name = "rows", .is_number = true},
                   {.name = "quarantined", .is_number = true},
                   {.name = "description"}};
  for (const ProtoJson& source : list.List("data_sources")) {
    // A quarantine has no key and no quarantine of its own.
    const bool has_quarantine = !source.Text("key").empty();
    table.rows.push_back({source.Text("name"), WithThousands(source.Unsigned("row_count")),
                          has_quarantine
                              ? std::optional(WithThousands(source.Unsigned("quarantined_rows")))
                              : std::nullopt,
                          source.Text("description")});
  }
  return RenderTable(table);
}

std::string RenderColumns(const ProtoJson& data_source) {
  Table table;
  table.columns = {
      {.name = "column"}, {.name = "type"}, {.name = "required"}, {.name = "description"}};
  for (const ProtoJson& column : data_source.List("columns")) {
    table.rows.push_back({column.Text("name"), column.Text("type"),
                          column.Flag("nullable") ? "no" : "yes", column.Text("description")});
  }
  return RenderTable(table);
}

absl::Status RunDataSources(const Server& server, const std::string& name) {
  const std::string target =
      name.empty() ? "/v1/dataSources" : absl::StrCat("/v1/dataSources/", PercentEncode(name));
  CLV_ASSIGN_OR_RETURN(const JsonDocument document, CallServer(server, {.target = target}));
  const std::string text = name.empty() ? RenderDataSources(document.root())
                                        : RenderColumns(document.root().Field("data_source"));
  std::fputs(text.c_str(), stdout);
  return absl::OkStatus();
}

}  // namespace clv::cli
