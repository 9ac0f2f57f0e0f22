#include "common/rpc/parameter_binding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clv/v1/ingest_service.pb.h"
#include "clv/v1/query_service.pb.h"

namespace clv::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Request>
absl::StatusOr<Request> Bind(const std::string& query) {
  return BindRequest<Request>(V0Parameters("/?" + query, ""));
}

std::string ErrorOf(const std::string& query) {
  const absl::Status status = Bind<v1::GetClvPredictionRequest>(query).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << query;
  return std::string(status.message());
}

TEST(ParameterBindingTest, BindsEveryKindOfField) {
  const auto request = Bind<v1::GetClvPredictionRequest>(
      "country=USA&country=a,b&as_of=2023-01-01&limit=7&discount_rate=0.25&model=paretonbd&horizon_"
      "days=90");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(request->country(), ElementsAre("USA", "a,b"));
  EXPECT_EQ(request->as_of(), "2023-01-01");
  EXPECT_EQ(request->limit(), 7u);
  EXPECT_EQ(request->discount_rate(), 0.25);
  EXPECT_EQ(request->model(), v1::MODEL_FAMILY_PARETONBD);
  EXPECT_FALSE(request->has_page());
}

TEST(ParameterBindingTest, BindsFlags) {
  EXPECT_TRUE(Bind<v1::WriteCustomersRequest>("wait=true")->wait());
  EXPECT_FALSE(Bind<v1::WriteCustomersRequest>("wait=0")->wait());
  EXPECT_FALSE(Bind<v1::WriteCustomersRequest>("wait=yes").ok());
}

TEST(ParameterBindingTest, BindsListsOfNumbers) {
  EXPECT_THAT(Bind<v1::GetPurchaseFrequencyAnalysisRequest>("buckets=1,2,5&buckets=9")->buckets(),
              ElementsAre(1, 2, 5, 9));
  EXPECT_THAT(
      std::string(Bind<v1::GetPurchaseFrequencyAnalysisRequest>("buckets=1,,5").status().message()),
      HasSubstr("buckets: got '1,,5'"));
}

TEST(ParameterBindingTest, EmptyMeansAbsent) {
  const auto request =
      Bind<v1::GetClvPredictionRequest>("country=&limit=&model=&customer_id=&customer_id=c1");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->country_size(), 0);
  EXPECT_FALSE(request->has_limit());
  EXPECT_THAT(request->customer_id(), ElementsAre("c1"));
}

TEST(ParameterBindingTest, TheLastValueOfASingleFieldCounts) {
  EXPECT_EQ(Bind<v1::GetClvPredictionRequest>("limit=1&limit=2")->limit(), 2u);
}

TEST(ParameterBindingTest, IgnoresUnknownParameters) {
  EXPECT_TRUE(Bind<v1::GetClvPredictionRequest>("from=ts-sdk&token=x&q2=1").ok());
}

TEST(ParameterBindingTest, RefusesBadLimitsAndTellsTheRange) {
  EXPECT_EQ(ErrorOf("limit=-1"), "limit: got '-1', want a whole number from 0 to 100000");
  EXPECT_EQ(ErrorOf("limit=1.5"), "limit: got '1.5', want a whole number from 0 to 100000");
  EXPECT_EQ(ErrorOf("limit=5000000000"),
            "limit: got '5000000000', want a whole number from 0 to 100000");
  EXPECT_EQ(ErrorOf("horizon_days=x"), "horizon_days: got 'x', want a whole number from 1 to 3650");
}

TEST(ParameterBindingTest, RefusesBadNumbersOfAnUntoldRange) {
  EXPECT_EQ(ErrorOf("page=-1"), "page: got '-1', want a whole number, 0 or more");
  EXPECT_EQ(ErrorOf("page=5000000000"),
            "page: got '5000000000', want a whole number from 0 to 4294967295");
  EXPECT_THAT(ErrorOf("page=99999999999999999999999"), HasSubstr("whole number from 0 to"));
  EXPECT_EQ(ErrorOf("interval=wide"), "interval: got 'wide', want a decimal number");
}

TEST(ParameterBindingTest, RefusesBadNumbers) {
  for (const char* value : {"abc", "nan", "inf", "1e999", "0.1x", "1,5"}) {
    EXPECT_THAT(ErrorOf(std::string("discount_rate=") + value), HasSubstr("discount_rate: got '"));
  }
}

TEST(ParameterBindingTest, NamesTheChoicesOfAnEnum) {
  EXPECT_EQ(ErrorOf("model=magic"),
            "model: got 'magic', want one of auto, bgnbd, mbgnbd, paretonbd, nbd, average");
  EXPECT_THAT(ErrorOf("model=unspecified"), HasSubstr("want one of"));
}

TEST(ParameterBindingTest, TellsTheTypesOfParameters) {
  const auto type_of = [](const google::protobuf::Descriptor& request, const char* name) {
    return ParameterTypeOf(*request.FindFieldByName(name));
  };
  const auto& prediction = *v1::GetClvPredictionRequest::descriptor();
  EXPECT_EQ(type_of(prediction, "country"), "Array(String)");
  EXPECT_EQ(type_of(prediction, "as_of"), "DateTime");
  EXPECT_EQ(type_of(prediction, "limit"), "UInt32");
  EXPECT_EQ(type_of(prediction, "margin"), "Float64");
  EXPECT_EQ(type_of(prediction, "model"), "String");
  EXPECT_EQ(type_of(*v1::GetPurchaseFrequencyAnalysisRequest::descriptor(), "buckets"),
            "Array(UInt32)");
  EXPECT_EQ(type_of(*v1::ListQuarantinedRowsRequest::descriptor(), "data_source"), "String");
  EXPECT_EQ(type_of(*v1::WriteCustomersRequest::descriptor(), "wait"), "Bool");
  EXPECT_EQ(type_of(*v1::QueryPipeRequest::descriptor(), "body"), "");
}

TEST(ParameterBindingTest, ListsTheWordsOfAnEnum) {
  EXPECT_THAT(EnumWords(*v1::Granularity_descriptor()),
              ElementsAre("month", "week", "quarter", "year", "day"));
}

TEST(ParameterBindingTest, RefusesTextThatIsNotUtf8) {
  EXPECT_THAT(ErrorOf("country=%ff"), HasSubstr("country: got "));
}

TEST(OverrideParameterTest, ReplacesWhatTheFieldHeld) {
  v1::GetCustomerRetentionRequest request;
  request.add_country("France");
  request.set_limit(7);
  request.set_granularity(v1::GRANULARITY_DAY);
  ASSERT_TRUE(OverrideParameter("country", "USA", &request).ok());
  ASSERT_TRUE(OverrideParameter("limit", "3", &request).ok());
  ASSERT_TRUE(OverrideParameter("granularity", "", &request).ok());
  ASSERT_EQ(request.country_size(), 1);
  EXPECT_EQ(request.country(0), "USA");
  EXPECT_EQ(request.limit(), 3u);
  EXPECT_EQ(request.granularity(), v1::GRANULARITY_UNSPECIFIED);
}

TEST(OverrideParameterTest, KnowsOnlyFieldsThatCanBeBound) {
  v1::GetCustomerRetentionRequest request;
  EXPECT_EQ(OverrideParameter("nothing", "x", &request).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(OverrideParameter("limit", "x", &request).code(), absl::StatusCode::kInvalidArgument);
  v1::QueryPipeRequest pipe;
  EXPECT_EQ(OverrideParameter("body", "x", &pipe).code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace clv::rpc
