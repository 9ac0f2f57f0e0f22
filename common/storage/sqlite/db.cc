#include "common/storage/sqlite/db.h"

#include <sys/stat.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/failpoints.h"
#include "common/base/seeded_bugs.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/wal_gathering.h"

namespace clv::storage {
namespace {

using std::chrono::steady_clock;

// The thread that writes must not wait for a slow reader.
constexpr std::chrono::milliseconds kReaderWait(50);

// A busy handler. Readers come and go within milliseconds: the pauses of SQLite's own handler, of
// up to 20 of them, mostly meet the next one.
int PauseForReader(void* until, int /*calls*/) {
  if (steady_clock::now() >= *static_cast<steady_clock::time_point*>(until)) return 0;
  std::this_thread::sleep_for(std::chrono::microseconds(200));
  return 1;
}

uint64_t FileSize(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

absl::StatusOr<int64_t> UserVersion(Database& db) {
  CLV_ASSIGN_OR_RETURN(Statement statement, db.Prepare("PRAGMA user_version"));
  CLV_RETURN_IF_ERROR(statement.Step().status());
  return statement.Int(0);
}

}  // namespace

absl::Status SqliteError(int code, std::string_view what, sqlite3* db) {
  const char* text = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const std::string message = absl::StrCat("sqlite: ", std::string(what), ": ", text);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
      return absl::UnavailableError(message);
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return absl::ResourceExhaustedError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(message);
    case SQLITE_INTERRUPT:
      return absl::DeadlineExceededError("the deadline passed while the database was at work");
    case SQLITE_CONSTRAINT:
      return sqlite3_extended_errcode(db) == SQLITE_CONSTRAINT_CHECK
                 ? absl::InvalidArgumentError(message)
                 : absl::AlreadyExistsError(message);
    default:
      return absl::InternalError(message);
  }
}

void Statement::KeepBindError(int code) {
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
}

void Statement::Bind(int index, int64_t value) {
  KeepBindError(sqlite3_bind_int64(raw(), index, value));
}

void Statement::Bind(int index, std::string_view text) {
  // A null pointer would bind NULL where an empty text is meant.
  KeepBindError(sqlite3_bind_text64(raw(), index, text.data() != nullptr ? text.data() : "",
                                    text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::Bind(int index, const std::optional<int64_t>& value) {
  value ? Bind(index, *value) : BindNull(index);
}

void Statement::BindDouble(int index, double value) {
  KeepBindError(sqlite3_bind_double(raw(), index, value));
}

void Statement::BindBlob(int index, std::string_view bytes) {
  KeepBindError(sqlite3_bind_blob64(raw(), index, bytes.data() != nullptr ? bytes.data() : "",
                                    bytes.size(), SQLITE_TRANSIENT));
}

void Statement::BindNull(int index) { KeepBindError(sqlite3_bind_null(raw(), index)); }

void Statement::BindTextOrNull(int index, std::string_view text) {
  text.empty() ? BindNull(index) : Bind(index, text);
}

absl::StatusOr<bool> Statement::Step() {
  if (bind_error_ != SQLITE_OK) {
    return SqliteError(std::exchange(bind_error_, SQLITE_OK), "binding a value", nullptr);
  }
  const int code = sqlite3_step(raw());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  absl::Status error = SqliteError(code, "running a statement", sqlite3_db_handle(raw()));
  sqlite3_reset(raw());
  return error;
}

absl::Status Statement::Run() {
  absl::StatusOr<bool> row = Step();
  Reset();
  return row.status();
}

void Statement::Reset() { sqlite3_reset(raw()); }

int64_t Statement::Int(int column) const { return sqlite3_column_int64(raw(), column); }

double Statement::Double(int column) const { return sqlite3_column_double(raw(), column); }

std::string_view Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(raw(), column));
  return text == nullptr ? std::string_view()
                         : std::string_view(text, sqlite3_column_bytes(raw(), column));
}

std::string_view Statement::Blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(raw(), column));
  return bytes == nullptr ? std::string_view()
                          : std::string_view(bytes, sqlite3_column_bytes(raw(), column));
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(raw(), column) == SQLITE_NULL;
}

