#include "services/ingest/file_reply.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace clv::ingest {
namespace {

std::string Counted(uint64_t count, const char* one, const char* several) {
  return absl::StrCat(count, count == 1 ? one : several);
}

// Clients show this text, so it is that of the service whose API this is.
std::string FileErrorText(uint64_t quarantined, uint64_t invalid) {
  const std::string rows = Counted(quarantined, " row in quarantine", " rows in quarantine");
  const std::string lines = Counted(invalid, " invalid line", " invalid lines");
  return absl::StrCat("There was an error with file contents: ", quarantined > 0 ? rows : "",
                      quarantined > 0 && invalid > 0 ? " and " : "", invalid > 0 ? lines : "", ".");
}

}  // namespace

v1::ImportFileResponse ImportReply(const FileResult& result, const FileVisibility& visibility) {
  v1::ImportFileResponse response;
  v1::Job& job = *response.mutable_job();
  job.set_job_id(result.import_id);
  job.set_kind(v1::JOB_KIND_IMPORT);
  job.set_state(v1::JOB_STATE_DONE);
  job.mutable_create_time()->set_seconds(result.begun_at_seconds);
  job.mutable_end_time()->set_seconds(result.ended_at_seconds);
  job.set_folded_position(result.position);
  job.set_data_source(std::string(domain::DataSourceName(result.data_source)));
  job.set_progress(1);
  job.set_removed_rows(visibility.removed_rows.value_or(0));
  job.set_successful_rows(result.successful_rows);
  job.set_quarantined_rows(result.refused_rows);
  response.set_invalid_lines(result.invalid_lines);
  response.set_visible(visibility.visible);
  return response;
}

rpc::V0Reply AppendReply(const FileResult& result, const FileVisibility& visibility) {
  const std::string name(domain::DataSourceName(result.data_source));
  const uint64_t quarantined = result.refused_rows - result.invalid_lines;
  rpc::V0Reply reply;
  reply.body =
      absl::StrCat("{\"import_id\": \"", result.import_id, "\", \"datasource\": {\"id\": \"", name,
                   "\", \"name\": \"", name, "\"}, \"quarantine_rows\": ", quarantined,
                   ", \"invalid_lines\": ", result.invalid_lines,
                   ", \"successful_rows\": ", result.successful_rows,
                   ", \"quarantined_rows\": ", result.refused_rows, ", \"error\": ");
  if (result.refused_rows == 0) {
    reply.body += "false}";
  } else {
    absl::StrAppend(&reply.body, "\"", FileErrorText(quarantined, result.invalid_lines), "\"}");
  }
  if (result.position > 0) {
    reply.headers.emplace_back("x-clv-log-position", absl::StrCat(result.position));
  }
  if (!visibility.visible) reply.headers.emplace_back("x-clv-visible", "false");
  return reply;
}

}  // namespace clv::ingest
