// common/storage/sqlite/db.h: one SQLite connection, its statements and its errors.
//
// The only place that knows SQLite's result codes. Thread-compatible: a connection and its
// statements belong to one thread at a time.
#ifndef CLV_COMMON_STORAGE_SQLITE_DB_H_
#define CLV_COMMON_STORAGE_SQLITE_DB_H_

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "common/storage/sqlite/wal_index.h"
#include "common/storage/storage.h"

namespace clv::storage {

// A prepared statement. Bind, Step until it returns false, read columns, Reset; then again. Indexes
// of parameters start at 1, of columns at 0.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  // Binds values; texts are copied. An empty optional binds NULL. The parameter must exist. A value
  // for which there is no memory fails the next Step.
  void Bind(int index, int64_t value);
  void Bind(int index, std::string_view text);
  void Bind(int index, const std::optional<int64_t>& value);
  void BindDouble(int index, double value);
  void BindBlob(int index, std::string_view bytes);
  void BindNull(int index);
  // NULL when `text` is empty.
  void BindTextOrNull(int index, std::string_view text);

  // Runs to the next row; false at the end.
  absl::StatusOr<bool> Step();

  // Runs a statement that gives no rows, and resets it.
  absl::Status Run();

  // Makes the statement ready for the next run; bindings stay.
  void Reset();

  // Columns of the present row. A NULL reads as 0 or "".
  int64_t Int(int column) const;
  double Double(int column) const;
  std::string_view Text(int column) const;  // valid until the next Step or Reset
  std::string_view Blob(int column) const;  // likewise
  bool IsNull(int column) const;
  std::optional<int64_t> OptionalInt(int column) const;

  sqlite3_stmt* raw() const { return statement_.get(); }

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  void KeepBindError(int code);

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
  int bind_error_ = SQLITE_OK;
};

// A connection to one database file.
class Database {
 public:
  enum class Mode {
    kReadWrite,  // creates the file, migrates it to the newest version
    kReadOnly,   // UNAVAILABLE until another process has made and migrated the file
    kWriteBack,  // likewise; for SyncWal and WriteBack of what another connection has written
  };
  struct Options {
    std::string path;
    Mode mode = Mode::kReadOnly;
    // The schema; a file of a newer version is refused with FAILED_PRECONDITION. Must outlive
    // nothing: it is read while opening.
    const Migrations* migrations = nullptr;
    // Syncs what opening has found in the write-ahead file; kReadWrite always does, and writes it
    // back into the database where no reader is in the way. For readers of
    // whose finds something durable is made elsewhere: a killed writer may have left commits that
    // are visible now and would be lost with the power.
    bool syncs_finds = false;
    // synchronous=FULL: a commit is durable when it returns. Else it is when a later one is (see
    // SyncCommits), or when its pages are back in the database.
    bool syncs_commits = true;
    // secure_delete=ON: what is deleted is overwritten at once. Else (FAST) whole pages keep it
    // until GiveBackFreePages.
    bool overwrites_deleted = true;
    // Whether GiveBackFreePages can make the file smaller. A file made without it is rewritten
    // once.
    bool shrinks = false;
    // Pages (4 KiB) of the write-ahead file from which on a commit writes it back; an error of that
    // goes unseen. 0: WriteBack alone does it, by this connection or another.
    int wal_pages = 1'000;
    int cache_kib = 16 * 1024;
    std::chrono::milliseconds busy_timeout{5000};
  };

  // Opens with WAL, synchronous=FULL, foreign keys, secure_delete, mmap off.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const Options& options);

  // Prepares `sql`; meant to be kept.
  absl::StatusOr<Statement> Prepare(std::string_view sql);

  // Runs one or several statements without parameters.
  absl::Status Execute(const std::string& sql);

  // Rows changed by the last statement.
  int64_t changes() const { return sqlite3_changes64(db_.get()); }

  // Neither a transaction nor a statement is under way.
  bool IsIdle() const;

  int64_t last_insert_rowid() const { return sqlite3_last_insert_rowid(db_.get()); }

  // Moves whenever another connection commits to the file (PRAGMA data_version). Takes a tenth of a
  // microsecond where nobody has.
  absl::StatusOr<int64_t> DataVersion();

  // Interrupts statements of this connection once `deadline` is past: they fail with
  // DEADLINE_EXCEEDED. max() lifts it.
  void SetDeadline(std::chrono::steady_clock::time_point deadline);

  // Interrupts statements of this connection once `is_stopping`, which they ask often, says so:
  // they fail with DEADLINE_EXCEEDED. Empty lifts it.
  void SetInterrupt(std::function<bool()> is_stopping) { is_stopping_ = std::move(is_stopping); }

