#include "common/rpc/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <string>

#include "common/rpc/jwt.h"
#include "tests/common/rpc/fake_tokens.h"

namespace clv::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Authenticator::Options AtOnce(storage::TokenReader* tokens) {
  return {.admin_token = "the-admin",
          .tokens = tokens,
          .refresh_interval = std::chrono::milliseconds(0)};
}

TEST(AuthenticatorTest, HashesWithSha256) {
  const std::string hash = HashToken("abc");
  ASSERT_EQ(hash.size(), 32u);
  EXPECT_EQ(static_cast<unsigned char>(hash[0]), 0xba);
  EXPECT_EQ(static_cast<unsigned char>(hash[31]), 0xad);
}

TEST(AuthenticatorTest, FindsTheAdmin) {
  const Authenticator authenticator(AtOnce(nullptr));
  const auto caller = authenticator.FindCaller("the-admin");
  ASSERT_TRUE(caller.ok());
  EXPECT_THAT(caller->scopes, ElementsAre("ADMIN"));
}

TEST(AuthenticatorTest, FindsAStoredToken) {
  FakeTokens tokens;
  tokens.Add("reader", "secret-1", {"PIPES:READ:x"});
  tokens.Add("writer", "secret-2", {"DATASOURCES:APPEND:y"});
  const Authenticator authenticator(AtOnce(&tokens));
  EXPECT_EQ(authenticator.FindCaller("secret-1")->name, "reader");
  EXPECT_THAT(authenticator.FindCaller("secret-2")->scopes, ElementsAre("DATASOURCES:APPEND:y"));
}

TEST(AuthenticatorTest, RefusesAnUnknownTokenWithoutRepeatingIt) {
  FakeTokens tokens;
  const Authenticator authenticator(AtOnce(&tokens));
  const absl::Status status = authenticator.FindCaller("wrong-secret").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("wrong-secret")));
}

TEST(AuthenticatorTest, AnEmptyAdminTokenOpensNothing) {
  FakeTokens tokens;
  const Authenticator authenticator({.admin_token = "", .tokens = &tokens});
  EXPECT_EQ(authenticator.FindCaller("").status().code(), absl::StatusCode::kUnauthenticated);
}

TEST(AuthenticatorTest, RefusesARevokedToken) {
  FakeTokens tokens;
  tokens.Add("reader", "secret", {"PIPES:READ:x"});
  const Authenticator authenticator(AtOnce(&tokens));
  ASSERT_TRUE(authenticator.FindCaller("secret").ok());
  tokens.Remove("reader");
  EXPECT_EQ(authenticator.FindCaller("secret").status().code(), absl::StatusCode::kUnauthenticated);
}

TEST(AuthenticatorTest, ReadsTheTokensOnlyWhenTheirVersionMoved) {
  FakeTokens tokens;
  tokens.Add("reader", "secret", {"PIPES:READ:x"});
  const Authenticator authenticator(AtOnce(&tokens));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(authenticator.FindCaller("secret").ok());
  EXPECT_EQ(tokens.lists(), 1);
}

TEST(AuthenticatorTest, IsUnavailableUntilTheTokensAreKnown) {
  FakeTokens tokens;
  tokens.Add("reader", "secret", {"PIPES:READ:x"});
  Authenticator authenticator(Authenticator::Options{});
  EXPECT_EQ(authenticator.FindCaller("secret").status().code(), absl::StatusCode::kUnavailable);
  authenticator.Open("new-admin", &tokens);
  EXPECT_TRUE(authenticator.FindCaller("secret").ok());
  EXPECT_TRUE(authenticator.FindCaller("new-admin").ok());
}

