#include "common/rpc/jwt_claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace clv::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string Error(const std::string& json) {
  const absl::Status status = ReadJwtClaims(json).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json;
  return std::string(status.message());
}

std::string WithScope(const std::string& scope) { return R"({"scopes":[)" + scope + "]}"; }

TEST(JwtClaimsTest, ReadsTheBodyOfTheTypeScriptClient) {
  const auto claims = ReadJwtClaims(
      R"({"name": "user_123", "scopes": [{"type": "PIPES:READ", "resource": "clv_by_segment",)"
      R"( "fixed_params": {"country": "USA", "limit": 5, "ratio": 0.5, "active": true}}],)"
      R"( "limits": {"rps": 10}})");
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->name, "user_123");
  EXPECT_EQ(claims->expires_at_seconds, 0);
  ASSERT_EQ(claims->scopes.size(), 1u);
  EXPECT_EQ(claims->scopes[0].scope, "PIPES:READ:clv_by_segment");
  EXPECT_THAT(claims->scopes[0].params, ElementsAre(Pair("active", "true"), Pair("country", "USA"),
                                                    Pair("limit", "5"), Pair("ratio", "0.5")));
  EXPECT_EQ(claims->requests_per_second, 10.0);
}

TEST(JwtClaimsTest, TakesSingularSpellings) {
  const auto claims = ReadJwtClaims(WithScope(
      R"({"type":"PIPE:READ","resource":"a"},{"type":"DATASOURCE:APPEND","resource":"b"})"));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->scopes[0].scope, "PIPES:READ:a");
  EXPECT_EQ(claims->scopes[1].scope, "DATASOURCES:APPEND:b");
}

TEST(JwtClaimsTest, TakesNullsAsAbsent) {
  const auto claims = ReadJwtClaims(
      R"({"name":null,"exp":null,"limits":null,"scopes":[{"type":"PIPES:READ","resource":"a","fixed_params":null,"filter":null}]})");
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_THAT(claims->scopes[0].params, IsEmpty());
  EXPECT_FALSE(claims->requests_per_second.has_value());
}

TEST(JwtClaimsTest, NamesWhatIsWrong) {
  EXPECT_THAT(Error(""), HasSubstr("a JSON object"));
  EXPECT_THAT(Error("[1]"), HasSubstr("a JSON object"));
  EXPECT_THAT(Error("{"), HasSubstr("a JSON object"));
  EXPECT_THAT(Error(R"({"name":5,"scopes":[]})"), HasSubstr("name: got '5', want a text"));
  EXPECT_THAT(Error("{}"), HasSubstr("scopes: got 'nothing'"));
  EXPECT_THAT(Error(R"({"scopes":[]})"), HasSubstr("scopes: got '[]'"));
  EXPECT_THAT(Error(R"({"scopes":"PIPES:READ:a"})"), HasSubstr("a list of 1 to 100 scopes"));
  EXPECT_THAT(Error(WithScope("\"x\"")), HasSubstr("scopes[0]: got '\"x\"'"));
  EXPECT_THAT(Error(WithScope("{}")), HasSubstr("scopes[0].type: got ''"));
  EXPECT_THAT(Error(WithScope(R"({"type":"PIPES:READ"})")),
              HasSubstr("scopes[0].resource: got ''"));
  EXPECT_THAT(Error(WithScope(R"({"type":"PIPES:READ","resource":"a b"})")),
              HasSubstr("scopes[0].resource: got 'a b'"));
  EXPECT_THAT(Error(WithScope(R"({"type":"PIPES:READ","resource":"a","fixed_params":[]})")),
              HasSubstr("scopes[0].fixed_params: got '[]', want an object"));
  EXPECT_THAT(Error(WithScope(R"({"type":"PIPES:READ","resource":"a","fixed_params":{"b":[1]}})")),
              HasSubstr("scopes[0].fixed_params.b: got '[1]'"));
  EXPECT_THAT(
      Error(WithScope(R"({"type":"DATASOURCES:READ","resource":"a","fixed_params":{"b":1}})")),
      HasSubstr("scopes[0].fixed_params: got '1 parameters', want none"));
  EXPECT_THAT(Error(R"({"scopes":[{"type":"PIPES:READ","resource":"a"}],"limits":5})"),
              HasSubstr("limits: got '5', want an object"));
  EXPECT_THAT(Error(R"({"scopes":[{"type":"PIPES:READ","resource":"a"}],"limits":{"rps":"5"}})"),
              HasSubstr("limits.rps: got '\"5\"', want a number"));
}

TEST(JwtClaimsTest, RefusesAFilterWithAHintWhy) {
  EXPECT_THAT(Error(WithScope(R"({"type":"PIPES:READ","resource":"a","filter":"x = 1"})")),
              HasSubstr("SQL filters on scopes are not supported"));
  EXPECT_TRUE(ReadJwtClaims(WithScope(R"({"type":"PIPES:READ","resource":"a","filter":""})")).ok());
}

TEST(JwtClaimsTest, RefusesWhatIsTooLong) {
  EXPECT_THAT(Error(std::string(kMaxClaimsBytes + 1, ' ')), HasSubstr("at most 8192"));
}

TEST(JwtClaimsTest, ACallerHasItsFixedScopesApart) {
  const Caller caller = CallerOf(
      {.name = "n", .scopes = {{"PIPES:READ:a", {{"country", "USA"}}}, {"PIPES:READ:b", {}}}});
  EXPECT_EQ(caller.kind, CallerKind::kJwt);
  EXPECT_FALSE(caller.May("PIPES:READ:a"));
  EXPECT_TRUE(caller.MayWithFixedParams("PIPES:READ:a"));
  EXPECT_TRUE(caller.May("PIPES:READ:b"));
}

TEST(JwtClaimsTest, ARateOfZeroOrLessMeansNone) {
  EXPECT_EQ(CallerOf({.requests_per_second = -3}).limits.requests_per_second, 0.0);
  EXPECT_EQ(CallerOf({.requests_per_second = 0}).limits.requests_per_second, 0.0);
  EXPECT_EQ(CallerOf({.requests_per_second = 1e300}).limits.requests_per_second, 1e9);
  EXPECT_FALSE(CallerOf({}).limits.requests_per_second.has_value());
}

}  // namespace
}  // namespace clv::rpc
