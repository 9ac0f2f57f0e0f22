// common/storage/storage.h: the contracts between the services and a storage backend.
//
// Capabilities by type: ingest gets an EventLog, a TokenStore and an AuditLog, aggregation an
// EventReader and a ClvStore (clv_store.h), query a QuarantineReader, a Reports (reports.h) and a
// FoldProgress, none of which can write. Errors of every call unless said otherwise: UNAVAILABLE
// (busy or unreachable, retry), RESOURCE_EXHAUSTED (disk full), DATA_LOSS (corrupt),
// FAILED_PRECONDITION (schema newer than this program), INTERNAL.
#ifndef CLV_COMMON_STORAGE_STORAGE_H_
#define CLV_COMMON_STORAGE_STORAGE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/domain/records.h"

namespace clv::storage {

using domain::DataSource;

// Place of a record in the event log: 1, 2, 3, ... without gaps in commit order; 0 is before the
// first.
using LogPosition = uint64_t;

// Sizes of a database's files; 0 for one that is not there.
struct DatabaseSize {
  uint64_t database_bytes = 0;  // without its write-ahead file
  uint64_t wal_bytes = 0;       // of that
};

// The valid rows of one batch, or a command, ready for the log.
struct NewRecord {
  DataSource data_source = DataSource::kCustomers;
  int64_t received_at_seconds = 0;
  uint32_t row_count = 0;
  std::string payload;       // a serialised clv.log.v1.LogRecord; opaque here
  std::string load_id;       // not empty: a staged record of this load
  std::string commits_load;  // not empty: the record ends this load
};

// One column of a refused row.
struct QuarantinedColumn {
  std::string name;
  std::optional<std::string> raw;  // the value's own text as sent (strings without quotes,
                                   // unescaped); absent: absent or null
  std::string error;               // empty: this column is well
  std::string reason;              // the error without what was got: equal for all rows that break
                                   // the same rule
};

// A refused row.
struct QuarantinedRow {
  uint64_t id = 0;  // given by the log, rising; 0 before
  DataSource data_source = DataSource::kCustomers;
  std::vector<QuarantinedColumn>
      columns;         // all columns in the data source's order; empty when the text is no object
  std::string error;   // why the text as a whole was refused; empty when columns were
  std::string reason;  // the same without what was got
  std::string import_id;
  int64_t inserted_at_seconds = 0;
  std::string raw;          // cut at 16 KiB (on a UTF-8 boundary)
  uint64_t raw_length = 0;  // full length in bytes
};

// What is kept of an erased customer: a keyed hash of the id.
struct Tombstone {
  std::string id_hash;
  int64_t erased_at_seconds = 0;
};

// What one request writes: at most one record, its refused rows, and what goes with them in the
// same transaction.
struct LogBatch {
  std::optional<NewRecord> record;
  std::vector<QuarantinedRow> quarantined;
  std::vector<uint64_t> resolved;      // ids of quarantined rows that leave the quarantine
  std::optional<Tombstone> tombstone;  // the record, if there is one, is this customer's erasure
  uint64_t refused_erased_rows = 0;    // rows refused because they name an erased customer
};

// How many quarantined rows were refused for one reason.
struct QuarantineReasonCount {
  std::string column;  // empty when the text as a whole was refused
  std::string reason;
  uint64_t rows = 0;  // a row that breaks several rules counts for each
  int64_t last_inserted_at_seconds = 0;
};

// How much the quarantine of a data source holds and has lost to its limits.
struct QuarantineCounts {
  uint64_t rows = 0;
  uint64_t dropped_rows = 0;
};

// One record as it lies in the log.
struct LoggedRecord {
  LogPosition position = 0;
  DataSource data_source = DataSource::kCustomers;
  int64_t received_at_seconds = 0;
  uint32_t row_count = 0;
  std::string payload;
};

// The new content of a record that keeps its place.
struct RewrittenRecord {
  LogPosition position = 0;
  uint32_t row_count = 0;
  std::string payload;
};

// What erasure has left.
struct ErasedCounts {
  uint64_t customers = 0;     // ever erased
  uint64_t refused_rows = 0;  // rows refused since, ever
};

// The writer's side of the event log and the quarantine. One instance for each data directory.
// Thread-compatible: one thread writes; the const calls are thread-safe.
class EventLog {
 public:
  virtual ~EventLog() = default;

  // Appends the batches in one transaction; when it returns OK they are durable (they survive power
  // loss) and readers see them. Result: for each batch the position of its record, 0 for a batch
  // without one. On an error nothing was written, also when COMMIT itself failed and its outcome
  // had to be looked up.
  virtual absl::StatusOr<std::vector<LogPosition>> Append(const std::vector<LogBatch>& batches) = 0;

