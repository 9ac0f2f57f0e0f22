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

}  // namespace

const Migrations& AuthMigrations() {
  static const Migrations migrations = {kVersion1};
  return migrations;
}

}  // namespace clv::storage
