#include "common/rpc/scopes.h"

#include <gtest/gtest.h>

namespace clv::rpc {
namespace {

TEST(ScopesTest, AcceptsSingularSpellings) {
  EXPECT_EQ(*CanonicalScope("PIPE:READ:clv_by_segment"), "PIPES:READ:clv_by_segment");
  EXPECT_EQ(*CanonicalScope("DATASOURCE:APPEND:customers"), "DATASOURCES:APPEND:customers");
  EXPECT_EQ(*CanonicalScope("DATASOURCES:READ:*"), "DATASOURCES:READ:*");
  EXPECT_EQ(*CanonicalScope("ADMIN"), "ADMIN");
}

TEST(ScopesTest, RefusesUnknownScopes) {
  for (const char* text : {"", "admin", "PIPES:READ", "PIPES:READ:", "PIPES:WRITE:x",
                           "PIPES:READ:a b", "PIPES:READ:**"}) {
    EXPECT_EQ(CanonicalScope(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(ScopesTest, AdminMayEverything) {
  const Caller caller{"admin", {"ADMIN"}};
  EXPECT_TRUE(caller.May("TOKENS"));
  EXPECT_TRUE(caller.May("PIPES:READ:x"));
}

TEST(ScopesTest, AStarOpensEveryResourceOfItsKindOnly) {
  const Caller caller{"reader", {"PIPES:READ:*"}};
  EXPECT_TRUE(caller.May("PIPES:READ:clv_by_segment"));
  EXPECT_FALSE(caller.May("DATASOURCES:READ:customers"));
  EXPECT_FALSE(caller.May("TOKENS"));
  EXPECT_FALSE(caller.May("ADMIN"));
}

TEST(ScopesTest, AResourceOpensNoOther) {
  const Caller caller{"reader", {"PIPES:READ:clv_by_segment"}};
  EXPECT_TRUE(caller.May("PIPES:READ:clv_by_segment"));
  EXPECT_FALSE(caller.May("PIPES:READ:clv_by_segment2"));
  EXPECT_FALSE(caller.May("PIPES:READ:clv"));
}

TEST(ScopesTest, AFixedScopeOpensNothingToWhoDoesNotApplyIt) {
  const Caller caller{.name = "jwt",
                      .scopes = {},
                      .kind = CallerKind::kJwt,
                      .fixed_scopes = {{"PIPES:READ:a", {{"country", "USA"}}}}};
  EXPECT_FALSE(caller.May("PIPES:READ:a"));
  EXPECT_TRUE(caller.MayWithFixedParams("PIPES:READ:a"));
  EXPECT_FALSE(caller.MayWithFixedParams("PIPES:READ:b"));
}

TEST(ScopesTest, AFixedScopeNarrowsAScopeThatOpensTheSame) {
  const Caller caller{.name = "jwt",
                      .scopes = {"PIPES:READ:*"},
                      .kind = CallerKind::kJwt,
                      .fixed_scopes = {{"PIPES:READ:a", {{"country", "USA"}}}}};
  EXPECT_FALSE(caller.May("PIPES:READ:a"));
  EXPECT_TRUE(caller.MayWithFixedParams("PIPES:READ:a"));
  EXPECT_TRUE(caller.May("PIPES:READ:b"));
  EXPECT_EQ(caller.FixedParamsOf("PIPES:READ:a").value(), (FixedParams{{"country", "USA"}}));
  EXPECT_TRUE(caller.FixedParamsOf("PIPES:READ:b")->empty());
}

}  // namespace
}  // namespace clv::rpc