  // Drops the records up to and including `position`, but none of a load that may still be folded:
  // one that is not ended yet, or whose end lies beyond `position`; and none at all while an
  // erasure is open, which needs them to know the customer by. The caller knows that they are
  // folded durably. Positions are never given twice.
  virtual absl::Status TrimThrough(LogPosition position) = 0;

  // Position of the first staged record of a load; 0 when it has none.
  virtual LogPosition LoadStart(const std::string& load_id) const = 0;

  // Forgets a load that will never be ended, with its quarantined rows (import_id == load_id).
  // Loads that a process left open are forgotten when the log is opened.
  virtual absl::Status AbandonLoad(const std::string& load_id) = 0;

  // Gives retained records new content in one transaction. NOT_FOUND, and nothing is changed, when
  // one of them is not retained.
  virtual absl::Status ReplaceRecords(const std::vector<RewrittenRecord>& records) = 0;

  // Positions of the records that were appended with a tombstone and are not finished, rising.
  virtual std::vector<LogPosition> OpenErasures() const = 0;

  // Gives the record of an erasure its last content and closes the erasure, in one transaction.
  virtual absl::Status FinishErasure(const RewrittenRecord& record) = 0;

  // Removes the quarantined rows for which `is_meant` says so; their number.
  virtual absl::StatusOr<uint64_t> RemoveQuarantined(
      DataSource data_source, const std::function<bool(const QuarantinedRow&)>& is_meant) = 0;

  // Drops quarantined rows older than 30 days before `now_seconds`, then the oldest until at most
  // `max_bytes` of raw text are left, and counts what it drops.
  virtual absl::Status LimitQuarantine(int64_t now_seconds, uint64_t max_bytes) = 0;

  // Leaves nothing of removed content in the files: truncates the write-ahead file. UNAVAILABLE
  // while a reader holds it.
  virtual absl::Status Scrub() = 0;

  // Last position ever given; 0 when there is none.
  virtual LogPosition LastPosition() const = 0;

  // First retained position; 0 when the log holds no record.
  virtual LogPosition FirstRetainedPosition() const = 0;

  // Counts by data source; all three are present.
  virtual std::map<DataSource, QuarantineCounts> quarantine_counts() const = 0;

  // The key of the hashes in tombstones, 32 random bytes made with the log.
  virtual std::string ErasureKey() const = 0;

  // Hashes of all erased ids.
  virtual absl::StatusOr<std::vector<std::string>> ErasedHashes() = 0;
  virtual ErasedCounts erased_counts() const = 0;

  // Size of the log's files in bytes.
  virtual uint64_t SizeBytes() const = 0;
};

// What lies behind a position.
struct LogLag {
  LogPosition last_position = 0;
  LogPosition first_retained_position = 0;  // 0 when the log holds no record
  uint64_t rows = 0;                        // rows in records after the position
  int64_t oldest_received_at_seconds =
      0;  // of the first record after the position; 0 when there is none
};

// The reader's side of the event log. Thread-compatible.
class EventReader {
 public:
  virtual ~EventReader() = default;

  // Records after `after`, oldest first: as many as have at most `max_rows` rows together, and no
  // more bytes than the reader takes at once, but at least one if there is one. Never skips a
  // position. DATA_LOSS when a checksum does not match or the next position is missing.
  virtual absl::StatusOr<std::vector<LoggedRecord>> ReadAfter(LogPosition after,
                                                              uint64_t max_rows) = 0;

  // What lies behind `after`.
  virtual absl::StatusOr<LogLag> LagAfter(LogPosition after) = 0;

  // As EventLog::OpenErasures. Rows of such a customer may still lie before the record.
  virtual absl::StatusOr<std::vector<LogPosition>> OpenErasures() = 0;

  // Blocks until the log may hold more than at the last call, or `timeout` is over.
  virtual void WaitForAppend(std::chrono::milliseconds timeout) = 0;
};

// Reads the quarantine. Thread-safe.
class QuarantineReader {
 public:
  virtual ~QuarantineReader() = default;

  // Rows of a data source, newest first.
  virtual absl::StatusOr<std::vector<QuarantinedRow>> List(DataSource data_source, uint64_t limit,
                                                           uint64_t offset) = 0;

  // Number of rows held.
  virtual absl::StatusOr<uint64_t> Count(DataSource data_source) = 0;

  // Rows with an id greater than `after`, oldest first, at most `limit`.
  virtual absl::StatusOr<std::vector<QuarantinedRow>> ListAfter(DataSource data_source,
                                                                uint64_t after, uint64_t limit) = 0;

