#include "common/storage/sqlite/token_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv::storage {
namespace {

absl::StatusOr<std::vector<StoredToken>> ReadTokens(Database& db) {
  CLV_ASSIGN_OR_RETURN(
      Statement select,
      db.Prepare("SELECT name, hash, prefix, created_at, scope FROM tokens LEFT JOIN token_scopes "
                 "USING (name) ORDER BY name, position"));
  std::vector<StoredToken> tokens;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, select.Step());
    if (!has_row) return tokens;
    if (tokens.empty() || tokens.back().name != select.Text(0)) {
      tokens.push_back({.name = std::string(select.Text(0)),
                        .scopes = {},
                        .hash = std::string(select.Blob(1)),
                        .prefix = std::string(select.Text(2)),
                        .created_at_seconds = select.Int(3)});
    }
    if (!select.IsNull(4)) tokens.back().scopes.emplace_back(select.Text(4));
  }
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

absl::Status SqliteTokenStore::CreateToken(const StoredToken& token) {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(*db_, Transaction::Kind::kImmediate));
  CLV_ASSIGN_OR_RETURN(Statement exists, db_->Prepare("SELECT 1 FROM tokens WHERE name = ?"));
  exists.Bind(1, token.name);
  CLV_ASSIGN_OR_RETURN(const bool taken, exists.Step());
  exists.Reset();
  if (taken) {
    return absl::AlreadyExistsError(absl::StrCat("name: there is a token \"", token.name, "\""));
  }
  CLV_ASSIGN_OR_RETURN(
      Statement insert,
      db_->Prepare("INSERT INTO tokens (name, hash, prefix, created_at) VALUES (?, ?, ?, ?)"));
  insert.Bind(1, token.name);
  insert.BindBlob(2, token.hash);
  insert.Bind(3, token.prefix);
  insert.Bind(4, token.created_at_seconds);
  CLV_RETURN_IF_ERROR(insert.Run());
  CLV_ASSIGN_OR_RETURN(
      Statement scope,
      db_->Prepare("INSERT INTO token_scopes (name, position, scope) VALUES (?, ?, ?)"));
  for (size_t i = 0; i < token.scopes.size(); ++i) {
    scope.Bind(1, token.name);
    scope.Bind(2, static_cast<int64_t>(i));
    scope.Bind(3, token.scopes[i]);
    CLV_RETURN_IF_ERROR(scope.Run());
  }
  CLV_RETURN_IF_ERROR(transaction.Commit());
  ++own_changes_;
  return absl::OkStatus();
}

absl::Status SqliteTokenStore::DeleteToken(const std::string& name) {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(Statement remove, db_->Prepare("DELETE FROM tokens WHERE name = ?"));
  remove.Bind(1, name);
  CLV_RETURN_IF_ERROR(remove.Run());
  if (db_->changes() == 0) {
    return absl::NotFoundError(absl::StrCat("name: there is no token \"", name, "\""));
  }
  ++own_changes_;
  return absl::OkStatus();
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
