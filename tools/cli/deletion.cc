#include "tools/cli/deletion.h"

#include <cstdint>
#include <cstdio>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/cli/confirm.h"
#include "tools/cli/jobs.h"
#include "tools/cli/server_json.h"
#include "tools/cli/text_format.h"
#include "tools/cli/url.h"

namespace clv::cli {
namespace {

HttpRequest DeleteRequest(const DeleteOptions& options, bool dry_run) {
  HttpRequest request{
      .method = "POST",
      .target = absl::StrCat("/v1/dataSources/", PercentEncode(options.data_source), ":deleteRows"),
      .content_type = "application/json"};
  request.body = R"({"deleteCondition":)";
  AppendJsonString(request.body, options.condition);
  request.body += dry_run ? R"(,"dryRun":true})" : "}";
  return request;
}

}  // namespace

absl::Status RunDelete(const Server& server, const DeleteOptions& options, std::istream& input) {
  CLV_ASSIGN_OR_RETURN(const JsonDocument counted,
                       CallServer(server, DeleteRequest(options, /*dry_run=*/true)));
  const std::string rows = Counted(counted.root().Unsigned("rows_to_be_deleted"), "row");
  if (options.dry_run) {
    std::printf("%s of %s would be removed\n", rows.c_str(), options.data_source.c_str());
    return absl::OkStatus();
  }
  if (!options.yes) {
    CLV_RETURN_IF_ERROR(
        Confirm(absl::StrCat("Remove ", rows, " of ", options.data_source, "?"), input));
  }
  CLV_ASSIGN_OR_RETURN(
      const JsonDocument ended,
      StartAndFollowJob(server, DeleteRequest(options, /*dry_run=*/false), "deleting"));
  std::printf("%s of %s removed\n",
              Counted(ended.root().Field("job").Unsigned("removed_rows"), "row").c_str(),
              options.data_source.c_str());
  return absl::OkStatus();
}

absl::Status RunTruncate(const Server& server, const TruncateOptions& options,
                         std::istream& input) {
  if (!options.yes) {
    CLV_RETURN_IF_ERROR(
        Confirm(absl::StrCat("Remove all rows of ", options.data_source, "?"), input));
  }
  const HttpRequest request{
      .method = "POST",
      .target = absl::StrCat("/v1/dataSources/", PercentEncode(options.data_source), ":truncate"),
      .content_type = "application/json",
      .body = "{}"};
  CLV_ASSIGN_OR_RETURN(const JsonDocument ended, StartAndFollowJob(server, request, "truncating"));
  const ProtoJson job = ended.root().Field("job");
  const uint64_t removed = job.Unsigned("removed_rows") + job.Unsigned("removed_quarantined_rows");
  std::printf("%s of %s removed\n", Counted(removed, "row").c_str(), options.data_source.c_str());
  return absl::OkStatus();
}

}  // namespace clv::cli
