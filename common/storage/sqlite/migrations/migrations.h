// common/storage/sqlite/migrations/migrations.h: the numbered schema steps of the three databases.
//
// Step n (1-based) takes a database from version n - 1 to n. A step that was released is never
// edited; the next change is the next step.
#ifndef CLV_COMMON_STORAGE_SQLITE_MIGRATIONS_MIGRATIONS_H_
#define CLV_COMMON_STORAGE_SQLITE_MIGRATIONS_MIGRATIONS_H_

#include <vector>

namespace clv::storage {

// SQL scripts in order; the index of a script plus one is its version.
using Migrations = std::vector<const char*>;

// event_log.db: the log and the quarantine.
const Migrations& EventLogMigrations();

// auth.db: the tokens and the audit log.
const Migrations& AuthMigrations();

// clv.db: facts, customer_clv, jobs, dead letters, the checkpoint.
const Migrations& ClvMigrations();

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_MIGRATIONS_MIGRATIONS_H_
