#include "services/ingest/quarantine_retry.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"
#include "services/ingest/blocking_write.h"
#include "services/ingest/json_row_reader.h"
#include "services/ingest/quarantine_slices.h"
#include "services/ingest/value_scanner.h"

namespace clv::ingest {
namespace {

// Reads one text as a row of a data source.
class RetriedTextReader {
 public:
  explicit RetriedTextReader(domain::DataSource data_source) : reader_(data_source) {}

  // Adds the row to the batch and returns whether it was accepted.
  bool AddTo(BatchBuilder& builder, std::string_view text) {
    buffer_.assign(text);
    buffer_.append(JsonRowReader::kPadding, ' ');
    ValueScanner scanner(std::string_view(buffer_).substr(0, text.size()));
    const std::optional<ScannedValue> value = scanner.Next();
    if (!value.has_value() || value->is_broken || scanner.Next().has_value()) return false;
    const ReadValue read = reader_.Read(value->text);
    if (read.kind != ReadValue::Kind::kRow) return false;
    const uint64_t accepted = builder.rows() - builder.refused_rows();
    builder.AddRow(read.row, value->text);
    return builder.rows() - builder.refused_rows() > accepted;
  }

 private:
  JsonRowReader reader_;
  std::string buffer_;
};

// The accepted rows of a batch, whose refused ones lie in the quarantine already.
PreparedWrite WithoutRefusals(PreparedWrite write) {
  for (storage::LogBatch& batch : write.batches) batch.quarantined.clear();
  write.refused_rows = 0;
  write.refusals.clear();
  return write;
}

}  // namespace

absl::StatusOr<RetrySelection> ReadRetrySelection(const v1::RetryQuarantinedRowsRequest& request) {
  if (request.rows_size() > kMaxMendedRows) {
    return rpc::FieldError("rows", absl::StrCat(request.rows_size(), " rows"), "at most 100000");
  }
  if (request.rows_size() > 0 && !request.import_id().empty()) {
    return rpc::FieldError("import_id", request.import_id(), "none beside rows");
  }
  RetrySelection selection{.import_id = request.import_id()};
  for (int i = 0; i < request.rows_size(); ++i) {
    const v1::MendedRow& row = request.rows(i);
    const bool is_new = selection.rows.emplace(row.id(), row.raw()).second;
    if (row.id() == 0 || !is_new) {
      return rpc::FieldError(absl::StrCat("rows[", i, "].id"), absl::StrCat(row.id()),
                             "the id of a quarantined row, each once");
    }
  }
  return selection;
}

// One job's work.
class QuarantineRetry::OneRun {
 public:
  OneRun(const QuarantineRetry& retry, domain::DataSource data_source,
         const RetrySelection& selection, JobProgress& progress)
      : options_(retry.options_),
        path_(retry.path_),
        data_source_(data_source),
        selection_(selection),
        progress_(progress),
        reader_(data_source) {}

  absl::Status RetryAll(uint64_t last_id) {
    CLV_ASSIGN_OR_RETURN(total_, options_.quarantine->Count(data_source_));
    return VisitQuarantine(*options_.quarantine, data_source_, last_id,
                           [this](const auto& rows) { return Retry(rows); });
  }

  absl::Status RetrySelected() {
    total_ = selection_.rows.size();
    for (auto next = selection_.rows.begin(); next != selection_.rows.end();) {
      CLV_ASSIGN_OR_RETURN(const auto rows, ReadRun(next));
      CLV_RETURN_IF_ERROR(Retry(rows));
    }
    return absl::OkStatus();
  }

 private:
  using Selected = std::map<uint64_t, std::string>::const_iterator;

  // The rows of a run of ids that follow on each other; moves `next` behind it. Ids without a row
  // are counted as left.
  absl::StatusOr<std::vector<storage::QuarantinedRow>> ReadRun(Selected& next) {
    const uint64_t first = next->first;
    uint64_t length = 0;
    while (next != selection_.rows.end() && next->first == first + length &&
           length < kQuarantineSliceRows) {
      ++length;
      ++next;
    }
    CLV_ASSIGN_OR_RETURN(auto rows,
                         options_.quarantine->ListAfter(data_source_, first - 1, length));
    std::erase_if(rows, [&](const auto& row) { return row.id >= first + length; });
    seen_ += length - rows.size();
    left_ += length - rows.size();
    return rows;
  }