  // Rows by reason, most frequent first, then by column and reason.
  virtual absl::StatusOr<std::vector<QuarantineReasonCount>> CountByReason(
      DataSource data_source) = 0;
};

// A piece of long work of ingest as it is stored.
struct StoredJob {
  std::string job_id;
  int64_t created_at_seconds = 0;
  std::string job;  // a serialised clv.v1.Job; opaque here
};

// Keeps the jobs of ingest. Thread-safe.
class JobStore {
 public:
  virtual ~JobStore() = default;

  // Inserts or replaces; keeps the newest 1,000.
  virtual absl::Status PutJob(const StoredJob& job) = 0;

  // Newest first.
  virtual absl::StatusOr<std::vector<StoredJob>> ListJobs(uint32_t limit) = 0;
};

// Tells how far the fold is, to processes that do not fold. Thread-safe.
class FoldProgress {
 public:
  virtual ~FoldProgress() = default;

  // Last position whose fold is committed and announced: every answer from now on contains it.
  // UNAVAILABLE while there is no store yet.
  virtual absl::StatusOr<LogPosition> FoldedPosition() = 0;

  // Last position known to be folded even after power loss: the log is not needed up to there. The
  // same error.
  virtual absl::StatusOr<LogPosition> DurablePosition() = 0;

  // Waits until FoldedPosition reaches `position` or `timeout` is over; returns whether it has.
  virtual bool WaitUntilFolded(LogPosition position, std::chrono::milliseconds timeout) = 0;
};

// A token's own limits. Absent: those of the installation; 0: no limit.
struct TokenLimits {
  std::optional<double> requests_per_second = {};
  std::optional<double> bytes_per_second = {};

  friend bool operator==(const TokenLimits&, const TokenLimits&) = default;
};

// A token as it is stored: never its text.
struct StoredToken {
  std::string name;
  std::vector<std::string>
      scopes;  // canonical: ADMIN, TOKENS, DATASOURCES:APPEND:x, DATASOURCES:READ:x, PIPES:READ:x
  std::string hash;    // SHA-256 of the text, 32 bytes
  std::string prefix;  // its first 6 characters
  int64_t created_at_seconds = 0;
  std::string description = {};
  TokenLimits limits = {};
};

// Reads tokens. Thread-safe.
class TokenReader {
 public:
  virtual ~TokenReader() = default;

  // All tokens by name.
  virtual absl::StatusOr<std::vector<StoredToken>> ListTokens() = 0;

  // Moves when any process may have changed the tokens, or told of a new admin token.
  virtual absl::StatusOr<int64_t> TokensVersion() = 0;
};

// Something that was done, for the audit log. Holds no personal data and no texts of tokens.
struct AuditEntry {
  uint64_t id = 0;  // given by the log, rising; 0 before
  int64_t recorded_at_seconds = 0;
  std::string actor = {};    // name of the token that did it
  std::string action = {};   // `token.create`, `customer.erase`, ...
  std::string subject = {};  // name of a token or data source, id of a job
  std::string request_id = {};
};

// The audit log. Thread-safe. Entries are never changed or dropped.
class AuditLog {
 public:
  virtual ~AuditLog() = default;

  // Appends an entry, whose id is ignored; durable when it returns OK.
  virtual absl::Status Append(const AuditEntry& entry) = 0;

  // Entries, newest first.
  virtual absl::StatusOr<std::vector<AuditEntry>> List(uint64_t limit, uint64_t offset) = 0;

  // Number of entries.
  virtual absl::StatusOr<uint64_t> Count() = 0;
};

// Writes tokens. Each change and its entry of the audit log are one transaction: after an error
// there is neither. Thread-safe.
class TokenStore : public TokenReader {
 public:
  // ALREADY_EXISTS when the name is taken.
  virtual absl::Status CreateToken(const StoredToken& token, const AuditEntry& entry) = 0;

  // Replaces scopes, description and limits of the token of that name; the rest of `token` is
  // ignored. NOT_FOUND when there is none.
  virtual absl::Status UpdateToken(const StoredToken& token, const AuditEntry& entry) = 0;

  // Replaces hash and prefix of the token of that name; the rest of `token` is ignored. NOT_FOUND
  // when there is none.
  virtual absl::Status RefreshToken(const StoredToken& token, const AuditEntry& entry) = 0;

  // NOT_FOUND when there is none.
  virtual absl::Status DeleteToken(const std::string& name, const AuditEntry& entry) = 0;

  // Makes every process read the admin token, which lies elsewhere, again: moves TokensVersion.
  // Without an entry: nobody did anything, but the process may have ended before it could tell.
  virtual absl::Status AnnounceAdminToken(const std::optional<AuditEntry>& entry) = 0;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_STORAGE_H_
