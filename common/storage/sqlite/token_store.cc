#include "common/storage/sqlite/token_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv::storage {
namespace {

std::optional<double> OptionalDouble(const Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Double(column);
}

void BindOptional(Statement& statement, int index, const std::optional<double>& value) {
  if (value) {
    statement.BindDouble(index, *value);
  } else {
    statement.BindNull(index);
  }
}

absl::StatusOr<std::vector<StoredToken>> ReadTokens(Database& db) {
  CLV_ASSIGN_OR_RETURN(
      Statement select,
      db.Prepare("SELECT name, hash, prefix, created_at, scope, description, requests_per_second, "
                 "bytes_per_second FROM tokens LEFT JOIN token_scopes USING (name) "
                 "ORDER BY name, position"));
  std::vector<StoredToken> tokens;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, select.Step());
    if (!has_row) return tokens;
    if (tokens.empty() || tokens.back().name != select.Text(0)) {
      tokens.push_back({.name = std::string(select.Text(0)),
                        .scopes = {},
                        .hash = std::string(select.Blob(1)),
                        .prefix = std::string(select.Text(2)),
                        .created_at_seconds = select.Int(3),
                        .description = std::string(select.Text(5)),
                        .limits = {.requests_per_second = OptionalDouble(select, 6),
                                   .bytes_per_second = OptionalDouble(select, 7)}});
    }
    if (!select.IsNull(4)) tokens.back().scopes.emplace_back(select.Text(4));
  }
}

absl::Status NoSuchToken(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("name: there is no token \"", name, "\""));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteTokenStore>> SqliteTokenStore::Open(const std::string& path) {
  auto store = std::make_unique<SqliteTokenStore>();
  CLV_ASSIGN_OR_RETURN(store->db_, Database::Open({.path = path,
                                                   .mode = Database::Mode::kReadWrite,
                                                   .migrations = &AuthMigrations(),
                                                   .cache_kib = 512}));
  return store;
}

absl::StatusOr<std::vector<StoredToken>> SqliteTokenStore::ListTokens() {
  std::lock_guard lock(mutex_);
  return ReadTokens(*db_);
}

absl::StatusOr<int64_t> SqliteTokenStore::TokensVersion() {
  std::lock_guard lock(mutex_);
  // data_version tells of other connections only, and this one is the file's only writer.
  return own_changes_;
}

absl::Status SqliteTokenStore::Change(const std::function<absl::Status()>& change,
                                      const std::optional<AuditEntry>& entry) {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(*db_, Transaction::Kind::kImmediate));
  CLV_RETURN_IF_ERROR(change());
  if (entry) CLV_RETURN_IF_ERROR(InsertEntry(*entry));
  // Before the outcome is known: after an error of COMMIT readers must look, too.
  ++own_changes_;
  return transaction.Commit();
}

