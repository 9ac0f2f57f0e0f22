#include "services/ingest/file_import.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "services/ingest/csv_rows.h"
#include "services/ingest/json_rows.h"

namespace clv::ingest {

FileImport::FileImport(FileRequest request, const Options& options)
    : request_(std::move(request)), options_(options) {
  result_ = {.import_id = NewImportId(),
             .data_source = request_.data_source,
             .begun_at_seconds = options.clock->NowSeconds()};
  RowSink* const sink = this;
  if (request_.kind == FileKind::kCsv) {
    splitter_ = std::make_unique<CsvRows>(request_.data_source, request_.csv, sink);
  } else {
    splitter_ = std::make_unique<JsonRows>(request_.data_source, sink);
  }
  BeginBatch();
}

absl::StatusOr<std::unique_ptr<FileImport>> FileImport::Begin(FileRequest request,
                                                              Options options) {
  CLV_ASSIGN_OR_RETURN(std::unique_ptr<FileBody> body, FileBody::Open(request.body));
  std::unique_ptr<FileImport> import(new FileImport(std::move(request), options));
  import->body_ = std::move(body);
  v1::Job job;
  job.set_job_id(import->result_.import_id);
  job.set_kind(v1::JOB_KIND_IMPORT);
  job.set_data_source(std::string(domain::DataSourceName(import->request_.data_source)));
  CLV_RETURN_IF_ERROR(import->options_.jobs->Create(std::move(job)).status());
  import->TellJob();
  return import;
}

ByteSink FileImport::ToRows() {
  return [this](std::string_view bytes) { return splitter_->Take(bytes); };
}

absl::Status FileImport::Take(std::string_view piece) { return body_->Take(piece, ToRows()); }

absl::StatusOr<FileResult> FileImport::Finish() {
  CLV_RETURN_IF_ERROR(body_->Finish(ToRows()));
  CLV_RETURN_IF_ERROR(splitter_->Finish());
  if (splitter_->is_empty()) return FileError(400, "the file is empty, want rows");
  CLV_RETURN_IF_ERROR(Flush());
  CLV_RETURN_IF_ERROR(AwaitWrite());
  if (request_.replaces) {
    // Else a file of the wrong kind would remove everything and put nothing in its place.
    if (result_.successful_rows == 0 && result_.refused_rows > 0) {
      return FileError(400, absl::StrCat("no row of the file is valid, so nothing was replaced; ",
                                         WhyRefused()));
    }
    if (options_.before_replacing) CLV_RETURN_IF_ERROR(options_.before_replacing());
    CLV_RETURN_IF_ERROR(CommitLoad());
  }
  has_ended_ = true;
  TellJob();
  options_.jobs->End(result_.import_id, absl::OkStatus());
  result_.ended_at_seconds = options_.clock->NowSeconds();
  return result_;
}

absl::Status FileImport::AddRow(const domain::RawRow& row, std::optional<std::string_view> raw) {
  batch_->AddRow(row, raw);
  return FlushIfFull();
}

absl::Status FileImport::AddText(std::string_view raw, const std::string& error,
                                 const std::string& reason) {
  batch_->AddText(raw, error, reason);
  return FlushIfFull();
}

absl::Status FileImport::AddInvalidLine(std::string_view raw, const std::string& error,
                                        const std::string& reason) {
  ++result_.invalid_lines;
  return AddText(raw, error, reason);
}

void FileImport::BeginBatch() {
  batch_.emplace(BatchBuilder::Options{
      .data_source = request_.data_source,
      .received_at_seconds = options_.clock->NowSeconds(),
      .import_id = result_.import_id,
      .first_row = rows_before_batch_,
      .load_id = request_.replaces ? result_.import_id : std::string(),
      .erased = options_.erased,
      .must_meet = request_.replace_condition ? &*request_.replace_condition : nullptr});
}

absl::Status FileImport::FlushIfFull() {
  if (batch_->rows() < options_.batch_rows && batch_->bytes() < options_.batch_bytes) {
    return absl::OkStatus();
  }
  CLV_RETURN_IF_ERROR(Flush());
  if (result_.successful_rows > 0 || result_.refused_rows < kMaxRefusedWithoutValid ||
      in_flight_->accepted_rows > 0) {
    return absl::OkStatus();
  }
  return FileError(400,
                   absl::StrCat("the first ", result_.refused_rows,
                                " rows are all refused, so the rest was not read; ", WhyRefused()));
}

absl::Status FileImport::Flush() {
  CLV_RETURN_IF_ERROR(AwaitWrite());
  PreparedWrite write = batch_->Finish();
  rows_before_batch_ += write.rows();
  if (first_refusal_.empty() && !write.refusals.empty()) {
    first_refusal_ =
        absl::StrCat("row ", write.refusals[0].row, ": ", write.refusals[0].description);
  }
  BeginBatch();
  if (write.rows() == 0) return absl::OkStatus();
  if (request_.replaces && !is_staging_) CLV_RETURN_IF_ERROR(BeginStaging());
  const auto written = std::make_shared<std::promise<absl::StatusOr<Written>>>();
  InFlight in_flight{.accepted_rows = write.accepted_rows,
                     .refused_rows = write.refused_rows,
                     .written = written->get_future()};
  CLV_RETURN_IF_ERROR(options_.queue->SubmitWhenRoom(
      std::move(write), std::chrono::steady_clock::now() + options_.room_wait,
      [written](absl::StatusOr<Written> outcome) { written->set_value(std::move(outcome)); }));
  in_flight_ = std::move(in_flight);
  return absl::OkStatus();
}

absl::Status FileImport::AwaitWrite() {
  if (!in_flight_) return absl::OkStatus();
  InFlight write = *std::move(in_flight_);
  in_flight_.reset();
  CLV_ASSIGN_OR_RETURN(const Written written, write.written.get());
  result_.successful_rows += write.accepted_rows - written.erased_rows;
  result_.refused_rows += write.refused_rows + written.erased_rows;
  if (written.position != 0) result_.position = written.position;
  TellJob();
  return absl::OkStatus();
}

void FileImport::TellJob() const {
  options_.jobs->Update(result_.import_id, [this](v1::Job* job) {
    job->set_state(v1::JOB_STATE_WORKING);
    job->set_folded_position(result_.position);
    job->set_successful_rows(result_.successful_rows);
    job->set_quarantined_rows(result_.refused_rows);
    job->set_invalid_lines(result_.invalid_lines);
  });
}

absl::Status FileImport::BeginStaging() {
  CLV_RETURN_IF_ERROR(options_.queue->RunOnWriter([this](storage::EventLog& log) {
    erased_before_ = log.erased_counts().customers;
    return absl::OkStatus();
  }));
  is_staging_ = true;
  return absl::OkStatus();
}

// On the writing thread, where no erasure can come between the look and the record.
absl::Status FileImport::CommitLoad() {
  if (!is_staging_) CLV_RETURN_IF_ERROR(BeginStaging());
  const absl::Status committed = options_.queue->RunOnWriter([this](storage::EventLog& log) {
    if (log.erased_counts().customers != erased_before_) {
      return absl::AbortedError(
          "a customer was erased while the file was loaded, so nothing was replaced: send it "
          "again");
    }
    const int64_t now = options_.clock->NowSeconds();
    const wire::LogRows rows{
        .received_at_seconds = now,
        .wants_outcome = true,
        .command = wire::LoadCommit{.load_id = result_.import_id,
                                    .first_position = log.LoadStart(result_.import_id),
                                    .replaces = {.data_source = request_.data_source,
                                                 .condition = request_.replace_condition}}};
    CLV_ASSIGN_OR_RETURN(
        const std::vector<storage::LogPosition> positions,
        log.Append({{.record = storage::NewRecord{.data_source = request_.data_source,
                                                  .received_at_seconds = now,
                                                  .payload = wire::EncodeLogRecord(rows),
                                                  .commits_load = result_.import_id}}}));
    result_.position = positions.at(0);
    return absl::OkStatus();
  });
  // A full disk is no matter of the sender's pace.
  if (absl::IsResourceExhausted(committed)) return absl::UnavailableError(committed.message());
  if (committed.ok()) is_staging_ = false;
  return committed;
}

void FileImport::Abandon(const absl::Status& error) {
  if (has_ended_) return;
  has_ended_ = true;
  if (request_.replaces) {
    result_.successful_rows = result_.refused_rows = result_.invalid_lines = 0;
  }
  TellJob();
  options_.jobs->End(result_.import_id, error);
  if (!is_staging_) return;
  is_staging_ = false;
  const absl::Status abandoned = options_.queue->RunOnWriter(
      [this](storage::EventLog& log) { return log.AbandonLoad(result_.import_id); });
  // The next process forgets it then.
  if (!abandoned.ok()) {
    spdlog::warn("load {} cannot be abandoned: {}", result_.import_id,
                 std::string(abandoned.message()));
  }
}

std::string FileImport::WhyRefused() const {
  return first_refusal_.empty() ? std::string("their customers were erased") : first_refusal_;
}

}  // namespace clv::ingest
