#include "common/storage/sqlite/migrations/migrations.h"

namespace clv::storage {
namespace {

// `log_state.last_position` outlives trimming, so that no position is ever given twice.
constexpr char kVersion1[] = R"sql(
CREATE TABLE log_records (
  position INTEGER PRIMARY KEY,
  data_source INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  row_count INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  payload BLOB NOT NULL
) STRICT;

CREATE TABLE log_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last_position INTEGER NOT NULL
) STRICT;
INSERT INTO log_state VALUES (1, 0);

CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  data_source INTEGER NOT NULL,
  inserted_at INTEGER NOT NULL,
  import_id TEXT NOT NULL,
  error TEXT NOT NULL,
  columns BLOB NOT NULL,
  raw TEXT NOT NULL,
  raw_length INTEGER NOT NULL
) STRICT;
CREATE INDEX quarantine_by_data_source ON quarantine (data_source, id);

CREATE TABLE quarantine_state (
  data_source INTEGER PRIMARY KEY,
  row_count INTEGER NOT NULL,
  raw_bytes INTEGER NOT NULL,
  dropped_rows INTEGER NOT NULL
) STRICT;
INSERT INTO quarantine_state VALUES (1, 0, 0, 0), (2, 0, 0, 0), (3, 0, 0, 0);
)sql";

// Loads, erasures, reasons of the quarantine, jobs. Rows that were quarantined before have no
// reasons.
constexpr char kVersion2[] = R"sql(
CREATE TABLE loads (
  load_id TEXT PRIMARY KEY,
  first_position INTEGER NOT NULL,
  end_position INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE tombstones (
  id_hash BLOB PRIMARY KEY,
  erased_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE open_erasures (
  position INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE erasure_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  hash_key BLOB NOT NULL,
  refused_rows INTEGER NOT NULL
) STRICT;
INSERT INTO erasure_state VALUES (1, randomblob(32), 0);

CREATE TABLE quarantine_reasons (
  quarantine_id INTEGER NOT NULL REFERENCES quarantine (id) ON DELETE CASCADE,
  data_source INTEGER NOT NULL,
  column_name TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (quarantine_id, column_name)
) STRICT, WITHOUT ROWID;
CREATE INDEX quarantine_reasons_by_reason
  ON quarantine_reasons (data_source, column_name, reason, quarantine_id);

CREATE TABLE jobs (
  job_id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  job BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_sequence ON jobs (sequence);
)sql";

// A load that comes to nothing takes its rows out of the quarantine.
constexpr char kVersion3[] = R"sql(
CREATE INDEX quarantine_by_import ON quarantine (import_id);
)sql";

}  // namespace

const Migrations& EventLogMigrations() {
  static const Migrations migrations = {{kVersion1}, {kVersion2}, {kVersion3}};
  return migrations;
}

}  // namespace clv::storage
