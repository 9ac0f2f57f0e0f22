#include "common/rpc/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace clv::rpc
