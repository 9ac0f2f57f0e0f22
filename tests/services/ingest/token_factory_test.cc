#include "services/ingest/token_factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "common/rpc/authenticator.h"
#include "common/storage/sqlite/token_store.h"
#include "tests/services/ingest/temp_directory.h"

namespace clv::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TokenFactoryTest : public ::testing::Test {
 protected:
  absl::StatusOr<NewToken> Create(const std::string& name, const std::vector<std::string>& scopes) {
    return Create({.name = name, .scopes = scopes});
  }
  absl::StatusOr<NewToken> Create(const TokenRequest& request) {
    return CreateToken(*store_, SystemClock(), request, {.action = "token.create"});
  }

  TempDirectory directory_;
  std::unique_ptr<storage::SqliteTokenStore> store_ =
      storage::SqliteTokenStore::Open(directory_.path() + "/auth.db").value();
};

TEST_F(TokenFactoryTest, StoresTheHashAndShowsTheText) {
  const NewToken token = Create("t", {"TOKENS"}).value();
  EXPECT_EQ(token.secret.size(), 47u);
  EXPECT_TRUE(token.secret.starts_with("clv_"));
  const storage::StoredToken stored = store_->ListTokens().value().at(0);
  EXPECT_EQ(stored.hash, rpc::HashToken(token.secret));
  EXPECT_EQ(stored.prefix, token.secret.substr(0, 6));
  EXPECT_NE(Create("u", {"TOKENS"}).value().secret, token.secret);
}

TEST_F(TokenFactoryTest, MakesScopesCanonical) {
  EXPECT_THAT(Create("t", {"PIPE:READ:clv_by_segment", "DATASOURCE:APPEND:purchases",
                           "DATASOURCES:READ:*", "DATASOURCES:APPEND:purchases", "ADMIN"})
                  .value()
                  .stored.scopes,
              ElementsAre("ADMIN", "DATASOURCES:APPEND:purchases", "DATASOURCES:READ:*",
                          "PIPES:READ:clv_by_segment"));
}

TEST_F(TokenFactoryTest, RefusesScopesOfWhatDoesNotExist) {
  for (const std::string scope :
       {"", "admin", "DATASOURCES:APPEND:", "DATASOURCES:APPEND:orders", "DATASOURCES:CREATE",
        "PIPES:READ:nothing", "PIPES:READ:purchases", "DATASOURCES:READ:customers:country='NL'",
        "DATASOURCES:DROP:customers"}) {
    const absl::Status status = Create("t", {"TOKENS", scope}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << scope;
    EXPECT_THAT(std::string(status.message()), HasSubstr("scopes[1]: got '"));
  }
  EXPECT_EQ(Create("t", {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(store_->ListTokens().value().empty());
}

TEST_F(TokenFactoryTest, RefusesBadNames) {
  for (const std::string& name :
       {std::string(), std::string("a/b"), std::string(129, 'x'), std::string("\n")}) {
    EXPECT_EQ(Create(name, {"TOKENS"}).status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_TRUE(Create("My token-1.0_x", {"TOKENS"}).ok());
}

TEST_F(TokenFactoryTest, RefusesTakenNames) {
  ASSERT_TRUE(Create("t", {"TOKENS"}).ok());
  EXPECT_EQ(Create("t", {"ADMIN"}).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Create("admin", {"TOKENS"}).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(TokenFactoryTest, MakesDefaultTokensOnce) {
  const std::vector<NewToken> made = EnsureDefaultTokens(*store_, SystemClock()).value();
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].stored.name, "append");
  EXPECT_THAT(made[0].stored.scopes, ElementsAre("DATASOURCES:APPEND:*"));
  EXPECT_EQ(made[1].stored.name, "read");
  EXPECT_THAT(made[1].stored.scopes, ElementsAre("PIPES:READ:*"));
  EXPECT_TRUE(EnsureDefaultTokens(*store_, SystemClock()).value().empty());
}

TEST_F(TokenFactoryTest, DefaultTokensAreInTheAuditLog) {
  ASSERT_TRUE(EnsureDefaultTokens(*store_, SystemClock()).ok());
  const std::vector<storage::AuditEntry> entries = store_->List(10, 0).value();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].action, "token.create");
  EXPECT_EQ(entries[1].subject, "append");
  EXPECT_EQ(entries[1].actor, "first start");
}

TEST_F(TokenFactoryTest, KeepsDescriptionAndLimits) {
  ASSERT_TRUE(Create({.name = "t",
                      .scopes = {"TOKENS"},
                      .description = "for the shop",
                      .limits = {.requests_per_second = 2}})
                  .ok());
  const storage::StoredToken stored = store_->ListTokens().value().at(0);
  EXPECT_EQ(stored.description, "for the shop");
  EXPECT_EQ(stored.limits.requests_per_second, 2.0);
}

TEST_F(TokenFactoryTest, ARefreshMakesAnotherText) {
  const NewToken first = Create("t", {"TOKENS"}).value();
  const NewToken second = RefreshToken(*store_, first.stored, {.action = "token.refresh"}).value();
  EXPECT_NE(second.secret, first.secret);
  EXPECT_EQ(store_->ListTokens().value().at(0).hash, rpc::HashToken(second.secret));
  EXPECT_EQ(store_->ListTokens().value().at(0).prefix, second.secret.substr(0, 6));
  EXPECT_EQ(RefreshToken(*store_, {.name = "nobody"}, {}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(TokenFactoryTest, NoTextIsOnDisk) {
  const NewToken token = Create("t", {"TOKENS"}).value();
  for (const char* file : {"/auth.db", "/auth.db-wal"}) {
    std::ifstream stream(directory_.path() + file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_EQ(bytes.find(token.secret.substr(8)), std::string::npos) << file;
  }
}

TEST(ShownPrefixTest, ShowsNothingOfAShortText) {
  EXPECT_EQ(ShownPrefix("clv_0123456789abcdef"), "clv_01");
  EXPECT_EQ(ShownPrefix("hunter2"), "");
}

}  // namespace
}  // namespace clv::ingest
