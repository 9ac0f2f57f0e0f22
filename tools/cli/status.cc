#include "tools/cli/status.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"
#include "tools/cli/text_format.h"

namespace clv::cli {
namespace {

std::string Line(const char* label, const std::string& text) {
  return absl::StrFormat("  %-12s %s\n", label, text);
}

std::string RenderIngest(const ProtoJson& ingest) {
  std::string text = Line(
      "ingest",
      absl::StrCat("log at position ", WithThousands(ingest.Unsigned("log_position")), ", ",
                   HumanBytes(ingest.Unsigned("log_bytes")), "; since ", ingest.Text("start_time"),
                   " ", Counted(ingest.Unsigned("accepted_rows"), "row"), " accepted, ",
                   WithThousands(ingest.Unsigned("queued_rows")), " waiting"));
  for (const ProtoJson& source : ingest.List("quarantine")) {
    const uint64_t rows = source.Unsigned("rows");
    const uint64_t dropped = source.Unsigned("dropped_rows");
    if (rows + dropped > 0) {
      text +=
          Line("quarantine", absl::StrCat(source.Text("data_source"), ": ", Counted(rows, "row"),
                                          " held, ", WithThousands(dropped), " dropped"));
    }
  }
  return text;
}

std::string RenderAggregation(const ProtoJson& aggregation) {
  if (!aggregation.present()) {
    return Line("aggregation", "does not answer");
  }
  std::string text = Line(
      "aggregation",
      absl::StrCat("folded to position ", WithThousands(aggregation.Unsigned("folded_position")),
                   " of ", WithThousands(aggregation.Unsigned("log_position")), ", ",
                   Counted(aggregation.Unsigned("lag_rows"), "row"), " behind (",
                   HumanSeconds(aggregation.Number("lag_seconds")), ")"));
  text += Line("data", absl::StrCat(Counted(aggregation.Unsigned("customers"), "customer"), ", ",
                                    Counted(aggregation.Unsigned("purchases"), "purchase row"),
                                    ", reported in ", aggregation.Text("reporting_currency")));
  if (const uint64_t letters = aggregation.Unsigned("dead_letters"); letters > 0) {
    text += Line("set aside", Counted(letters, "event") + " that could not be folded");
  }
  if (const std::string reason = aggregation.Text("stopped_because"); !reason.empty()) {
    text += Line("stopped", reason);
  }
  return text;
}

std::string RenderQuery(const ProtoJson& query) {
  if (!query.present()) {
    return Line("query", "does not answer");
  }
  return Line("query",
              absl::StrCat("sees position ", WithThousands(query.Unsigned("folded_position")), "; ",
                           Counted(query.Unsigned("reports"), "report"), ", ",
                           WithThousands(query.Unsigned("failed_reports")), " failed; database ",
                           HumanBytes(query.Unsigned("database_bytes"))));
}

}  // namespace

std::string RenderStatus(const ProtoJson& status, const std::string& url) {
  std::string text = absl::StrCat("CLV suite ", status.Text("version"), " at ", url, "\n");
  text += RenderIngest(status.Field("ingest"));
  text += RenderAggregation(status.Field("aggregation"));
  text += RenderQuery(status.Field("query"));
  for (const ProtoJson& problem : status.List("problems")) {
    text += Line("problem", problem.text());
  }
  return text;
}

absl::Status RunStatus(const Server& server) {
  HttpClient client(server);
  CLV_ASSIGN_OR_RETURN(const HttpResponse response, client.Send({.target = "/v1/status"}));
  CLV_RETURN_IF_ERROR(StatusOfResponse(response));
  CLV_ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(response.body));
  std::fputs(RenderStatus(document.root(), server.url.ToString()).c_str(), stdout);
  const size_t problems = document.root().List("problems").size();
  if (problems > 0) {
    return absl::FailedPreconditionError(Counted(problems, "problem"));
  }
  return absl::OkStatus();
}

}  // namespace clv::cli