  // Waits until DataVersion differs from `*seen` (then stores it there) or `timeout` is over: looks
  // every millisecond at first, every 5 ms when nothing happens.
  void WaitForCommit(int64_t* seen, std::chrono::milliseconds timeout);

  // Whether the next commits are durable when they return, and all before them with them.
  absl::Status SyncCommits(bool syncs);

  // Writes as much of the write-ahead file back into the database as no reader needs, durably;
  // commits may go on meanwhile. Returns how many of the file's pages (4 KiB each) are written back
  // then; 0 while another connection is doing it.
  absl::StatusOr<int> WriteBack();
  // Pages of the write-ahead file after the last commit; of a connection that was opened with
  // wal_pages 0.
  int wal_pages() const { return wal_pages_; }

  // Makes all that was committed before the call durable.
  absl::Status SyncWal();
  // Writes to the disk what WriteBack left to the system, which it does where commits went on
  // meanwhile: the next one has the less to sync.
  absl::Status SyncFile();

  // Calls of the system that have written to the write-ahead file; of a kReadWrite connection.
  uint64_t wal_writes() const { return *wal_writes_; }

  // Takes the free pages out of the file when there are more than `kept` (4 KiB each).
  absl::Status GiveBackFreePages(int64_t kept);

  // Writes the write-ahead file back into the database, so that the next commit begins it anew;
  // waits a while for those who read older states, and for another connection that writes back.
  // False: one was in the way for longer.
  absl::StatusOr<bool> TryRestartWal();
  // Likewise, and empties the file.
  absl::StatusOr<bool> TryTruncateWal();

  // Writes the write-ahead file back into the database and empties it. UNAVAILABLE while a reader
  // holds it; does not wait for one for long.
  absl::Status TruncateWal();

  const std::string& path() const { return path_; }
  sqlite3* raw() const { return db_.get(); }

 private:
  struct Closer {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  Database(sqlite3* db, std::string path) : path_(std::move(path)), db_(db) {}

  static int IsInterrupted(void* database);
  static int CountWalPages(void* database, sqlite3* handle, const char* name, int pages);
  // `which_file`: the file control that gives it.
  absl::Status Sync(int which_file, std::string_view doing);
  absl::Status Configure(const Options& options);
  // Makes the journal of the file a write-ahead file, where it is none.
  absl::Status UseWal();
  absl::Status Migrate(const Migrations& migrations, Mode mode);
  // Runs a `PRAGMA wal_checkpoint` that waits for readers; false: one was in the way for too long.
  absl::StatusOr<bool> WriteBackBehindReaders(std::string_view sql);
  absl::Status MakeShrinkable();
  absl::StatusOr<int64_t> ReadNumber(std::string_view sql);

  std::string path_;
  std::unique_ptr<sqlite3, Closer> db_;
  // Of DataVersion: what it said last, and the header of the wal-index from before; absent: ask.
  Statement data_version_;
  int64_t last_version_ = 0;
  std::optional<WalIndexHeader> last_header_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::function<bool()> is_stopping_;
  int wal_pages_ = 0;
  std::shared_ptr<const uint64_t> wal_writes_ = std::make_shared<uint64_t>(0);
  std::chrono::milliseconds busy_timeout_{0};
};

// A transaction that is rolled back unless committed.
class Transaction {
 public:
  enum class Kind { kDeferred, kImmediate };
  static absl::StatusOr<Transaction> Begin(Database& db, Kind kind);

  Transaction(Transaction&& other) noexcept : db_(other.db_) { other.db_ = nullptr; }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // After an error the outcome is unknown to the caller until it has looked: the transaction may or
  // may not be durable.
  absl::Status Commit();

 private:
  explicit Transaction(Database& db) : db_(&db) {}
  Database* db_;
};

// Size of a database file and its write-ahead file in bytes, and each for itself.
uint64_t DatabaseBytes(const std::string& path);
DatabaseSize SizeOfDatabase(const std::string& path);

// The status for a SQLite result code: busy and locked -> UNAVAILABLE, full -> RESOURCE_EXHAUSTED,
// corrupt -> DATA_LOSS, interrupt -> DEADLINE_EXCEEDED, constraint -> ALREADY_EXISTS (unique) or
// INVALID_ARGUMENT, cannot open -> UNAVAILABLE, I/O -> UNAVAILABLE, else INTERNAL. Text: `sqlite:
// <what>: <message>`; never SQL text or values.
absl::Status SqliteError(int code, std::string_view what, sqlite3* db);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_DB_H_
