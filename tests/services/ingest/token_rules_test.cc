#include "services/ingest/token_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace clv::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1'700'000'000;

std::string Error(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  return std::string(status.message());
}

TEST(TokenRulesTest, KnowsEveryEndpoint) {
  EXPECT_THAT(PipeNames(),
              ElementsAre("clv_by_acquisition_source", "clv_by_segment", "clv_model_info",
                          "clv_prediction", "customer_retention", "customer_segmentation",
                          "purchase_frequency_analysis", "total_customer_value"));
}

TEST(TokenRulesTest, NamesScopesThatItDoesNotHave) {
  for (const std::string scope : {"DATASOURCES:CREATE", "PIPES:CREATE", "WORKSPACE:READ_ALL",
                                  "ORG_DATASOURCES:READ", "SUPER"}) {
    EXPECT_THAT(Error(CheckTokenScopes({scope}).status()),
                HasSubstr("got '" + scope + "', want ADMIN"));
  }
}

TEST(TokenRulesTest, TellsThatFiltersAreNotSupported) {
  EXPECT_THAT(Error(CheckTokenScopes({"DATASOURCES:READ:customers:country = 'NL'"}).status()),
              HasSubstr("filters are not supported"));
}

TEST(TokenRulesTest, LimitsDescriptions) {
  EXPECT_TRUE(CheckTokenDescription("").ok());
  EXPECT_TRUE(CheckTokenDescription(std::string(1024, 'x')).ok());
  EXPECT_THAT(Error(CheckTokenDescription(std::string(1025, 'x'))),
              HasSubstr("description: got '1025 bytes'"));
  EXPECT_THAT(Error(CheckTokenDescription("\xff")), HasSubstr("want UTF-8"));
  EXPECT_THAT(Error(CheckTokenDescription("a\nb")), HasSubstr("without control characters"));
}

TEST(TokenRulesTest, LimitsAreNoNegativeNumbers) {
  EXPECT_TRUE(CheckTokenLimits({}).ok());
  EXPECT_TRUE(CheckTokenLimits({.requests_per_second = 0, .bytes_per_second = 0.5}).ok());
  EXPECT_THAT(Error(CheckTokenLimits({.requests_per_second = -1})),
              HasSubstr("limits.requests_per_second: got '-1', want a number from 0 to 1e+09"));
  EXPECT_THAT(
      Error(CheckTokenLimits({.bytes_per_second = std::numeric_limits<double>::infinity()})),
      HasSubstr("limits.bytes_per_second"));
  EXPECT_THAT(
      Error(CheckTokenLimits({.bytes_per_second = std::numeric_limits<double>::quiet_NaN()})),
      HasSubstr("limits.bytes_per_second"));
}

class JwtRulesTest : public ::testing::Test {
 protected:
  std::string ErrorOfClaims() const { return Error(CheckJwtClaims(claims_, kNow)); }

  rpc::JwtClaims claims_{.name = "user_1",
                         .expires_at_seconds = kNow + 1,
                         .scopes = {{"PIPES:READ:clv_by_segment", {{"country", "USA"}}},
                                    {"DATASOURCES:APPEND:customers", {}}}};
};

TEST_F(JwtRulesTest, TakesGoodClaims) {
  EXPECT_TRUE(CheckJwtClaims(claims_, kNow).ok());
  claims_.requests_per_second = -1;
  EXPECT_TRUE(CheckJwtClaims(claims_, kNow).ok());
}

TEST_F(JwtRulesTest, WantsAnExpiryInTheFuture) {
  claims_.expires_at_seconds = kNow;
  EXPECT_THAT(ErrorOfClaims(),
              HasSubstr("expiration_time: got '1700000000', want Unix seconds after"));
  claims_.expires_at_seconds = 0;
  EXPECT_THAT(ErrorOfClaims(), HasSubstr("expiration_time: got '0'"));
  claims_.expires_at_seconds = std::numeric_limits<int64_t>::max();
  EXPECT_THAT(ErrorOfClaims(), HasSubstr("expiration_time"));
}

TEST_F(JwtRulesTest, WantsANameThatIsNoAddress) {
  claims_.name = "";
  EXPECT_THAT(ErrorOfClaims(), HasSubstr("name: got ''"));
  claims_.name = "ann@example.com";
  EXPECT_THAT(ErrorOfClaims(), HasSubstr("name: got 'ann@example.com'"));
}

TEST_F(JwtRulesTest, WantsScopesOfWhatExists) {
  claims_.scopes = {{"PIPES:READ:nothing", {}}};
  EXPECT_THAT(ErrorOfClaims(), HasSubstr("scopes[0].resource: got 'PIPES:READ:nothing'"));
  claims_.scopes = {{"DATASOURCES:READ:clv_by_segment", {}}};
  EXPECT_THAT(ErrorOfClaims(), HasSubstr("scopes[0].resource"));
  claims_.scopes.clear();
  EXPECT_THAT(ErrorOfClaims(), HasSubstr("scopes: got '0 scopes'"));
}

TEST_F(JwtRulesTest, WantsFixedParametersThatTheEndpointHas) {
  claims_.scopes[0].params = {{"tenant", "acme"}};
  EXPECT_THAT(ErrorOfClaims(), HasSubstr("tenant: got 'acme'"));
  claims_.scopes[0].params = {{"limit", "-1"}};
  EXPECT_THAT(ErrorOfClaims(), HasSubstr("limit: got '-1'"));
}

TEST_F(JwtRulesTest, LimitsTheRate) {
  claims_.requests_per_second = 1e10;
  EXPECT_THAT(ErrorOfClaims(), HasSubstr("limits.rps"));
}

}  // namespace
}  // namespace clv::ingest