  absl::Status Retry(const std::vector<storage::QuarantinedRow>& rows) {
    if (progress_.stopping()) return absl::CancelledError("not all rows are sent again yet");
    BatchBuilder::Options options = path_.Receive(0, false);
    options.data_source = data_source_;
    BatchBuilder builder(std::move(options));
    std::vector<uint64_t> resolved;
    uint64_t left = 0;
    for (const storage::QuarantinedRow& row : rows) {
      if (!selection_.import_id.empty() && row.import_id != selection_.import_id) continue;
      const std::optional<std::string_view> text = TextOf(row);
      if (text.has_value() && reader_.AddTo(builder, *text)) {
        resolved.push_back(row.id);
      } else {
        ++left;
      }
    }
    CLV_RETURN_IF_ERROR(Write(builder.Finish(), std::move(resolved)));
    left_ += left;
    seen_ += rows.size();
    Report();
    return absl::OkStatus();
  }

  // What is to be read for a row; absent when its own text is not known.
  std::optional<std::string_view> TextOf(const storage::QuarantinedRow& row) const {
    std::string_view text = row.raw;
    const auto selected = selection_.rows.find(row.id);
    if (selected != selection_.rows.end() && !selected->second.empty()) {
      text = selected->second;
    } else if (row.raw.size() != row.raw_length) {
      return std::nullopt;
    }
    // Only an object is a row; the scanner would look into an array.
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos || text[begin] != '{') return std::nullopt;
    return text;
  }

  absl::Status Write(PreparedWrite write, std::vector<uint64_t> resolved) {
    if (resolved.empty()) return absl::OkStatus();
    write = WithoutRefusals(std::move(write));
    const uint64_t accepted = resolved.size();
    write.batches.back().resolved = std::move(resolved);
    CLV_ASSIGN_OR_RETURN(last_position_, WriteAndBlock(*options_.write.queue, write,
                                                       [this] { return !progress_.stopping(); }));
    accepted_ += accepted;
    return absl::OkStatus();
  }

  void Report() {
    progress_.Update([this](v1::Job* job) {
      job->set_successful_rows(accepted_);
      job->set_removed_quarantined_rows(accepted_);
      job->set_quarantined_rows(left_);
      job->set_folded_position(last_position_);
      job->set_progress(static_cast<double>(seen_) /
                        static_cast<double>(std::max({total_, seen_, uint64_t{1}})));
    });
  }

  const Options& options_;
  const WritePath& path_;
  const domain::DataSource data_source_;
  const RetrySelection& selection_;
  JobProgress& progress_;
  RetriedTextReader reader_;
  uint64_t total_ = 0;
  uint64_t seen_ = 0;
  uint64_t accepted_ = 0;
  uint64_t left_ = 0;
  storage::LogPosition last_position_ = 0;
};

absl::StatusOr<v1::Job> QuarantineRetry::Start(domain::DataSource data_source,
                                               RetrySelection selection) {
  CLV_ASSIGN_OR_RETURN(const uint64_t last_id,
                       NewestQuarantinedId(*options_.quarantine, data_source));
  v1::Job prototype;
  prototype.set_kind(v1::JOB_KIND_RETRY);
  prototype.set_data_source(std::string(domain::DataSourceName(data_source)));
  // Shared: the board copies its work, and the texts may be large.
  const auto shared = std::make_shared<const RetrySelection>(std::move(selection));
  return options_.jobs->Start(
      std::move(prototype), [this, data_source, shared, last_id](JobProgress& progress) {
        OneRun run(*this, data_source, *shared, progress);
        return shared->rows.empty() ? run.RetryAll(last_id) : run.RetrySelected();
      });
}

}  // namespace clv::ingest
