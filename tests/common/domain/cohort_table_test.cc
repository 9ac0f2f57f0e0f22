#include "common/domain/cohort_table.h"

#include "common/base/instant.h"
#include "gtest/gtest.h"

namespace clv::domain {
namespace {

int64_t InstantOf(const char* text) { return ParseInstant(text)->seconds; }

std::vector<CustomerRetentionRow> Table(const std::vector<Cohort>& cohorts,
                                        const CohortTableOptions& options) {
  std::vector<CustomerRetentionRow> rows;
  MakeCohortTable(cohorts, options, [&](const CustomerRetentionRow& row) { rows.push_back(row); });
  return rows;
}

Cohort January(uint64_t size) {
  return {.number = PeriodNumber(CalendarPeriod::kMonth, InstantOf("2023-01-01")),
          .size = size,
          .cells = {},
          .steps = {}};
}

TEST(CohortTableTest, FillsPeriodsWithoutActivityWithZeros) {
  Cohort cohort = January(4);
  cohort.cells = {{.period = 0, .active_customers = 4, .orders = 5, .revenue_micros = 100},
                  {.period = 2, .active_customers = 1, .orders = 1, .revenue_micros = 50}};
  const auto rows = Table({cohort}, {.last_period = 2, .as_of_seconds = InstantOf("2023-03-15")});
  ASSERT_EQ(rows.size(), 3u + 2u);
  EXPECT_EQ(rows[1].retained_customers, 0u);
  EXPECT_EQ(rows[1].retention_rate, 0.0);
  EXPECT_EQ(rows[1].cumulative_revenue_micros, 100);
  EXPECT_EQ(rows[2].revenue_retention_rate, 0.5);
  EXPECT_FALSE(rows[2].is_complete);
}

TEST(CohortTableTest, HasNoRevenueRetentionWithoutPositiveRevenueInPeriodZero) {
  Cohort cohort = January(1);
  cohort.cells = {{.period = 0, .active_customers = 1, .orders = 1, .revenue_micros = -5}};
  const auto rows = Table({cohort}, {.last_period = 0, .as_of_seconds = InstantOf("2023-03-15")});
  EXPECT_EQ(rows[0].revenue_retention_rate, std::nullopt);
}

TEST(CohortTableTest, SubtractsWhoLeftWhenRollingAndAddsWhoReturnedWhenCumulative) {
  Cohort cohort = January(10);
  cohort.steps = {{.period = 0, .customers = 6}, {.period = 2, .customers = 3}};
  CohortTableOptions options{.retained = Retained::kInPeriodOrLater,
                             .last_period = 3,
                             .as_of_seconds = InstantOf("2023-04-15")};
  auto rows = Table({cohort}, options);
  EXPECT_EQ(rows[0].retained_customers, 9u);
  EXPECT_EQ(rows[1].retained_customers, 3u);
  EXPECT_EQ(rows[2].retained_customers, 3u);
  EXPECT_EQ(rows[3].retained_customers, 0u);
  options.retained = Retained::kSecondByPeriod;
  rows = Table({cohort}, options);
  EXPECT_EQ(rows[0].retained_customers, 6u);
  EXPECT_EQ(rows[1].retained_customers, 6u);
  EXPECT_EQ(rows[3].retained_customers, 9u);
}

TEST(CohortTableTest, HasNoRowsWithoutCohorts) {
  EXPECT_TRUE(Table({}, {.last_period = 1000, .as_of_seconds = InstantOf("2023-04-15")}).empty());
}

}  // namespace
}  // namespace clv::domain
