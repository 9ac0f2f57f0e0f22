#include "common/storage/sqlite/backup.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {
namespace {

using IsStopping = std::function<bool()>;

absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path,
                                               const Migrations& migrations,
                                               const IsStopping& is_stopping) {
  CLV_ASSIGN_OR_RETURN(std::unique_ptr<Database> db,
                       Database::Open({.path = path,
                                       .mode = Database::Mode::kReadOnly,
                                       .migrations = &migrations,
                                       .cache_kib = 4 * 1024}));
  db->SetInterrupt(is_stopping);
  return db;
}

absl::StatusOr<int64_t> ReadNumber(Database& db, std::string_view sql) {
  CLV_ASSIGN_OR_RETURN(Statement statement, db.Prepare(sql));
  CLV_RETURN_IF_ERROR(statement.Step().status());
  return statement.Int(0);
}

absl::Status CheckIntegrity(Database& db) {
  CLV_ASSIGN_OR_RETURN(Statement check, db.Prepare("PRAGMA integrity_check(1)"));
  CLV_RETURN_IF_ERROR(check.Step().status());
  if (check.Text(0) == "ok") return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the copy ", db.path(), " is damaged"));
}

// Copies one database, checks the copy and leaves it open.
absl::StatusOr<std::unique_ptr<Database>> Copy(const std::string& from, const std::string& to,
                                               const Migrations& migrations,
                                               const IsStopping& is_stopping) {
  if (is_stopping()) return absl::CancelledError("told to stop");
  {
    CLV_ASSIGN_OR_RETURN(const auto source, Open(from, migrations, is_stopping));
    CLV_ASSIGN_OR_RETURN(Statement vacuum, source->Prepare("VACUUM INTO ?"));
    vacuum.Bind(1, std::string_view(to));
    CLV_RETURN_IF_ERROR(vacuum.Run());
  }
  // VACUUM INTO leaves that to its caller.
  CLV_RETURN_IF_ERROR(SyncPath(to));
  CLV_ASSIGN_OR_RETURN(std::unique_ptr<Database> copy, Open(to, migrations, is_stopping));
  CLV_RETURN_IF_ERROR(CheckIntegrity(*copy));
  return copy;
}

absl::Status CheckContinuity(Database& log, const CopiedInstallation& copied) {
  CLV_ASSIGN_OR_RETURN(const int64_t first,
                       ReadNumber(log, "SELECT COALESCE(MIN(position), 0) FROM log_records"));
  const auto first_retained = static_cast<LogPosition>(first);
  const bool goes_on = first_retained == 0 ? copied.log_position == copied.folded_position
                                           : first_retained <= copied.folded_position + 1;
  if (goes_on && copied.folded_position <= copied.log_position) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("the copied log, positions ", first_retained, " to ", copied.log_position,
                   ", does not go on where the copied facts end, at ", copied.folded_position));
}

absl::StatusOr<CopiedInstallation> CopyAll(const DataDirectory& from, const DataDirectory& to,
                                           const IsStopping& is_stopping) {
  CopiedInstallation copied;
  const auto note = [&](const std::string& name, const Migrations& migrations) {
    copied.databases.push_back({name, static_cast<int64_t>(migrations.size())});
  };
  {
    CLV_ASSIGN_OR_RETURN(const auto clv, Copy(from.clv(), to.clv(), ClvMigrations(), is_stopping));
    CLV_ASSIGN_OR_RETURN(const int64_t folded,
                         ReadNumber(*clv, "SELECT folded_position FROM checkpoint"));
    copied.folded_position = static_cast<LogPosition>(folded);
    note("clv.db", ClvMigrations());
  }
  {
    CLV_ASSIGN_OR_RETURN(const auto log,
                         Copy(from.event_log(), to.event_log(), EventLogMigrations(), is_stopping));
    CLV_ASSIGN_OR_RETURN(const int64_t last,
                         ReadNumber(*log, "SELECT last_position FROM log_state"));
    copied.log_position = static_cast<LogPosition>(last);
    CLV_RETURN_IF_ERROR(CheckContinuity(*log, copied));
    note("event_log.db", EventLogMigrations());
  }
  CLV_RETURN_IF_ERROR(Copy(from.auth(), to.auth(), AuthMigrations(), is_stopping).status());
  note("auth.db", AuthMigrations());
  return copied;
}

}  // namespace

absl::StatusOr<CopiedInstallation> SqliteInstallationCopier::CopyInto(
    const std::string& directory, const std::function<bool()>& is_stopping) {
  absl::StatusOr<CopiedInstallation> copied =
      CopyAll(directory_, DataDirectory{directory}, is_stopping);
  if (!copied.ok() && is_stopping()) return absl::CancelledError("told to stop");
  return copied;
}

}  // namespace clv::storage
