#include "services/query/request_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "common/base/instant.h"

namespace clv::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr RequestTime kTime{.now_seconds = 1688169600};

int64_t Seconds(const std::string& text) { return ParseInstant(text)->seconds; }

template <typename Request>
std::string ErrorOf(const Request& request) {
  const auto query = ToQuery(request, kTime);
  EXPECT_EQ(query.status().code(), absl::StatusCode::kInvalidArgument)
      << request.ShortDebugString();
  return std::string(query.status().message());
}

TEST(RequestRulesTest, AFilterIsTriedAsAWholeAndSplit) {
  v1::GetClvBySegmentRequest request;
  request.add_country("USA, Bonaire, Saint Eustatius");
  request.add_country("USA");
  request.add_country("");
  const auto query = ToQuery(request, kTime);
  ASSERT_TRUE(query.ok());
  EXPECT_THAT(query->scope.filters.country,
              ElementsAre("USA, Bonaire, Saint Eustatius", "USA", "Bonaire", "Saint Eustatius"));
  EXPECT_THAT(query->scope.filters.customer_segment, IsEmpty());
}

TEST(RequestRulesTest, AFilterHasALimit) {
  v1::GetClvBySegmentRequest request;
  for (int i = 0; i <= 10'000; ++i) request.add_country(std::to_string(i));
  EXPECT_THAT(ErrorOf(request), HasSubstr("country: "));
}

TEST(RequestRulesTest, APlainDateAsAsOfMeansItsEnd) {
  v1::GetClvBySegmentRequest request;
  request.set_as_of("2023-01-31");
  EXPECT_EQ(ToQuery(request, kTime)->scope.as_of_seconds, Seconds("2023-01-31 23:59:59"));
  request.set_as_of("2023-01-31 00:00:00");
  EXPECT_EQ(ToQuery(request, kTime)->scope.as_of_seconds, Seconds("2023-01-31 00:00:00"));
}

TEST(RequestRulesTest, AsOfMayBeNowOrAbsent) {
  v1::GetClvBySegmentRequest request;
  EXPECT_EQ(ToQuery(request, kTime)->scope.as_of_seconds, std::nullopt);
  request.set_as_of("now");
  EXPECT_EQ(ToQuery(request, kTime)->scope.as_of_seconds, kTime.now_seconds);
}

TEST(RequestRulesTest, AWindowOfPlainDatesHoldsBothDays) {
  v1::GetClvBySegmentRequest request;
  request.set_start_date("2023-01-01");
  request.set_end_date("2023-01-31");
  const auto query = ToQuery(request, kTime);
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(query->scope.window->start, Seconds("2023-01-01 00:00:00"));
  EXPECT_EQ(query->scope.window->end, Seconds("2023-01-31 23:59:59"));
}

TEST(RequestRulesTest, OneBoundAloneIsAWindow) {
  v1::GetClvBySegmentRequest request;
  EXPECT_FALSE(ToQuery(request, kTime)->scope.window.has_value());
  request.set_start_date("2023-01-01 10:00:00");
  const auto query = ToQuery(request, kTime);
  EXPECT_EQ(query->scope.window->start, Seconds("2023-01-01 10:00:00"));
  EXPECT_EQ(query->scope.window->end, std::nullopt);
}

TEST(RequestRulesTest, ABadDateIsNamed) {
  v1::GetClvBySegmentRequest request;
  request.set_start_date("2023-13-01");
  EXPECT_THAT(ErrorOf(request), HasSubstr("start_date: got '2023-13-01'"));
  request.set_start_date("");
  request.set_as_of("yesterday");
  EXPECT_THAT(ErrorOf(request), HasSubstr("as_of: got 'yesterday'"));
}

TEST(RequestRulesTest, WithoutDefaultAndLimitAllRowsAreWanted) {
  const auto range = MakeRange({}, {}, {}, {});
  EXPECT_EQ(range->limit, std::nullopt);
  EXPECT_EQ(range->offset, 0u);
}

TEST(RequestRulesTest, PagesAreCutByTheFirstSizeThatIsGiven) {
  EXPECT_EQ(MakeRange({}, 2, {}, {})->offset, 200u);
  EXPECT_EQ(MakeRange({}, 2, {}, 50)->offset, 100u);
  EXPECT_EQ(MakeRange(10, 2, {}, 50)->offset, 20u);
  EXPECT_EQ(MakeRange(10, 2, 7, 50)->offset, 14u);
  EXPECT_EQ(MakeRange(10, 2, 7, 50)->limit, 7u);
  EXPECT_EQ(MakeRange({}, {}, 7, {})->limit, 7u);
  EXPECT_EQ(MakeRange(0, {}, {}, 50)->limit, 0u);
  EXPECT_EQ(MakeRange({}, std::numeric_limits<uint32_t>::max(), 100'000, {})->offset,
            429'496'729'500'000u);
}

TEST(RequestRulesTest, LimitsEndAtAHundredThousand) {
  v1::GetClvPredictionRequest request;
  request.set_limit(100'000);
  EXPECT_EQ(ToQuery(request, kTime)->scope.range.limit, 100'000u);
  request.set_limit(100'001);
  EXPECT_EQ(ErrorOf(request), "limit: got '100001', want a whole number from 0 to 100000");
  request.set_limit(1);
  request.set_page_size(100'001);
  EXPECT_THAT(ErrorOf(request), HasSubstr("page_size: got '100001'"));
}

TEST(RequestRulesTest, EveryEndpointHasItsDefaultLimit) {
  EXPECT_EQ(ToQuery(v1::GetCustomerRetentionRequest(), kTime)->scope.range.limit, std::nullopt);
  EXPECT_EQ(ToQuery(v1::GetClvBySegmentRequest(), kTime)->scope.range.limit, std::nullopt);
  EXPECT_EQ(ToQuery(v1::GetClvByAcquisitionSourceRequest(), kTime)->scope.range.limit,
            std::nullopt);
  EXPECT_EQ(ToQuery(v1::GetPurchaseFrequencyAnalysisRequest(), kTime)->scope.range.limit,
            std::nullopt);
  EXPECT_EQ(ToQuery(v1::GetClvPredictionRequest(), kTime)->scope.range.limit, 50u);
  EXPECT_EQ(ToQuery(v1::GetCustomerSegmentationRequest(), kTime)->scope.range.limit, 100u);
  EXPECT_EQ(ToQuery(v1::GetTotalCustomerValueRequest(), kTime)->scope.range.limit, 100u);
  v1::GetPurchaseFrequencyAnalysisRequest frequency;
  frequency.set_view(v1::FREQUENCY_VIEW_ORDER_NUMBER);
  EXPECT_EQ(ToQuery(frequency, kTime)->scope.range.limit, 20u);
  v1::GetCustomerSegmentationRequest matrix;
  matrix.set_level(v1::SEGMENTATION_LEVEL_MATRIX);
  EXPECT_EQ(ToQuery(matrix, kTime)->scope.range.limit, std::nullopt);
}

TEST(RequestRulesTest, EnumsHaveDefaultsAndRefuseUnknownNumbers) {
  v1::GetCustomerRetentionRequest request;
  EXPECT_EQ(ToQuery(request, kTime)->granularity, storage::Granularity::kMonth);
  request.set_granularity(v1::GRANULARITY_DAY);
  request.set_cohort_by(v1::COHORT_BASIS_SIGNUP);
  request.set_retention(v1::RETENTION_MODE_CUMULATIVE);
  const auto query = ToQuery(request, kTime);
  EXPECT_EQ(query->granularity, storage::Granularity::kDay);
  EXPECT_EQ(query->cohort_by, storage::CohortBasis::kSignup);
  EXPECT_EQ(query->retention, storage::RetentionMode::kCumulative);
  request.set_granularity(static_cast<v1::Granularity>(99));
  EXPECT_THAT(ErrorOf(request), HasSubstr("granularity: got '99'"));
}

TEST(RequestRulesTest, PeriodsEndAtAThousand) {
  v1::GetCustomerRetentionRequest request;
  EXPECT_EQ(ToQuery(request, kTime)->periods, 12u);
  request.set_periods(1000);
  EXPECT_EQ(ToQuery(request, kTime)->periods, 1000u);
  request.set_periods(1001);
  EXPECT_THAT(ErrorOf(request), HasSubstr("periods: got '1001'"));
}

TEST(RequestRulesTest, EveryViewHasItsBuckets) {
  v1::GetPurchaseFrequencyAnalysisRequest request;
  EXPECT_THAT(ToQuery(request, kTime)->buckets, ElementsAre(1, 2, 3, 6, 11, 21));
  request.set_view(v1::FREQUENCY_VIEW_INTERVAL);
  EXPECT_THAT(ToQuery(request, kTime)->buckets, ElementsAre(0, 8, 15, 31, 61, 91, 181));
  request.set_view(v1::FREQUENCY_VIEW_RECENCY);
  EXPECT_THAT(ToQuery(request, kTime)->buckets, ElementsAre(0, 31, 61, 91, 181, 366));
}

TEST(RequestRulesTest, BucketsRiseFromTheFirstBound) {
  v1::GetPurchaseFrequencyAnalysisRequest request;
  for (const uint32_t bound : {1u, 5u, 9u}) request.add_buckets(bound);
  EXPECT_THAT(ToQuery(request, kTime)->buckets, ElementsAre(1, 5, 9));
  request.add_buckets(9);
  EXPECT_THAT(ErrorOf(request), HasSubstr("buckets: got '1,5,9,9'"));
  request.clear_buckets();
  request.add_buckets(0);
  EXPECT_THAT(ErrorOf(request), HasSubstr("buckets: got '0'"));
  request.set_view(v1::FREQUENCY_VIEW_RECENCY);
  EXPECT_TRUE(ToQuery(request, kTime).ok());
}

TEST(RequestRulesTest, PredictionParametersHaveRanges) {
  const v1::GetClvPredictionRequest none;
  const auto query = ToQuery(none, kTime);
  EXPECT_EQ(query->horizon_days, 365u);
  EXPECT_EQ(query->discount_rate, 0.10);
  EXPECT_EQ(query->interval, 0.8);
  v1::GetClvPredictionRequest request;
  request.set_horizon_days(0);
  EXPECT_THAT(ErrorOf(request),
              HasSubstr("horizon_days: got '0', want a whole number from 1 to 3650"));
  request = none;
  request.set_discount_rate(-0.1);
  EXPECT_THAT(ErrorOf(request), HasSubstr("discount_rate: got '-0.1'"));
  request = none;
  request.set_margin(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(ErrorOf(request), HasSubstr("margin: got 'nan'"));
  request = none;
  request.set_interval(1);
  EXPECT_THAT(ErrorOf(request), HasSubstr("interval: got '1'"));
  request = none;
  request.set_min_p_alive(1.5);
  EXPECT_THAT(ErrorOf(request), HasSubstr("min_p_alive: got '1.5'"));
}

TEST(RequestRulesTest, TakesIdsAndSort) {
  v1::GetTotalCustomerValueRequest request;
  request.add_customer_id("c1,c2");
  request.set_sort(v1::CUSTOMER_SORT_CUSTOMER_ID);
  const auto query = ToQuery(request, kTime);
  EXPECT_THAT(query->customer_ids, ElementsAre("c1,c2", "c1", "c2"));
  EXPECT_EQ(query->sort, storage::CustomerSort::kCustomerId);
}

}  // namespace
}  // namespace clv::query
