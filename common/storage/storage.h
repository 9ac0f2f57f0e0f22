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

// The valid rows of one batch, ready for the log.
struct NewRecord {
  DataSource data_source = DataSource::kCustomers;
  int64_t received_at_seconds = 0;
  uint32_t row_count = 0;
  std::string payload;  // a serialised clv.log.v1.LogRecord; opaque here
};

// One column of a refused row.
struct QuarantinedColumn {
  std::string name;
  std::optional<std::string> raw;  // the value's own text as sent (strings without quotes,
                                   // unescaped); absent: absent or null
  std::string error;               // empty: this column is well
};

// A refused row.
struct QuarantinedRow {
  uint64_t id = 0;  // given by the log, rising; 0 before
  DataSource data_source = DataSource::kCustomers;
  std::vector<QuarantinedColumn>
      columns;        // all columns in the data source's order; empty when the text is no object
  std::string error;  // why the text as a whole was refused; empty when columns were
  std::string import_id;
  int64_t inserted_at_seconds = 0;
  std::string raw;          // cut at 16 KiB (on a UTF-8 boundary)
  uint64_t raw_length = 0;  // full length in bytes
};

// What one request writes: at most one record and its refused rows.
struct LogBatch {
  std::optional<NewRecord> record;
  std::vector<QuarantinedRow> quarantined;
};

// How much the quarantine of a data source holds and has lost to its limits.
struct QuarantineCounts {
  uint64_t rows = 0;
  uint64_t dropped_rows = 0;
};

// The writer's side of the event log and the quarantine. One instance for each data directory.
// Thread-compatible: one thread appends; the const calls are thread-safe.
class EventLog {
 public:
  virtual ~EventLog() = default;

  // Appends the batches in one transaction; when it returns OK they are durable (they survive power
  // loss) and readers see them. Result: for each batch the position of its record, 0 for a batch
  // without one. On an error nothing was written, also when COMMIT itself failed and its outcome
  // had to be looked up.
  virtual absl::StatusOr<std::vector<LogPosition>> Append(const std::vector<LogBatch>& batches) = 0;

  // Drops the records up to and including `position`. The caller knows that they are folded
  // durably. Positions are never given twice.
  virtual absl::Status TrimThrough(LogPosition position) = 0;

  // Drops quarantined rows older than 30 days before `now_seconds`, then the oldest until at most
  // `max_bytes` of raw text are left, and counts what it drops.
  virtual absl::Status LimitQuarantine(int64_t now_seconds, uint64_t max_bytes) = 0;

  // Last position ever given; 0 when there is none.
  virtual LogPosition LastPosition() const = 0;

  // First retained position; 0 when the log holds no record.
  virtual LogPosition FirstRetainedPosition() const = 0;

  // Counts by data source; all three are present.
  virtual std::map<DataSource, QuarantineCounts> quarantine_counts() const = 0;

  // Size of the log's files in bytes.
  virtual uint64_t SizeBytes() const = 0;
};

// One record as it lies in the log.
struct LoggedRecord {
  LogPosition position = 0;
  DataSource data_source = DataSource::kCustomers;
  int64_t received_at_seconds = 0;
  uint32_t row_count = 0;
  std::string payload;
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

  // Records after `after`, oldest first: as many as have at most `max_rows` rows together, but at
  // least one if there is one. Never skips a position. DATA_LOSS when a checksum does not match or
  // the next position is missing.
  virtual absl::StatusOr<std::vector<LoggedRecord>> ReadAfter(LogPosition after,
                                                              uint64_t max_rows) = 0;

  // What lies behind `after`.
  virtual absl::StatusOr<LogLag> LagAfter(LogPosition after) = 0;

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
};

// Tells how far the fold is, to processes that do not fold. Thread-safe.
class FoldProgress {
 public:
  virtual ~FoldProgress() = default;

  // Last position whose fold is committed and durable. UNAVAILABLE while there is no store yet.
  virtual absl::StatusOr<LogPosition> FoldedPosition() = 0;

  // Waits until `position` is folded or `timeout` is over; returns whether it is.
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
