#include "services/ingest/token_factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    return CreateToken(*store_, SystemClock(), name, scopes);
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

TEST_F(TokenFactoryTest, KnowsTheSevenEndpoints) {
  EXPECT_THAT(PipeNames(),
              ElementsAre("clv_by_acquisition_source", "clv_by_segment", "clv_prediction",
                          "customer_retention", "customer_segmentation",
                          "purchase_frequency_analysis", "total_customer_value"));
}

}  // namespace
}  // namespace clv::ingest
