// common/storage/sqlite/token_store.h: tokens and the audit log in `auth.db`.
#ifndef CLV_COMMON_STORAGE_SQLITE_TOKEN_STORE_H_
#define CLV_COMMON_STORAGE_SQLITE_TOKEN_STORE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/storage.h"

namespace clv::storage {

// The one writer of `auth.db`; creates the file. Both interfaces share its connection.
class SqliteTokenStore final : public TokenStore, public AuditLog {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteTokenStore>> Open(const std::string& path);

  absl::StatusOr<std::vector<StoredToken>> ListTokens() override;
  absl::StatusOr<int64_t> TokensVersion() override;
  absl::Status CreateToken(const StoredToken& token, const AuditEntry& entry) override;
  absl::Status UpdateToken(const StoredToken& token, const AuditEntry& entry) override;
  absl::Status RefreshToken(const StoredToken& token, const AuditEntry& entry) override;
  absl::Status DeleteToken(const std::string& name, const AuditEntry& entry) override;
  absl::Status AnnounceAdminToken(const std::optional<AuditEntry>& entry) override;

  absl::Status Append(const AuditEntry& entry) override;
  absl::StatusOr<std::vector<AuditEntry>> List(uint64_t limit, uint64_t offset) override;
  absl::StatusOr<uint64_t> Count() override;

 private:
  // Runs `change` and writes the entry in one transaction; takes the mutex.
  absl::Status Change(const std::function<absl::Status()>& change,
                      const std::optional<AuditEntry>& entry);
  // In the transaction of the caller, which holds the mutex.
  absl::Status InsertScopes(const StoredToken& token);
  absl::Status InsertEntry(const AuditEntry& entry);

  std::mutex mutex_;
  std::unique_ptr<Database> db_;
  int64_t own_changes_ = 0;
};

// Reads `auth.db` in a process that does not write it; opened at the first use, UNAVAILABLE until
// it is there.
class SqliteTokenReader final : public TokenReader {
 public:
  explicit SqliteTokenReader(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::vector<StoredToken>> ListTokens() override;
  absl::StatusOr<int64_t> TokensVersion() override;

 private:
  absl::Status OpenOnce();  // mutex_ is held

  const std::string path_;
  std::mutex mutex_;
  std::unique_ptr<Database> db_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_TOKEN_STORE_H_