absl::Status SqliteTokenStore::InsertScopes(const StoredToken& token) {
  CLV_ASSIGN_OR_RETURN(
      Statement scope,
      db_->Prepare("INSERT INTO token_scopes (name, position, scope) VALUES (?, ?, ?)"));
  for (size_t i = 0; i < token.scopes.size(); ++i) {
    scope.Bind(1, token.name);
    scope.Bind(2, static_cast<int64_t>(i));
    scope.Bind(3, token.scopes[i]);
    CLV_RETURN_IF_ERROR(scope.Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteTokenStore::InsertEntry(const AuditEntry& entry) {
  CLV_ASSIGN_OR_RETURN(
      Statement insert,
      db_->Prepare("INSERT INTO audit_log (recorded_at, actor, action, subject, request_id) "
                   "VALUES (?, ?, ?, ?, ?)"));
  insert.Bind(1, entry.recorded_at_seconds);
  insert.Bind(2, entry.actor);
  insert.Bind(3, entry.action);
  insert.Bind(4, entry.subject);
  insert.Bind(5, entry.request_id);
  return insert.Run();
}

absl::Status SqliteTokenStore::CreateToken(const StoredToken& token, const AuditEntry& entry) {
  return Change(
      [&]() -> absl::Status {
        CLV_ASSIGN_OR_RETURN(Statement exists, db_->Prepare("SELECT 1 FROM tokens WHERE name = ?"));
        exists.Bind(1, token.name);
        CLV_ASSIGN_OR_RETURN(const bool taken, exists.Step());
        exists.Reset();
        if (taken) {
          return absl::AlreadyExistsError(
              absl::StrCat("name: there is a token \"", token.name, "\""));
        }
        CLV_ASSIGN_OR_RETURN(
            Statement insert,
            db_->Prepare("INSERT INTO tokens (name, hash, prefix, created_at, description, "
                         "requests_per_second, bytes_per_second) VALUES (?, ?, ?, ?, ?, ?, ?)"));
        insert.Bind(1, token.name);
        insert.BindBlob(2, token.hash);
        insert.Bind(3, token.prefix);
        insert.Bind(4, token.created_at_seconds);
        insert.Bind(5, token.description);
        BindOptional(insert, 6, token.limits.requests_per_second);
        BindOptional(insert, 7, token.limits.bytes_per_second);
        CLV_RETURN_IF_ERROR(insert.Run());
        return InsertScopes(token);
      },
      entry);
}

absl::Status SqliteTokenStore::UpdateToken(const StoredToken& token, const AuditEntry& entry) {
  return Change(
      [&]() -> absl::Status {
        CLV_ASSIGN_OR_RETURN(
            Statement update,
            db_->Prepare("UPDATE tokens SET description = ?, requests_per_second = ?, "
                         "bytes_per_second = ? WHERE name = ?"));
        update.Bind(1, token.description);
        BindOptional(update, 2, token.limits.requests_per_second);
        BindOptional(update, 3, token.limits.bytes_per_second);
        update.Bind(4, token.name);
        CLV_RETURN_IF_ERROR(update.Run());
        if (db_->changes() == 0) return NoSuchToken(token.name);
        CLV_ASSIGN_OR_RETURN(Statement remove,
                             db_->Prepare("DELETE FROM token_scopes WHERE name = ?"));
        remove.Bind(1, token.name);
        CLV_RETURN_IF_ERROR(remove.Run());
        return InsertScopes(token);
      },
      entry);
}

absl::Status SqliteTokenStore::RefreshToken(const StoredToken& token, const AuditEntry& entry) {
  return Change(
      [&]() -> absl::Status {
        CLV_ASSIGN_OR_RETURN(Statement update,
                             db_->Prepare("UPDATE tokens SET hash = ?, prefix = ? WHERE name = ?"));
        update.BindBlob(1, token.hash);
        update.Bind(2, token.prefix);
        update.Bind(3, token.name);
        CLV_RETURN_IF_ERROR(update.Run());
        return db_->changes() == 0 ? NoSuchToken(token.name) : absl::OkStatus();
      },
      entry);
}

absl::Status SqliteTokenStore::DeleteToken(const std::string& name, const AuditEntry& entry) {
  return Change(
      [&]() -> absl::Status {
        CLV_ASSIGN_OR_RETURN(Statement remove, db_->Prepare("DELETE FROM tokens WHERE name = ?"));
        remove.Bind(1, name);
        CLV_RETURN_IF_ERROR(remove.Run());
        return db_->changes() == 0 ? NoSuchToken(name) : absl::OkStatus();
      },
      entry);
}

absl::Status SqliteTokenStore::AnnounceAdminToken(const std::optional<AuditEntry>& entry) {
  return Change([&] { return db_->Execute("UPDATE admin_token SET changes = changes + 1"); },
                entry);
}

absl::Status SqliteTokenStore::Append(const AuditEntry& entry) {
  std::lock_guard lock(mutex_);
  return InsertEntry(entry);
}

absl::StatusOr<std::vector<AuditEntry>> SqliteTokenStore::List(uint64_t limit, uint64_t offset) {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(
      Statement select,
      db_->Prepare("SELECT id, recorded_at, actor, action, subject, request_id FROM audit_log "
                   "ORDER BY id DESC LIMIT ? OFFSET ?"));
  select.Bind(1, static_cast<int64_t>(limit));
  select.Bind(2, static_cast<int64_t>(offset));
  std::vector<AuditEntry> entries;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, select.Step());
    if (!has_row) return entries;
    entries.push_back({.id = static_cast<uint64_t>(select.Int(0)),
                       .recorded_at_seconds = select.Int(1),
                       .actor = std::string(select.Text(2)),
                       .action = std::string(select.Text(3)),
                       .subject = std::string(select.Text(4)),
                       .request_id = std::string(select.Text(5))});
  }
}

absl::StatusOr<uint64_t> SqliteTokenStore::Count() {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(Statement select, db_->Prepare("SELECT COUNT(*) FROM audit_log"));
  CLV_RETURN_IF_ERROR(select.Step().status());
  return static_cast<uint64_t>(select.Int(0));
}

absl::Status SqliteTokenReader::OpenOnce() {
  if (db_ != nullptr) return absl::OkStatus();
  CLV_ASSIGN_OR_RETURN(db_, Database::Open({.path = path_,
                                            .mode = Database::Mode::kReadOnly,
                                            .migrations = &AuthMigrations(),
                                            .cache_kib = 512}));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StoredToken>> SqliteTokenReader::ListTokens() {
  std::lock_guard lock(mutex_);
  CLV_RETURN_IF_ERROR(OpenOnce());
  return ReadTokens(*db_);
}

absl::StatusOr<int64_t> SqliteTokenReader::TokensVersion() {
  std::lock_guard lock(mutex_);
  CLV_RETURN_IF_ERROR(OpenOnce());
  return db_->DataVersion();
}

}  // namespace clv::storage