TEST(AuthenticatorTest, PassesOnThatTheTokensCannotBeRead) {
  FakeTokens tokens;
  tokens.Fail(absl::UnavailableError("busy"));
  const Authenticator authenticator(AtOnce(&tokens));
  EXPECT_EQ(authenticator.FindCaller("secret").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(authenticator.FindCaller("the-admin").ok());
}

TEST(AuthenticatorTest, TellsTheKindsOfCallersApart) {
  FakeTokens tokens;
  tokens.Add("reader", "secret", {"PIPES:READ:x"});
  const Authenticator authenticator(AtOnce(&tokens));
  EXPECT_EQ(authenticator.FindCaller("the-admin")->kind, CallerKind::kAdmin);
  EXPECT_EQ(authenticator.FindCaller("secret")->kind, CallerKind::kToken);
}

// A clock that the test turns.
class TestClock final : public Clock {
 public:
  int64_t NowMicros() const override { return seconds * 1'000'000; }
  std::atomic<int64_t> seconds = 1'700'000'000;
};

class AuthenticatorJwtTest : public ::testing::Test {
 protected:
  std::string Jwt(const std::string& key, int64_t lifetime = 60) {
    return SignJwt({.name = "user",
                    .expires_at_seconds = clock_.NowSeconds() + lifetime,
                    .scopes = {{"PIPES:READ:a", {{"country", "USA"}}}, {"PIPES:READ:b", {}}},
                    .requests_per_second = 5},
                   key);
  }

  absl::StatusCode Find(const std::string& token) {
    return authenticator_.FindCaller(token).status().code();
  }

  TestClock clock_;
  FakeTokens tokens_;
  std::optional<std::string> admin_ = "first-admin";
  Authenticator authenticator_{
      {.refresh_interval = std::chrono::milliseconds(0), .clock = &clock_}};
};

TEST_F(AuthenticatorJwtTest, FindsTheCallerOfAJwt) {
  authenticator_.Open("first-admin", &tokens_);
  const auto caller = authenticator_.FindCaller(Jwt("first-admin"));
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->name, "user");
  EXPECT_EQ(caller->kind, CallerKind::kJwt);
  EXPECT_TRUE(caller->May("PIPES:READ:b"));
  EXPECT_FALSE(caller->May("PIPES:READ:a"));
  EXPECT_TRUE(caller->MayWithFixedParams("PIPES:READ:a"));
  EXPECT_EQ(caller->limits.requests_per_second, 5.0);
}

TEST_F(AuthenticatorJwtTest, RefusesAJwtOfAnotherKeyWithoutRepeatingIt) {
  authenticator_.Open("first-admin", &tokens_);
  const std::string jwt = Jwt("another");
  const absl::Status status = authenticator_.FindCaller(jwt).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr(jwt)));
}

TEST_F(AuthenticatorJwtTest, RefusesAJwtOnceItHasExpired) {
  authenticator_.Open("first-admin", &tokens_);
  const std::string jwt = Jwt("first-admin", 60);
  EXPECT_EQ(Find(jwt), absl::StatusCode::kOk);
  clock_.seconds += 59;
  EXPECT_EQ(Find(jwt), absl::StatusCode::kOk);
  clock_.seconds += 1;
  EXPECT_EQ(Find(jwt), absl::StatusCode::kUnauthenticated);
}

TEST_F(AuthenticatorJwtTest, WithoutAdminTokenNoJwtIsValid) {
  authenticator_.Open("", &tokens_);
  EXPECT_EQ(Find(Jwt("")), absl::StatusCode::kUnauthenticated);
}

TEST_F(AuthenticatorJwtTest, ANewAdminTokenReplacesTheOldOneAndItsJwts) {
  authenticator_.Open([this] { return admin_; }, &tokens_);
  const std::string jwt = Jwt("first-admin");
  ASSERT_EQ(Find(jwt), absl::StatusCode::kOk);
  ASSERT_EQ(Find("first-admin"), absl::StatusCode::kOk);
  admin_ = "second-admin";
  tokens_.MoveVersion();
  EXPECT_EQ(Find("first-admin"), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Find(jwt), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Find("second-admin"), absl::StatusCode::kOk);
  EXPECT_EQ(Find(Jwt("second-admin")), absl::StatusCode::kOk);
}

TEST_F(AuthenticatorJwtTest, WhileThereIsNoAdminTokenTheLastOneStays) {
  authenticator_.Open([this] { return admin_; }, &tokens_);
  admin_ = std::nullopt;
  tokens_.MoveVersion();
  EXPECT_EQ(Find("first-admin"), absl::StatusCode::kOk);
  EXPECT_EQ(Find(""), absl::StatusCode::kUnauthenticated);
}

TEST_F(AuthenticatorJwtTest, AnOwnLimitComesWithTheToken) {
  tokens_.Add("limited", "secret", {"PIPES:READ:x"}, {.requests_per_second = 2});
  authenticator_.Open("first-admin", &tokens_);
  EXPECT_EQ(authenticator_.FindCaller("secret")->limits.requests_per_second, 2.0);
}

}  // namespace
}  // namespace clv::rpc
