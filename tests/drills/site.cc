#include "tests/drills/site.h"

#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "services/aggregation/fold.h"
#include "services/aggregation/recompute.h"

namespace clv::drills {

std::string LogPath(const std::string& directory) { return directory + "/event_log.db"; }
std::string StorePath(const std::string& directory) { return directory + "/clv.db"; }

absl::StatusOr<std::unique_ptr<Site>> Site::Open(const std::string& directory) {
  std::unique_ptr<Site> site(new Site(directory));
  CLV_ASSIGN_OR_RETURN(site->log_, storage::SqliteEventLog::Open({.path = LogPath(directory)}));
  CLV_ASSIGN_OR_RETURN(site->store_, storage::SqliteClvStore::Open({.path = StorePath(directory),
                                                                    .cache_kib = 1'024,
                                                                    .least_folded_ahead = 1,
                                                                    .wal_pages_at_sync = 4,
                                                                    .long_wal_pages = 16}));
  CLV_ASSIGN_OR_RETURN(site->reader_,
                       storage::SqliteEventReader::Open({.path = LogPath(directory)}));
  CLV_RETURN_IF_ERROR(aggregation::AdoptReportingCurrency(*site->store_, "USD"));
  return site;
}

absl::StatusOr<size_t> Site::Fold(uint64_t max_rows) {
  CLV_ASSIGN_OR_RETURN(const storage::LogPosition checkpoint, store_->Checkpoint());
  CLV_ASSIGN_OR_RETURN(const std::vector<storage::LoggedRecord> records,
                       reader_->ReadAfter(checkpoint, max_rows));
  if (records.empty()) return 0;
  std::vector<aggregation::LoggedRows> rows;
  for (const auto& record : records) rows.push_back(aggregation::DecodeRecord(record));
  CLV_ASSIGN_OR_RETURN(const auto transaction, store_->Begin());
  const aggregation::FoldOptions options{.reporting_currency = "USD"};
  CLV_RETURN_IF_ERROR(aggregation::Fold(rows, options, *transaction).status());
  CLV_RETURN_IF_ERROR(transaction->Commit(records.back().position));
  return records.size();
}

absl::StatusOr<size_t> Site::FoldSome(uint64_t max_rows) {
  absl::StatusOr<size_t> folded = Fold(max_rows);
  // What becomes of it the next call sees.
  if (!folded.ok()) store_->Reopen().IgnoreError();
  return folded;
}

absl::Status Site::FoldAll() {
  while (true) {
    CLV_ASSIGN_OR_RETURN(const size_t folded, FoldSome(40));
    if (folded == 0) return absl::OkStatus();
  }
}

absl::Status Site::Trim() {
  CLV_ASSIGN_OR_RETURN(const storage::LogPosition folded, progress_.DurablePosition());
  return log_->TrimThrough(folded);
}

}  // namespace clv::drills
