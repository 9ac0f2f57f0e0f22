// The authenticator on the real token database, as another process than the one that writes it.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/data_directory.h"
#include "common/rpc/authenticator.h"
#include "common/rpc/jwt.h"
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

  storage::SqliteTokenStore& Store() {
    if (store_ == nullptr) store_ = storage::SqliteTokenStore::Open(path()).value();
    return *store_;
  }

  void Create(const std::string& name, const std::string& text) {
    ASSERT_TRUE(Store()
                    .CreateToken({.name = name,
                                  .scopes = {"PIPES:READ:*"},
                                  .hash = HashToken(text),
                                  .prefix = text.substr(0, 6),
                                  .created_at_seconds = 1},
                                 {})
                    .ok());
  }

  absl::StatusCode Find(const std::string& token) {
    return authenticator_->FindCaller(token).status().code();
  }

  std::string directory_;
  std::unique_ptr<storage::SqliteTokenStore> store_;
  std::unique_ptr<storage::SqliteTokenReader> reader_;
  std::unique_ptr<Authenticator> authenticator_;
};

// Asks until `is_refused`; a call that began a second after `changed_at` must have been refused.
void ExpectRefusedWithinASecond(std::chrono::steady_clock::time_point changed_at,
                                const std::function<bool()>& is_refused) {
  for (bool refused = false; !refused;) {
    const auto began_at = std::chrono::steady_clock::now();
    refused = is_refused();
    ASSERT_TRUE(refused || began_at - changed_at < std::chrono::seconds(1));
  }
}

TEST_F(AuthenticatorSqliteTest, FollowsTheDatabaseFromBeforeItsCreationToARevocation) {
  EXPECT_EQ(Find("secret"), absl::StatusCode::kUnavailable);
  Store();
  EXPECT_EQ(Find("secret"), absl::StatusCode::kUnauthenticated);
  Create("reader", "secret");
  EXPECT_EQ(Find("secret"), absl::StatusCode::kOk);
  EXPECT_TRUE(authenticator_->FindCaller("secret")->May("PIPES:READ:clv_by_segment"));
  ASSERT_TRUE(Store().DeleteToken("reader", {}).ok());
  EXPECT_EQ(Find("secret"), absl::StatusCode::kUnauthenticated);
}

TEST_F(AuthenticatorSqliteTest, AnotherProcessRefusesARevokedTokenWithinASecond) {
  Create("reader", "secret");
  Authenticator other({});
  storage::SqliteTokenReader reader(path());
  other.Open("admin", &reader);
  ASSERT_TRUE(other.FindCaller("secret").ok());
  ASSERT_TRUE(Store().DeleteToken("reader", {}).ok());
  const auto revoked_at = std::chrono::steady_clock::now();
  ExpectRefusedWithinASecond(revoked_at, [&] { return !other.FindCaller("secret").ok(); });
  EXPECT_EQ(other.FindCaller("secret").status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(AuthenticatorSqliteTest, AnotherProcessTakesTheRefreshedTextAndNotTheOldWithinASecond) {
  Create("reader", "old-text");
  Authenticator other({});
  storage::SqliteTokenReader reader(path());
  other.Open("admin", &reader);
  ASSERT_TRUE(other.FindCaller("old-text").ok());
  ASSERT_TRUE(
      Store()
          .RefreshToken({.name = "reader", .hash = HashToken("new-text"), .prefix = "new-te"}, {})
          .ok());
  const auto refreshed_at = std::chrono::steady_clock::now();
  EXPECT_TRUE(other.FindCaller("new-text").ok()) << "the new text is known at once";
  ExpectRefusedWithinASecond(refreshed_at, [&] { return !other.FindCaller("old-text").ok(); });
}

TEST_F(AuthenticatorSqliteTest, AnotherProcessRefusesTheOldAdminTokenAndItsJwtsWithinASecond) {
  Store();
  const DataDirectory data{directory_};
  const std::string old_admin = CreateAdminToken(data).value();
  Authenticator other({});
  storage::SqliteTokenReader reader(path());
  other.Open([data] { return FindAdminToken(data); }, &reader);
  const std::string jwt = SignJwt({.name = "user",
                                   .expires_at_seconds = SystemClock().NowSeconds() + 3600,
                                   .scopes = {{"PIPES:READ:x", {}}}},
                                  old_admin);
  ASSERT_TRUE(other.FindCaller(old_admin).ok());
  ASSERT_TRUE(other.FindCaller(jwt).ok());

  const std::string new_admin = ReplaceAdminToken(data).value();
  ASSERT_TRUE(Store().AnnounceAdminToken(std::nullopt).ok());
  const auto replaced_at = std::chrono::steady_clock::now();
  EXPECT_TRUE(other.FindCaller(new_admin).ok()) << "the new token is known at once";
  ExpectRefusedWithinASecond(replaced_at, [&] {
    return !other.FindCaller(old_admin).ok() && !other.FindCaller(jwt).ok();
  });
}

}  // namespace
}  // namespace clv::rpc
