#include "services/ingest/job_json.h"

#include "absl/strings/str_cat.h"
#include "common/base/instant.h"
#include "common/rpc/json_writer.h"

namespace clv::ingest {
namespace {

// Exact, whatever its size.
void WriteCount(std::string_view name, uint64_t count, rpc::JsonWriter* json) {
  json->Key(name).Json(absl::StrCat(count));
}

uint64_t RowsAffected(const v1::Job& job) {
  // A truncation is one of facts or one of a quarantine.
  if (job.kind() != v1::JOB_KIND_TRUNCATE) return job.removed_rows();
  return job.removed_rows() + job.removed_quarantined_rows();
}

void WriteJob(const v1::Job& job, rpc::JsonWriter* json) {
  const auto& updated = job.has_end_time() ? job.end_time() : job.create_time();
  json->BeginObject().Member("id", job.job_id()).Member("job_id", job.job_id());
  if (job.kind() == v1::JOB_KIND_DELETE) json->Member("delete_id", job.job_id());
  json->Member("kind", V0KindOf(job))
      .Member("status", V0StatusOf(job))
      .Member("created_at", FormatInstant(job.create_time().seconds()))
      .Member("updated_at", FormatInstant(updated.seconds()))
      .Member("job_url", "/v0/jobs/" + job.job_id());
  if (!job.data_source().empty()) {
    json->Key("datasource").BeginObject().Member("id", job.data_source());
    json->Member("name", job.data_source()).EndObject();
  }
  // Bytes are not counted.
  json->Key("statistics").BeginObject().Key("bytes").Null();
  WriteCount("row_count", job.successful_rows(), json);
  json->EndObject();
  WriteCount("quarantine_rows", job.quarantined_rows(), json);
  WriteCount("invalid_lines", job.invalid_lines(), json);
  WriteCount("rows_affected", RowsAffected(job), json);
  json->Key("progress_percentage").Number(job.progress() * 100);
  if (!job.error().empty()) json->Member("error", job.error());
  json->EndObject();
}

}  // namespace

std::string V0KindOf(const v1::Job& job) {
  switch (job.kind()) {
    case v1::JOB_KIND_VERIFY:
      return "verify";
    case v1::JOB_KIND_REBUILD:
      return "rebuild";
    case v1::JOB_KIND_DELETE:
      return "delete_data";
    case v1::JOB_KIND_TRUNCATE:
      return "truncate";
    case v1::JOB_KIND_IMPORT:
      return "import";
    case v1::JOB_KIND_ERASE:
      return "erase";
    case v1::JOB_KIND_RETRY:
      return "retry";
    case v1::JOB_KIND_BACKUP:
      return "backup";
    case v1::JOB_KIND_FIT_MODEL:
      return "fit_model";
    default:
      return "";
  }
}

std::string V0StatusOf(const v1::Job& job) {
  switch (job.state()) {
    case v1::JOB_STATE_WAITING:
      return "waiting";
    case v1::JOB_STATE_WORKING:
      return "working";
    case v1::JOB_STATE_DONE:
      return "done";
    case v1::JOB_STATE_ERROR:
      return "error";
    default:
      return "";
  }
}

rpc::V0Reply JobReply(const v1::Job& job) {
  rpc::JsonWriter json;
  WriteJob(job, &json);
  return {.body = json.Take()};
}

rpc::V0Reply JobsReply(const std::vector<v1::Job>& jobs) {
  rpc::JsonWriter json;
  json.BeginObject().Key("jobs").BeginArray();
  for (const v1::Job& job : jobs) WriteJob(job, &json);
  json.EndArray().EndObject();
  return {.body = json.Take()};
}

}  // namespace clv::ingest
