#include "common/storage/sqlite/job_store.h"

#include "common/base/status_macros.h"

namespace clv::storage {
namespace {

constexpr int64_t kKeptJobs = 1'000;

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteJobStore>> SqliteJobStore::Open(const std::string& path) {
  std::unique_ptr<SqliteJobStore> store(new SqliteJobStore());
  CLV_ASSIGN_OR_RETURN(store->db_, Database::Open({.path = path,
                                                   .mode = Database::Mode::kReadWrite,
                                                   .migrations = &EventLogMigrations(),
                                                   .cache_kib = 256}));
  CLV_ASSIGN_OR_RETURN(
      store->put_,
      store->db_->Prepare("INSERT INTO jobs (job_id, created_at, sequence, job) VALUES (?1, ?2, "
                          "(SELECT COALESCE(MAX(sequence), 0) + 1 FROM jobs), ?3) "
                          "ON CONFLICT (job_id) DO UPDATE SET job = excluded.job"));
  CLV_ASSIGN_OR_RETURN(
      store->drop_old_,
      store->db_->Prepare(
          "DELETE FROM jobs WHERE sequence <= (SELECT MAX(sequence) FROM jobs) - ?"));
  CLV_ASSIGN_OR_RETURN(
      store->list_, store->db_->Prepare(
                        "SELECT job_id, created_at, job FROM jobs ORDER BY sequence DESC LIMIT ?"));
  return store;
}

absl::Status SqliteJobStore::PutJob(const StoredJob& job) {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(*db_, Transaction::Kind::kImmediate));
  put_.Bind(1, job.job_id);
  put_.Bind(2, job.created_at_seconds);
  put_.BindBlob(3, job.job);
  CLV_RETURN_IF_ERROR(put_.Run());
  drop_old_.Bind(1, kKeptJobs);
  CLV_RETURN_IF_ERROR(drop_old_.Run());
  return transaction.Commit();
}

absl::StatusOr<std::vector<StoredJob>> SqliteJobStore::ListJobs(uint32_t limit) {
  std::lock_guard lock(mutex_);
  std::vector<StoredJob> jobs;
  list_.Bind(1, int64_t{limit});
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, list_.Step());
    if (!has_row) break;
    jobs.push_back({std::string(list_.Text(0)), list_.Int(1), std::string(list_.Blob(2))});
  }
  list_.Reset();
  return jobs;
}

}  // namespace clv::storage
