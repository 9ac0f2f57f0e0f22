#include "common/storage/sqlite/clv_store.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"

namespace clv::storage {
namespace {

constexpr int kWriteBackPasses = 4;
// A fold is large that writes this part of what MakeDurable leaves, and may find so many times as
// much left.
constexpr int kLargeFold = 2;
constexpr int kLittleOfLargeFold = 3;

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteClvStore>> SqliteClvStore::Open(const Options& options) {
  std::unique_ptr<SqliteClvStore> store(new SqliteClvStore(options));
  std::lock_guard lock(store->writer_mutex_);
  CLV_RETURN_IF_ERROR(store->OpenWriter());
  return store;
}

SqliteClvStore::~SqliteClvStore() {
  if (db_ != nullptr) db_->TryTruncateWal().status().IgnoreError();
}

void SqliteClvStore::CloseWriter() {
  ahead_.reset();
  changes_.reset();
  counter_.reset();
  latest_.reset();
  writes_.reset();
  reads_.reset();
  db_.reset();
}

absl::Status SqliteClvStore::OpenWriter() {
  CloseWriter();
  must_rewrite_ = true;
  CLV_ASSIGN_OR_RETURN(std::unique_ptr<Database> db,
                       Database::Open({.path = options_.path,
                                       .mode = Database::Mode::kReadWrite,
                                       .migrations = &ClvMigrations(),
                                       .syncs_commits = false,
                                       .wal_pages = 0,
                                       .cache_kib = options_.cache_kib}));
  CLV_ASSIGN_OR_RETURN(latest_, LatestActivity::Prepare(*db));
  CLV_ASSIGN_OR_RETURN(counter_, FactCounter::Prepare(*db));
  CLV_ASSIGN_OR_RETURN(changes_, CustomerChanges::Prepare(*db, options_.changes, options_.coming));
  CLV_ASSIGN_OR_RETURN(reads_, ClvReadStatements::Prepare(*db, &places_));
  CLV_ASSIGN_OR_RETURN(writes_, ClvWriteStatements::Prepare(*db));
  ahead_ = std::make_unique<FoldAhead>(options_.path, options_.ahead_cache_kib);
  db_ = std::move(db);
  return absl::OkStatus();
}

absl::Status SqliteClvStore::OpenWriterOnce() {
  return db_ != nullptr ? absl::OkStatus() : OpenWriter();
}

absl::StatusOr<std::unique_ptr<FoldTransaction>> SqliteClvStore::Begin() {
  std::unique_lock lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  CLV_ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(*db_, Transaction::Kind::kImmediate));
  CLV_ASSIGN_OR_RETURN(
      std::unique_ptr<FoldTransaction> fold,
      BeginFold(std::move(lock), std::move(transaction),
                {.reads = *reads_,
                 .writes = *writes_,
                 .places = places_,
                 .latest = *latest_,
                 .counter = *counter_,
                 .changes = *changes_,
                 .ahead = *ahead_,
                 .least_folded_ahead = options_.least_folded_ahead,
                 .committed = [this](LogPosition position) { return Committed(position); }}));
  // Another connection has folded: what this one remembers of the pages may be old.
  if (fold->checkpoint() != last_checkpoint_) reads_->purchases().Forget();
  last_checkpoint_ = fold->checkpoint();
  return fold;
}

absl::Status SqliteClvStore::Announce(LogPosition position) {
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  CLV_ASSIGN_OR_RETURN(const bool is_new, writes_->Announce(position));
  if (is_new && options_.folded != nullptr) options_.folded->Notify();
  return absl::OkStatus();
}

void SqliteClvStore::WarmUp() {
  std::lock_guard lock(writer_mutex_);
  if (!OpenWriterOnce().ok()) return;
  reads_->purchases().MayHold({}).status().IgnoreError();
  reads_->FindPlaces().IgnoreError();
}

absl::Status SqliteClvStore::Committed(LogPosition position) {
  last_checkpoint_ = position;
  // Who waits for the fold need not wait for what follows.
  if (options_.folded != nullptr) options_.folded->Notify();
  return KeepWalShort();
}

absl::Status SqliteClvStore::KeepWalShort() {
  const int pages_before = wal_pages_.exchange(db_->wal_pages());
  // A file that has become shorter was begun anew.
  if (wal_pages_ < std::max<int>(pages_before, written_back_pages_)) written_back_pages_ = 0;
  if (wal_pages_ < pages_before) in_the_way_at_.reset();
  if (wal_pages_ <= options_.long_wal_pages || keeper_does_ == Upkeep::kWriting) {
    return absl::OkStatus();
  }
  // A small fold shall not be held up for long. While large ones follow each other, there is never
  // less left, and the sooner one begins the file anew, the less is to be done.
  const bool is_large = wal_pages_ - pages_before >= options_.wal_pages_at_sync / kLargeFold;
  if (!is_large && keeper_does_ == Upkeep::kSyncing) return absl::OkStatus();
  const int little = (is_large ? kLittleOfLargeFold : 1) * options_.wal_pages_at_sync;
  const bool is_little_left = wal_pages_ - written_back_pages_ <= little;
  if (in_the_way_at_) {
    const int since = wal_pages_ - *in_the_way_at_;
    if (since <= (is_little_left ? little : options_.long_wal_pages)) return absl::OkStatus();
  } else if (!is_little_left && wal_pages_ <= 2 * options_.long_wal_pages) {
    return absl::OkStatus();
  }
  CLV_ASSIGN_OR_RETURN(const bool begins_anew, db_->TryRestartWal());
  // Where somebody is in the way again and again, most folds do without.
  if (!begins_anew) in_the_way_at_ = wal_pages_;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ClvReadTransaction>> SqliteClvStore::Read() {
  return read_connections_.Begin();
}

absl::StatusOr<std::unique_ptr<ClvReadTransaction>> SqliteClvReader::Read() {
  return connections_.Begin();
}

absl::Status SqliteClvStore::Scrub() {
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  CLV_ASSIGN_OR_RETURN(const LogPosition folded, reads_->Checkpoint());
  CLV_RETURN_IF_ERROR(Checked(EmptyWal()));
  CLV_RETURN_IF_ERROR(Checked(writes_->PublishDurable(folded)));
  return writes_->PublishOutcomes();
}

absl::Status SqliteClvStore::EmptyWal() {
  CLV_ASSIGN_OR_RETURN(const bool is_empty, db_->TryTruncateWal());
  if (!is_empty) return absl::AbortedError("a reader holds the write-ahead file");
  must_rewrite_ = false;
  wal_pages_ = 0;
  written_back_pages_ = 0;
  in_the_way_at_.reset();
  return absl::OkStatus();
}

absl::Status SqliteClvStore::Checked(absl::Status status) {
  if (status.ok()) return status;
  // A reader in the way is no fault of the disk.
  if (absl::IsAborted(status)) return absl::UnavailableError(status.message());
  CloseWriter();
  return status;
}

absl::Status SqliteClvStore::MakeDurable() {
  std::lock_guard keeper_lock(keeper_mutex_);
  LogPosition folded = 0;
  {
    std::lock_guard lock(writer_mutex_);
    CLV_RETURN_IF_ERROR(OpenWriterOnce());
    if (must_rewrite_) CLV_RETURN_IF_ERROR(Checked(EmptyWal()));
    CLV_ASSIGN_OR_RETURN(folded, reads_->Checkpoint());
  }
  const absl::Status kept = SyncAndWriteBack();
  if (!kept.ok()) keeper_.reset();
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(Checked(kept));
  // Opened again meanwhile, after an error of its own: see must_rewrite_.
  if (must_rewrite_) return absl::UnavailableError("the store was opened again meanwhile");
  return Checked(writes_->PublishDurable(folded));
}

absl::Status SqliteClvStore::SyncAndWriteBack() {
  if (keeper_ == nullptr) {
    CLV_ASSIGN_OR_RETURN(keeper_, Database::Open({.path = options_.path,
                                                  .mode = Database::Mode::kWriteBack,
                                                  .migrations = &ClvMigrations(),
                                                  .cache_kib = 256}));
    written_back_pages_ = 0;
  }
  CLV_RETURN_IF_ERROR(keeper_->SyncWal());
  for (int pass = 0; pass < kWriteBackPasses; ++pass) {
    if (wal_pages_ - written_back_pages_ <= options_.wal_pages_at_sync) break;
    keeper_does_ = Upkeep::kWriting;
    const absl::StatusOr<int> written_back = keeper_->WriteBack();
    const bool is_alone = written_back.ok() && *written_back > 0;  // else a fold is at it
    if (is_alone) written_back_pages_ = *written_back;
    // A fold that does the rest would sync all.
    keeper_does_ = Upkeep::kSyncing;
    const absl::Status synced = keeper_->SyncFile();
    keeper_does_ = Upkeep::kNothing;
    CLV_RETURN_IF_ERROR(written_back.status());
    CLV_RETURN_IF_ERROR(synced);
    if (!is_alone) break;
    if (wal_pages_ <= options_.long_wal_pages) break;
  }
  return absl::OkStatus();
}

absl::Status SqliteClvStore::Reopen() {
  std::lock_guard lock(writer_mutex_);
  return OpenWriter();
}

absl::StatusOr<LogPosition> SqliteClvStore::Checkpoint() {
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  return reads_->Checkpoint();
}

absl::Status SqliteClvStore::PutJob(const JobRecord& job) {
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  return writes_->PutJob(job);
}

absl::Status SqliteClvStore::Write(absl::FunctionRef<absl::Status(Database&)> write) {
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  CLV_ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(*db_, Transaction::Kind::kImmediate));
  CLV_RETURN_IF_ERROR(write(*db_));
  CLV_RETURN_IF_ERROR(transaction.Commit());
  if (options_.folded != nullptr) options_.folded->Notify();
  return KeepWalShort();
}

absl::StatusOr<std::vector<JobRecord>> SqliteClvStore::ListJobs(uint32_t limit) {
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  return reads_->ListJobs(limit);
}

}  // namespace clv::storage
