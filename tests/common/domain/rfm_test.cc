#include "common/domain/rfm.h"

#include <algorithm>

#include "gtest/gtest.h"

namespace clv::domain {
namespace {

TEST(RfmTest, ScoresByFifthsOfThoseStrictlyWorse) {
  EXPECT_EQ(RfmScore(0, 1), 1);
  EXPECT_EQ(RfmScore(1, 5), 2);
  EXPECT_EQ(RfmScore(4, 5), 5);
  EXPECT_EQ(RfmScore(1, 6), 1);
  EXPECT_EQ(RfmScore(999'999'999'999, 1'000'000'000'000), 5);
}

TEST(RfmTest, RoundsTheMeanOfFrequencyAndMonetaryUp) {
  EXPECT_EQ(FmScore(1, 1), 1);
  EXPECT_EQ(FmScore(1, 2), 2);
  EXPECT_EQ(FmScore(5, 4), 5);
  EXPECT_EQ(FmScore(3, 4), 4);
}

TEST(RfmTest, KnowsTheCornersOfTheTable) {
  EXPECT_EQ(RfmSegment(5, 1), "New Customers");
  EXPECT_EQ(RfmSegment(5, 5), "Champions");
  EXPECT_EQ(RfmSegment(4, 5), "Champions");
  EXPECT_EQ(RfmSegment(2, 4), "At Risk");
  EXPECT_EQ(RfmSegment(1, 1), "Lost");
  EXPECT_EQ(RfmSegment(1, 2), "Hibernating");
  EXPECT_EQ(RfmSegment(1, 5), "Can't Lose Them");
}

TEST(RfmTest, UsesEverySegmentOfTheList) {
  EXPECT_TRUE(std::is_sorted(kRfmSegments.begin(), kRfmSegments.end()));
  for (const std::string_view segment : kRfmSegments) {
    int cells = 0;
    for (int r = 1; r <= 5; ++r) {
      for (int fm = 1; fm <= 5; ++fm) cells += RfmSegment(r, fm) == segment ? 1 : 0;
    }
    EXPECT_GT(cells, 0) << segment;
  }
}

TEST(RfmTest, WritesThreeDigits) { EXPECT_EQ(RfmDigits(5, 4, 3), "543"); }

TEST(RfmTest, AddsTheCellsOfASegment) {
  const auto rows = MakeRfmSummary({{.r_score = 5,
                                     .fm_score = 4,
                                     .customers = 1,
                                     .revenue_micros = 10'000'000,
                                     .recency_seconds = 0,
                                     .orders = 3},
                                    {.r_score = 4,
                                     .fm_score = 5,
                                     .customers = 3,
                                     .revenue_micros = 30'000'000,
                                     .recency_seconds = 86'400,
                                     .orders = 5}});
  EXPECT_EQ(rows[0].rfm_segment, "Champions");
  EXPECT_EQ(rows[0].customers, 4u);
  EXPECT_EQ(rows[0].avg_monetary, 10.0);
  EXPECT_EQ(rows[0].avg_recency_days, 0.25);
  EXPECT_EQ(rows[0].avg_frequency, 2.0);
  EXPECT_EQ(rows[1].share_of_revenue, 0.0);
}

}  // namespace
}  // namespace clv::domain
