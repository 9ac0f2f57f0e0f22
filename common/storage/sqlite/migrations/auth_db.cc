#include "common/storage/sqlite/migrations/migrations.h"

namespace clv::storage {
namespace {

constexpr char kVersion1[] = R"sql(
CREATE TABLE tokens (
  name TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE token_scopes (
  name TEXT NOT NULL REFERENCES tokens (name) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  scope TEXT NOT NULL,
  PRIMARY KEY (name, position)
) STRICT, WITHOUT ROWID;
)sql";

// Limits are NULL where the installation's count. The admin token itself is no row of a database:
// its number of changes tells other processes when to read it again.
constexpr char kVersion2[] = R"sql(
ALTER TABLE tokens ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN requests_per_second REAL;
ALTER TABLE tokens ADD COLUMN bytes_per_second REAL;

CREATE TABLE admin_token (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  changes INTEGER NOT NULL
) STRICT;
INSERT INTO admin_token VALUES (1, 0);

CREATE TABLE audit_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recorded_at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  request_id TEXT NOT NULL
) STRICT;
)sql";

}  // namespace

const Migrations& AuthMigrations() {
  static const Migrations migrations = {{kVersion1}, {kVersion2}};
  return migrations;
}

}  // namespace clv::storage
