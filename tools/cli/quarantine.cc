#include "tools/cli/quarantine.h"

#include <cstdio>
#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "tools/cli/jobs.h"
#include "tools/cli/table_printer.h"
#include "tools/cli/text_format.h"
#include "tools/cli/url.h"

namespace clv::cli {
namespace {

constexpr size_t kShownRawBytes = 80;

std::string ErrorsOf(const ProtoJson& row) {
  std::string errors = row.Text("error");
  for (const ProtoJson& column : row.List("columns")) {
    const std::string error = column.Text("error");
    if (!error.empty()) {
      absl::StrAppend(&errors, errors.empty() ? "" : "; ", error);
    }
  }
  return errors;
}

std::string Shortened(const std::string& text) {
  if (text.size() <= kShownRawBytes) {
    return text;
  }
  return std::string(CutUtf8(text, kShownRawBytes)) + "...";
}

std::string QuarantineTarget(const std::string& data_source, const std::string& rest) {
  return absl::StrCat("/v1/quarantine/", PercentEncode(data_source), rest);
}

}  // namespace

std::string RenderQuarantine(const ProtoJson& response) {
  Table table;
  table.columns = {{.name = "id", .is_number = true},
                   {.name = "when"},
                   {.name = "import"},
                   {.name = "errors"},
                   {.name = "row"}};
  for (const ProtoJson& row : response.List("rows")) {
    table.rows.push_back({absl::StrCat(row.Unsigned("id")), row.Text("insertion_date"),
                          row.Text("import_id"), ErrorsOf(row), Shortened(row.Text("raw"))});
  }
  return RenderTable(table);
}

std::string MendableLines(const ProtoJson& response) {
  std::string lines;
  for (const ProtoJson& row : response.List("rows")) {
    absl::StrAppend(&lines, "{\"id\":", row.Unsigned("id"), ",\"raw\":");
    AppendJsonString(lines, row.Text("raw"));
    lines += "}\n";
  }
  return lines;
}

std::string RenderReasons(const ProtoJson& response) {
  Table table;
  table.columns = {{.name = "rows", .is_number = true},
                   {.name = "column"},
                   {.name = "wanted"},
                   {.name = "newest"}};
  for (const ProtoJson& reason : response.List("reasons")) {
    const std::string column = reason.Text("column");
    table.rows.push_back({WithThousands(reason.Unsigned("rows")),
                          column.empty() ? std::nullopt : std::optional(column),
                          reason.Text("reason"), reason.Text("last_insertion_date")});
  }
  return RenderTable(table);
}

absl::StatusOr<std::string> RetryBody(const std::string& import_id, std::istream* mended) {
  std::string body = R"({"importId":)";
  AppendJsonString(body, import_id);
  body += R"(,"rows":[)";
  std::string line;
  size_t number = 0;
  for (bool is_first = true; mended != nullptr && std::getline(*mended, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    const auto document = JsonDocument::Parse(line);
    const uint64_t id = document.ok() ? document->root().Unsigned("id") : 0;
    if (id == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, R"( is no {"id": ..., "raw": "..."})"));
    }
    absl::StrAppend(&body, is_first ? "" : ",", R"({"id":)", id, R"(,"raw":)");
    AppendJsonString(body, document->root().Text("raw"));
    body += '}';
    is_first = false;
  }
  if (mended != nullptr && body.back() == '[') {
    return absl::InvalidArgumentError("the file of mended rows holds no row");
  }
  return body + "]}";
}

absl::Status RunQuarantineList(const Server& server, const QuarantineListOptions& options) {
  CLV_ASSIGN_OR_RETURN(
      const JsonDocument document,
      CallServer(server, {.target = QuarantineTarget(options.data_source,
                                                     absl::StrCat("?limit=", options.limit))}));
  const ProtoJson response = document.root();
  std::fputs((options.ndjson ? MendableLines(response) : RenderQuarantine(response)).c_str(),
             stdout);
  const uint64_t total = response.Unsigned("total_rows");
  if (const uint64_t shown = response.List("rows").size(); shown < total) {
    std::fprintf(stderr, "%s of %s; --limit shows more\n", WithThousands(shown).c_str(),
                 Counted(total, "row").c_str());
  }
  return absl::OkStatus();
}

absl::Status RunQuarantineReasons(const Server& server, const std::string& data_source) {
  CLV_ASSIGN_OR_RETURN(const JsonDocument document,
                       CallServer(server, {.target = QuarantineTarget(data_source, ":counts")}));
  std::fputs(RenderReasons(document.root()).c_str(), stdout);
  return absl::OkStatus();
}

absl::Status RunQuarantineRetry(const Server& server, const QuarantineRetryOptions& options) {
  std::ifstream file;
  std::istream* mended = nullptr;
  if (options.mended_file == "-") {
    mended = &std::cin;
  } else if (!options.mended_file.empty()) {
    file.open(options.mended_file);
    if (!file) {
      return absl::InvalidArgumentError(absl::StrCat("cannot read ", options.mended_file));
    }
    mended = &file;
  }
  HttpRequest request{.method = "POST",
                      .target = QuarantineTarget(options.data_source, ":retry"),
                      .content_type = "application/json"};
  CLV_ASSIGN_OR_RETURN(request.body, RetryBody(options.import_id, mended));
  CLV_ASSIGN_OR_RETURN(const JsonDocument ended, StartAndFollowJob(server, request, "retrying"));
  const ProtoJson job = ended.root().Field("job");
  std::printf("%s accepted, %s left in quarantine\n",
              Counted(job.Unsigned("successful_rows"), "row").c_str(),
              WithThousands(job.Unsigned("quarantined_rows")).c_str());
  return absl::OkStatus();
}

}  // namespace clv::cli