std::optional<int64_t> Statement::OptionalInt(int column) const {
  return IsNull(column) ? std::nullopt : std::optional<int64_t>(Int(column));
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const Options& options) {
  // Counting memory takes one lock for all connections at every allocation. Refused, and of no
  // consequence, where SQLite is at work already.
  static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)uncounted;
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (options.mode == Mode::kReadWrite   ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                     : options.mode == Mode::kWriteBack ? SQLITE_OPEN_READWRITE
                                                        : SQLITE_OPEN_READONLY);
  const int code = sqlite3_open_v2(options.path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> db(new Database(handle, options.path));
  if (code != SQLITE_OK) return SqliteError(code, "opening " + options.path, handle);
  CLV_RETURN_IF_ERROR(db->Configure(options));
  CLV_RETURN_IF_ERROR(db->Migrate(*options.migrations, options.mode));
  if (options.mode == Mode::kReadWrite) db->wal_writes_ = GatherWalWrites(handle);
  if (options.shrinks) CLV_RETURN_IF_ERROR(db->MakeShrinkable());
  if (options.syncs_finds || options.mode == Mode::kReadWrite) CLV_RETURN_IF_ERROR(db->SyncWal());
  // Where a sync has failed before, no later one writes what that left, though it says so.
  if (options.mode == Mode::kReadWrite) CLV_RETURN_IF_ERROR(db->TryTruncateWal().status());
  return db;
}

absl::Status Database::SyncWal() {
  return Sync(SQLITE_FCNTL_JOURNAL_POINTER, "syncing the write-ahead file");
}

absl::Status Database::SyncFile() {
  return Sync(SQLITE_FCNTL_FILE_POINTER, "syncing the database file");
}

absl::Status Database::Sync(int which_file, std::string_view doing) {
  sqlite3_file* file = nullptr;
  int code = sqlite3_file_control(raw(), "main", which_file, &file);
  if (code == SQLITE_OK && file != nullptr && file->pMethods != nullptr) {
    code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  }
  if (code != SQLITE_OK) return SqliteError(code, doing, nullptr);
  return absl::OkStatus();
}

int Database::IsInterrupted(void* database) {
  const auto* const db = static_cast<Database*>(database);
  const bool is_over = std::chrono::steady_clock::now() > db->deadline_;
  return is_over || (db->is_stopping_ && db->is_stopping_()) ? 1 : 0;
}

