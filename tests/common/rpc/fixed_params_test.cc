#include "common/rpc/fixed_params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "clv/v1/query_service.pb.h"

namespace clv::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Caller With(std::vector<FixedScope> fixed, std::vector<std::string> scopes = {}) {
  return {.name = "jwt",
          .scopes = std::move(scopes),
          .kind = CallerKind::kJwt,
          .fixed_scopes = std::move(fixed)};
}

const google::protobuf::ServiceDescriptor& QueryService() {
  return *v1::GetWebPageRequest::descriptor()->file()->FindServiceByName("QueryService");
}

TEST(FixedParamsTest, OverrideWhatTheRequestSays) {
  v1::GetClvBySegmentRequest request;
  request.add_country("France");
  request.add_country("Spain");
  request.add_customer_segment("Premium");
  request.set_limit(100);
  ASSERT_TRUE(
      ApplyFixedParams(With({{"PIPES:READ:clv_by_segment", {{"country", "USA"}, {"limit", "5"}}}}),
                       &request)
          .ok());
  EXPECT_THAT(request.country(), ElementsAre("USA"));
  EXPECT_THAT(request.customer_segment(), ElementsAre("Premium"));
  EXPECT_EQ(request.limit(), 5u);
}

TEST(FixedParamsTest, OverrideEnumsAndTexts) {
  v1::GetCustomerRetentionRequest request;
  request.set_granularity(v1::GRANULARITY_DAY);
  ASSERT_TRUE(ApplyFixedParams(With({{"PIPES:READ:customer_retention",
                                      {{"granularity", "quarter"}, {"as_of", "2023-01-01"}}}}),
                               &request)
                  .ok());
  EXPECT_EQ(request.granularity(), v1::GRANULARITY_QUARTER);
  EXPECT_EQ(request.as_of(), "2023-01-01");
}

TEST(FixedParamsTest, ThoseOfOtherScopesDoNotCount) {
  v1::GetClvBySegmentRequest request;
  ASSERT_TRUE(
      ApplyFixedParams(With({{"PIPES:READ:clv_prediction", {{"country", "USA"}}}}), &request).ok());
  EXPECT_THAT(request.country(), IsEmpty());
}

TEST(FixedParamsTest, ThoseOfAStarCountEverywhere) {
  v1::GetClvPredictionRequest request;
  ASSERT_TRUE(ApplyFixedParams(With({{"PIPES:READ:*", {{"country", "USA"}}}}), &request).ok());
  EXPECT_THAT(request.country(), ElementsAre("USA"));
}

TEST(FixedParamsTest, CountAlsoBesideAScopeThatOpensEverything) {
  v1::GetClvBySegmentRequest request;
  ASSERT_TRUE(
      ApplyFixedParams(
          With({{"PIPES:READ:clv_by_segment", {{"country", "USA"}}}}, {"PIPES:READ:*"}), &request)
          .ok());
  EXPECT_THAT(request.country(), ElementsAre("USA"));
}

TEST(FixedParamsTest, OfSeveralScopesAreJoinedUnlessTheyContradict) {
  v1::GetClvBySegmentRequest request;
  const FixedScope usa{"PIPES:READ:clv_by_segment", {{"country", "USA"}}};
  ASSERT_TRUE(
      ApplyFixedParams(With({usa, {"PIPES:READ:*", {{"customer_segment", "Premium"}}}}), &request)
          .ok());
  EXPECT_THAT(request.country(), ElementsAre("USA"));
  EXPECT_THAT(request.customer_segment(), ElementsAre("Premium"));
  EXPECT_EQ(
      ApplyFixedParams(With({usa, {"PIPES:READ:*", {{"country", "Spain"}}}}), &request).code(),
      absl::StatusCode::kPermissionDenied);
}

TEST(FixedParamsTest, WhatCannotBeAppliedIsRefused) {
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"tenant", "acme"}, {"limit", "many"}, {"country", ""}, {"granularity", "month"}}) {
    v1::GetClvBySegmentRequest request;
    const absl::Status status =
        ApplyFixedParams(With({{"PIPES:READ:clv_by_segment", {{name, value}}}}), &request);
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(name));
  }
}

TEST(FixedParamsTest, ACallerWithoutThemChangesNothing) {
  v1::GetClvBySegmentRequest request;
  request.add_country("Spain");
  ASSERT_TRUE(ApplyFixedParams({.name = "admin", .scopes = {"ADMIN"}}, &request).ok());
  EXPECT_THAT(request.country(), ElementsAre("Spain"));
}

TEST(FixedParamsTest, EveryMethodThatAppliesThemTakesARequestWithACountryOrBindsOne) {
  int methods = 0;
  for (int i = 0; i < QueryService().method_count(); ++i) {
    const auto& method = *QueryService().method(i);
    if (!method.name().starts_with("Get") ||
        method.input_type()->FindFieldByName("country") == nullptr) {
      continue;
    }
    std::unique_ptr<google::protobuf::Message> request(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(method.input_type())
            ->New());
    ASSERT_TRUE(
        ApplyFixedParams(With({{"PIPES:READ:*", {{"country", "USA"}}}}), request.get()).ok());
    EXPECT_THAT(request->ShortDebugString(), "country: \"USA\"") << method.name();
    ++methods;
  }
  EXPECT_EQ(methods, 7);
}

TEST(CheckFixedParamsTest, TakesWhatEveryOpenedEndpointHas) {
  EXPECT_TRUE(CheckFixedParams(QueryService(), "PIPES:READ:*", {{"country", "USA"}}).ok());
  EXPECT_TRUE(CheckFixedParams(QueryService(), "PIPES:READ:customer_retention",
                               {{"granularity", "week"}, {"periods", "3"}})
                  .ok());
}

TEST(CheckFixedParamsTest, RefusesUnknownParametersAndBadValues) {
  const auto error = [](const std::string& scope, const FixedParams& params) {
    const absl::Status status = CheckFixedParams(QueryService(), scope, params);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(error("PIPES:READ:clv_by_segment", {{"tenant", "a"}}),
              HasSubstr("tenant: got 'a', want a parameter that PIPES:READ:clv_by_segment has"));
  EXPECT_THAT(error("PIPES:READ:*", {{"granularity", "week"}}), HasSubstr("granularity"));
  // A pipe that is about the whole shop cannot be cut to a part of it.
  EXPECT_THAT(error("PIPES:READ:clv_model_info", {{"country", "USA"}}),
              HasSubstr("country: got 'USA', want a parameter that PIPES:READ:clv_model_info has"));
  EXPECT_THAT(error("PIPES:READ:customer_retention", {{"granularity", "eon"}}),
              HasSubstr("granularity: got 'eon', want one of month"));
  EXPECT_THAT(error("PIPES:READ:clv_by_segment", {{"country", ""}}), HasSubstr("country: got ''"));
}

}  // namespace
}  // namespace clv::rpc
