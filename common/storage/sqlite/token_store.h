// common/storage/sqlite/token_store.h: tokens in `auth.db`.
#ifndef CLV_COMMON_STORAGE_SQLITE_TOKEN_STORE_H_
#define CLV_COMMON_STORAGE_SQLITE_TOKEN_STORE_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/storage.h"

namespace clv::storage {

// The one writer of `auth.db`; creates the file.
class SqliteTokenStore final : public TokenStore {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteTokenStore>> Open(const std::string& path);

  absl::StatusOr<std::vector<StoredToken>> ListTokens() override;
  absl::StatusOr<int64_t> TokensVersion() override;
  absl::Status CreateToken(const StoredToken& token) override;
  absl::Status DeleteToken(const std::string& name) override;

 private:
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
