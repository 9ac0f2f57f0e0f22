#include "common/domain/report_math.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace clv::domain {
namespace {

std::optional<double> StddevOf(const std::vector<int64_t>& values) {
  PowerSums sums;
  for (const int64_t value : values) sums.Add(value);
  return sums.SampleStddevUnits();
}

TEST(ReportMathTest, HasNoQuotientWithoutAPositiveDenominator) {
  EXPECT_EQ(Quotient(1, 0), std::nullopt);
  EXPECT_EQ(Quotient(1, -2), std::nullopt);
  EXPECT_EQ(Quotient(0, 3), 0.0);
  EXPECT_EQ(Quotient(-3, 2), -1.5);
}

TEST(ReportMathTest, DividesNumbersBeyond64Bits) {
  const absl::int128 wide = absl::int128(std::numeric_limits<int64_t>::max()) * 1'000'000;
  EXPECT_NEAR(*Quotient(wide, 1'000'000) / 9223372036854775807.0, 1.0, 1e-15);
}

TEST(ReportMathTest, GivesMeansInUnitsAndDays) {
  EXPECT_EQ(MeanUnits(1'500'000, 3), 0.5);
  EXPECT_EQ(MeanDays(86'400, 4), 0.25);
  EXPECT_EQ(UnitsOf(-250'000), -0.25);
  EXPECT_EQ(DaysOf(43'200), 0.5);
}

TEST(ReportMathTest, TakesPercentilesByNearestRank) {
  const std::vector<int64_t> values = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100};
  EXPECT_EQ(Percentile(values, 0), 10);
  EXPECT_EQ(Percentile(values, 25), 30);
  EXPECT_EQ(Percentile(values, 50), 50);
  EXPECT_EQ(Percentile(values, 90), 90);
  EXPECT_EQ(Percentile(values, 99), 100);
  EXPECT_EQ(Percentile(std::vector<int64_t>{}, 50), std::nullopt);
  EXPECT_EQ(Percentile(std::vector<int64_t>{7}, 1), 7);
}

TEST(ReportMathTest, HasNoDeviationBelowTwoValues) {
  EXPECT_EQ(StddevOf({}), std::nullopt);
  EXPECT_EQ(StddevOf({5}), std::nullopt);
  EXPECT_EQ(StddevOf({5, 5}), 0.0);
}

TEST(ReportMathTest, KeepsSmallDeviationsOfGreatValues) {
  const int64_t base = 9'000'000'000'000'000'000;
  EXPECT_DOUBLE_EQ(*StddevOf({base, base + 2, base + 4}), 2e-6);
}

TEST(ReportMathTest, BearsTheGreatestSpread) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_DOUBLE_EQ(*StddevOf({-most, most}), static_cast<double>(most) * std::sqrt(2.0) / 1e6);
}

TEST(ReportMathTest, AddsUpSquaresBeyond128BitsFromParts) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  PowerSums part;
  for (int i = 0; i < 5; ++i) part.Add(-most);
  PowerSums all;
  for (int i = 0; i < 5; ++i) all.Add(most);
  all += part;
  EXPECT_EQ(all.sum(), 0);
  EXPECT_DOUBLE_EQ(*all.SampleStddevUnits(),
                   static_cast<double>(most) * std::sqrt(10.0 / 9.0) / 1e6);
}

TEST(ReportMathTest, TakesValuesAwayAgain) {
  constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();
  PowerSums sums;
  for (int i = 0; i < 9; ++i) sums.Add(kGreatest);
  sums.Add(-4);
  sums.Add(7);
  for (int i = 0; i < 9; ++i) sums.Remove(kGreatest);
  PowerSums expected;
  expected.Add(7);
  expected.Add(-4);
  EXPECT_EQ(sums, expected);
}

}  // namespace
}  // namespace clv::domain
