#include "tools/cli/jobs.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"
#include "tools/cli/progress.h"
#include "tools/cli/retry.h"
#include "tools/cli/table_printer.h"
#include "tools/cli/text_format.h"
#include "tools/cli/url.h"

namespace clv::cli {
namespace {

constexpr std::chrono::milliseconds kFirstPoll{50};
constexpr std::chrono::milliseconds kSlowestPoll{1000};

bool Sleep(std::chrono::milliseconds duration) {
  std::this_thread::sleep_for(duration);
  return true;
}

void Show(Progress& progress, const char* label, const ProtoJson& job) {
  const auto done = static_cast<double>(job.Unsigned("customers_done"));
  const auto total = static_cast<double>(job.Unsigned("customers_total"));
  ProgressState state{.label = label, .fraction = {}, .detail = ""};
  if (total > 0) {
    state.fraction = done / total;
    state.detail = Counted(job.Unsigned("customers_done"), "customer");
  } else if (const double fraction = job.Number("progress"); fraction > 0) {
    state.fraction = fraction;
  }
  progress.Show(state);
}

absl::StatusOr<JsonDocument> StartAndFollow(const Server& server, const std::string& verb,
                                            const std::string& body, const char* label) {
  return StartAndFollowJob(server,
                           {.method = "POST",
                            .target = absl::StrCat("/v1/jobs:", verb),
                            .content_type = "application/json",
                            .body = body},
                           label);
}

// `JOB_KIND_DELETE` as `delete`.
std::string Word(const std::string& name, std::string_view prefix) {
  const bool has_prefix = std::string_view(name).substr(0, prefix.size()) == prefix;
  return absl::AsciiStrToLower(has_prefix ? name.substr(prefix.size()) : name);
}

std::optional<std::string> TextOrNull(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

void PrintDifferences(const ProtoJson& job) {
  Table table;
  table.columns = {
      {.name = "subject"}, {.name = "column"}, {.name = "stored"}, {.name = "recomputed"}};
  for (const ProtoJson& difference : job.List("differences")) {
    table.rows.push_back({difference.Text("subject"), difference.Text("column"),
                          difference.Text("stored"), difference.Text("recomputed")});
  }
  std::fputs(RenderTable(table).c_str(), stdout);
}

}  // namespace

absl::StatusOr<JsonDocument> FollowJob(HttpClient& client, const std::string& job_id,
                                       const char* label) {
  Progress progress;
  const HttpRequest request{.target = absl::StrCat("/v1/jobs/", PercentEncode(job_id))};
  std::chrono::milliseconds poll = kFirstPoll;
  while (true) {
    CLV_ASSIGN_OR_RETURN(
        const HttpResponse response,
        SendWithRetry([&client, &request] { return client.Send(request); }, {}, Sleep));
    CLV_RETURN_IF_ERROR(StatusOfResponse(response));
    CLV_ASSIGN_OR_RETURN(JsonDocument document, JsonDocument::Parse(response.body));
    const ProtoJson job = document.root().Field("job");
    const std::string state = job.Text("state");
    if (state == "JOB_STATE_DONE") {
      return document;
    }
    if (state == "JOB_STATE_ERROR") {
      return absl::UnknownError(absl::StrCat("the job failed: ", job.Text("error")));
    }
    if (state != "JOB_STATE_WAITING" && state != "JOB_STATE_WORKING") {
      return absl::UnknownError(absl::StrCat("the job has the unknown state ", state));
    }
    Show(progress, label, job);
    Sleep(poll);
    poll = std::min(poll * 2, kSlowestPoll);
  }
}

absl::StatusOr<JsonDocument> StartAndFollowJob(const Server& server, const HttpRequest& request,
                                               const char* label) {
  HttpClient client(server);
  CLV_ASSIGN_OR_RETURN(const JsonDocument document, CallServer(client, request));
  const std::string job_id = document.root().Field("job").Text("job_id");
  if (job_id.empty()) {
    return absl::UnknownError("the server named no job; is the URL that of a CLV suite?");
  }
  return FollowJob(client, job_id, label);
}

std::string RenderJobs(const ProtoJson& response) {
  Table table;
  table.columns = {{.name = "job"},
                   {.name = "kind"},
                   {.name = "state"},
                   {.name = "data source"},
                   {.name = "done", .is_number = true},
                   {.name = "created"},
                   {.name = "error"}};
  for (const ProtoJson& job : response.List("jobs")) {
    table.rows.push_back({job.Text("job_id"), Word(job.Text("kind"), "JOB_KIND_"),
                          Word(job.Text("state"), "JOB_STATE_"),
                          TextOrNull(job.Text("data_source")),
                          absl::StrFormat("%.0f %%", job.Number("progress") * 100),
                          job.Text("create_time"), TextOrNull(job.Text("error"))});
  }
  return RenderTable(table);
}

absl::Status RunListJobs(const Server& server, uint32_t limit) {
  CLV_ASSIGN_OR_RETURN(const JsonDocument document,
                       CallServer(server, {.target = absl::StrCat("/v1/jobs?limit=", limit)}));
  std::fputs(RenderJobs(document.root()).c_str(), stdout);
  return absl::OkStatus();
}

absl::Status RunVerify(const Server& server, bool from_log) {
  CLV_ASSIGN_OR_RETURN(
      const JsonDocument document,
      StartAndFollow(server, "verify", from_log ? R"({"fromLog":true})" : "{}", "verifying"));
  const ProtoJson job = document.root().Field("job");
  const uint64_t differences = job.Unsigned("difference_count");
  std::printf("%s of %s compared at log position %s: %s\n",
              Counted(job.Unsigned("values_checked"), "value").c_str(),
              Counted(job.Unsigned("customers_done"), "customer").c_str(),
              WithThousands(job.Unsigned("folded_position")).c_str(),
              differences == 0 ? "no difference" : Counted(differences, "difference").c_str());
  if (differences == 0) {
    return absl::OkStatus();
  }
  PrintDifferences(job);
  return absl::DataLossError(absl::StrCat("what is stored differs from its recomputation in ",
                                          Counted(differences, "value")));
}

absl::Status RunRebuild(const Server& server) {
  CLV_ASSIGN_OR_RETURN(const JsonDocument document,
                       StartAndFollow(server, "rebuild", "{}", "rebuilding"));
  const ProtoJson job = document.root().Field("job");
  std::printf("%s computed again at log position %s, %s written\n",
              Counted(job.Unsigned("customers_done"), "customer").c_str(),
              WithThousands(job.Unsigned("folded_position")).c_str(),
              Counted(job.Unsigned("values_checked"), "row").c_str());
  return absl::OkStatus();
}

}  // namespace clv::cli
