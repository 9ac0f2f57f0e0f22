// The authenticator on the real token database, as another process than the one that writes it.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "common/rpc/authenticator.h"
#include "common/storage/sqlite/token_store.h"

namespace clv::rpc {
namespace {

class AuthenticatorSqliteTest : public ::testing::Test {
 protected:
  AuthenticatorSqliteTest() {
    std::string pattern = ::testing::TempDir() + "clv_auth_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    reader_ = std::make_unique<storage::SqliteTokenReader>(path());
    authenticator_ = std::make_unique<Authenticator>(Authenticator::Options{
        .tokens = reader_.get(), .refresh_interval = std::chrono::milliseconds(0)});
  }

  ~AuthenticatorSqliteTest() override { std::filesystem::remove_all(directory_); }

  std::string path() const { return directory_ + "/auth.db"; }

  absl::StatusCode Find(const std::string& token) {
    return authenticator_->FindCaller(token).status().code();
  }

  std::string directory_;
  std::unique_ptr<storage::SqliteTokenReader> reader_;
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(AuthenticatorSqliteTest, FollowsTheDatabaseFromBeforeItsCreationToARevocation) {
  EXPECT_EQ(Find("secret"), absl::StatusCode::kUnavailable);
  auto store = storage::SqliteTokenStore::Open(path());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(Find("secret"), absl::StatusCode::kUnauthenticated);
  ASSERT_TRUE((*store)
                  ->CreateToken({.name = "reader",
                                 .scopes = {"PIPES:READ:*"},
                                 .hash = HashToken("secret"),
                                 .prefix = "secret",
                                 .created_at_seconds = 1})
                  .ok());
  EXPECT_EQ(Find("secret"), absl::StatusCode::kOk);
  EXPECT_TRUE(authenticator_->FindCaller("secret")->May("PIPES:READ:clv_by_segment"));
  ASSERT_TRUE((*store)->DeleteToken("reader").ok());
  EXPECT_EQ(Find("secret"), absl::StatusCode::kUnauthenticated);
}

}  // namespace
}  // namespace clv::rpc