absl::Status Database::Configure(const Options& options) {
  sqlite3_extended_result_codes(raw(), 1);
  busy_timeout_ = options.busy_timeout;
  sqlite3_busy_timeout(raw(), static_cast<int>(busy_timeout_.count()));
  CLV_RETURN_IF_ERROR(Execute(absl::StrCat(
      "PRAGMA mmap_size=0; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-",
      options.cache_kib)));
  if (options.mode == Mode::kReadWrite) {
    if (options.shrinks) CLV_RETURN_IF_ERROR(Execute("PRAGMA auto_vacuum=INCREMENTAL"));
    CLV_RETURN_IF_ERROR(UseWal());
    CLV_RETURN_IF_ERROR(
        Execute(absl::StrCat("PRAGMA secure_delete=", options.overwrites_deleted ? "ON" : "FAST",
                             "; PRAGMA wal_autocheckpoint=", options.wal_pages)));
    if (options.wal_pages == 0) sqlite3_wal_hook(raw(), CountWalPages, this);
    CLV_RETURN_IF_ERROR(SyncCommits(options.syncs_commits));
  }
  sqlite3_progress_handler(raw(), 10'000, IsInterrupted, this);
  return absl::OkStatus();
}

absl::Status Database::UseWal() {
  constexpr std::chrono::milliseconds kRetryWait(2);
  const auto until = std::chrono::steady_clock::now() + busy_timeout_;
  while (true) {
    absl::Status status = Execute("PRAGMA journal_mode=WAL");
    // SQLite does not wait where two make a file's journal one at once.
    const bool is_busy = (sqlite3_errcode(raw()) & 0xff) == SQLITE_BUSY;
    if (status.ok() || !is_busy || std::chrono::steady_clock::now() >= until) return status;
    std::this_thread::sleep_for(kRetryWait);
  }
}

int Database::CountWalPages(void* database, sqlite3*, const char*, int pages) {
  static_cast<Database*>(database)->wal_pages_ = pages;
  return SQLITE_OK;
}

absl::StatusOr<int> Database::WriteBack() {
  CLV_ASSIGN_OR_RETURN(Statement checkpoint, Prepare("PRAGMA wal_checkpoint(PASSIVE)"));
  CLV_RETURN_IF_ERROR(checkpoint.Step().status());
  constexpr int kWrittenBack = 2;
  return static_cast<int>(std::max<int64_t>(0, checkpoint.Int(kWrittenBack)));
}

absl::Status Database::MakeShrinkable() {
  CLV_ASSIGN_OR_RETURN(const int64_t mode, ReadNumber("PRAGMA auto_vacuum"));
  constexpr int64_t kIncremental = 2;
  if (mode == kIncremental) return absl::OkStatus();
  const absl::Status rewritten = Execute("PRAGMA auto_vacuum=INCREMENTAL; VACUUM");
  // A disk too full for it is no reason not to open: the next time will do.
  return absl::IsDataLoss(rewritten) ? rewritten : absl::OkStatus();
}

absl::Status Database::GiveBackFreePages(int64_t kept) {
  CLV_ASSIGN_OR_RETURN(const int64_t free, ReadNumber("PRAGMA freelist_count"));
  return free > kept ? Execute("PRAGMA incremental_vacuum") : absl::OkStatus();
}

absl::StatusOr<int64_t> Database::ReadNumber(std::string_view sql) {
  CLV_ASSIGN_OR_RETURN(Statement number, Prepare(sql));
  CLV_RETURN_IF_ERROR(number.Step().status());
  return number.Int(0);
}

absl::Status Database::SyncCommits(bool syncs) {
  const bool is_full = syncs && !IsSeeded(SeededBug::kNormalSoldAsFull);
  return Execute(is_full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
}

absl::Status Database::Migrate(const Migrations& migrations, Mode mode) {
  CLV_ASSIGN_OR_RETURN(int64_t version, UserVersion(*this));
  const auto newest = static_cast<int64_t>(migrations.size());
  if (version > newest) {
    return absl::FailedPreconditionError(absl::StrCat(path_, " has schema version ", version,
                                                      ", this program knows up to ", newest,
                                                      "; use a newer program"));
  }
  if (version == newest) return absl::OkStatus();
  if (mode != Mode::kReadWrite) {
    return absl::UnavailableError(absl::StrCat(path_, " is not migrated yet"));
  }
  CLV_ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(*this, Transaction::Kind::kImmediate));
  CLV_ASSIGN_OR_RETURN(version, UserVersion(*this));
  for (; version < newest; ++version) {
    const MigrationStep& step = migrations[version];
    CLV_RETURN_IF_ERROR(Execute(step.sql));
    if (step.work != nullptr) CLV_RETURN_IF_ERROR(step.work(*this));
    ReachFailpoint("db.migrating");
  }
  CLV_RETURN_IF_ERROR(Execute(absl::StrCat("PRAGMA user_version=", newest)));
  return transaction.Commit();
}

absl::StatusOr<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(raw(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return SqliteError(code, "preparing a statement", raw());
  return Statement(statement);
}

bool Database::IsIdle() const {
  sqlite3* const db = db_.get();
  bool is_idle = sqlite3_get_autocommit(db) != 0;
  for (sqlite3_stmt* one = sqlite3_next_stmt(db, nullptr); one != nullptr && is_idle;
       one = sqlite3_next_stmt(db, one)) {
    is_idle = sqlite3_stmt_busy(one) == 0;
  }
  return is_idle;
}

absl::Status Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(raw(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return SqliteError(code, "running a script", raw());
  return absl::OkStatus();
}

absl::StatusOr<int64_t> Database::DataVersion() {
  std::optional<WalIndexHeader> header;
  if (data_version_.raw() == nullptr) {
    CLV_ASSIGN_OR_RETURN(data_version_, Prepare("PRAGMA data_version"));
  } else {
    header = ReadWalIndexHeader(raw());
    if (header && header == last_header_) return last_version_;
  }
  last_header_.reset();
  CLV_RETURN_IF_ERROR(data_version_.Step().status());
  last_version_ = data_version_.Int(0);
  data_version_.Reset();
  last_header_ = header;
  return last_version_;
}

void Database::SetDeadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }

void Database::WaitForCommit(int64_t* seen, std::chrono::milliseconds timeout) {
  constexpr int kBusyPolls = 50;
  const auto until = std::chrono::steady_clock::now() + timeout;
  for (int polls = 0;; ++polls) {
    const absl::StatusOr<int64_t> version = DataVersion();
    if (!version.ok() || *version != *seen) {
      *seen = version.value_or(*seen);
      return;
    }
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds::zero()) return;
    const std::chrono::milliseconds step(polls < kBusyPolls ? 1 : 5);
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(step, left));
  }
}

