// common/storage/sqlite/migrations/migrations.h: the numbered schema steps of the three databases.
//
// Step n (1-based) takes a database from version n - 1 to n. A step that was released is never
// edited; the next change is the next step.
#ifndef CLV_COMMON_STORAGE_SQLITE_MIGRATIONS_MIGRATIONS_H_
#define CLV_COMMON_STORAGE_SQLITE_MIGRATIONS_MIGRATIONS_H_

#include <vector>

#include "absl/status/status.h"

namespace clv::storage {

class Database;

// One step: a SQL script, and then what SQL cannot say; all steps run in one transaction.
struct MigrationStep {
  const char* sql = nullptr;
  absl::Status (*work)(Database& db) = nullptr;
};

// The steps in order; the index of a step plus one is its version.
using Migrations = std::vector<MigrationStep>;

// event_log.db: the log and the quarantine.
const Migrations& EventLogMigrations();

// auth.db: the tokens and the audit log.
const Migrations& AuthMigrations();

// clv.db: facts, customer_clv, jobs, dead letters, the checkpoint.
const Migrations& ClvMigrations();

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_MIGRATIONS_MIGRATIONS_H_