absl::StatusOr<bool> Database::WriteBackBehindReaders(std::string_view sql) {
  CLV_ASSIGN_OR_RETURN(Statement checkpoint, Prepare(sql));
  steady_clock::time_point until = steady_clock::now() + kReaderWait;
  sqlite3_busy_handler(raw(), &PauseForReader, &until);
  const absl::Status status = checkpoint.Step().status();
  sqlite3_busy_timeout(raw(), static_cast<int>(busy_timeout_.count()));
  CLV_RETURN_IF_ERROR(status);
  return checkpoint.Int(0) == 0;
}

absl::StatusOr<bool> Database::TryRestartWal() {
  return WriteBackBehindReaders("PRAGMA wal_checkpoint(RESTART)");
}

absl::StatusOr<bool> Database::TryTruncateWal() {
  ReachFailpoint("db.before_truncate");
  absl::StatusOr<bool> is_truncated = WriteBackBehindReaders("PRAGMA wal_checkpoint(TRUNCATE)");
  ReachFailpoint("db.after_truncate");
  return is_truncated;
}

absl::Status Database::TruncateWal() {
  CLV_ASSIGN_OR_RETURN(const bool is_truncated, TryTruncateWal());
  if (!is_truncated) return absl::UnavailableError("the write-ahead file is in use");
  return absl::OkStatus();
}

DatabaseSize SizeOfDatabase(const std::string& path) {
  return {.database_bytes = FileSize(path), .wal_bytes = FileSize(path + "-wal")};
}

uint64_t DatabaseBytes(const std::string& path) {
  const DatabaseSize size = SizeOfDatabase(path);
  return size.database_bytes + size.wal_bytes;
}

absl::StatusOr<Transaction> Transaction::Begin(Database& db, Kind kind) {
  // One that could not be rolled back, for want of memory, would be in the way for ever.
  if (sqlite3_get_autocommit(db.raw()) == 0) CLV_RETURN_IF_ERROR(db.Execute("ROLLBACK"));
  // First: BEGIN may fail after it has begun.
  Transaction transaction(db);
  CLV_RETURN_IF_ERROR(db.Execute(kind == Kind::kImmediate ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED"));
  return transaction;
}

Transaction::~Transaction() {
  if (db_ != nullptr && sqlite3_get_autocommit(db_->raw()) == 0) {
    // Begin rolls back what this cannot.
    (void)db_->Execute("ROLLBACK");
  }
}

absl::Status Transaction::Commit() {
  CLV_RETURN_IF_ERROR(db_->Execute("COMMIT"));
  db_ = nullptr;
  return absl::OkStatus();
}

}  // namespace clv::storage
