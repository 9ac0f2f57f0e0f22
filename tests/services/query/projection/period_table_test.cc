#include "services/query/projection/period_table.h"

#include <gtest/gtest.h>

namespace clv::query {
namespace {

using domain::CalendarPeriod;

TEST(PeriodTableTest, KnowsThePeriodOfEveryDay) {
  constexpr uint32_t kDay = 86'400;
  for (const CalendarPeriod kind :
       {CalendarPeriod::kDay, CalendarPeriod::kWeek, CalendarPeriod::kMonth,
        CalendarPeriod::kQuarter, CalendarPeriod::kYear}) {
    const PeriodTable& table = PeriodTable::Of(kind);
    for (uint32_t day = 0; day < UINT32_MAX / kDay; ++day) {
      const uint32_t first = day * kDay;
      ASSERT_EQ(table.NumberOf(table[first]), domain::PeriodNumber(kind, first)) << day;
      ASSERT_EQ(table[first + kDay - 1], table[first]) << day;
      ASSERT_LT(table[first], table.size());
    }
    EXPECT_EQ(table.NumberOf(table[UINT32_MAX]), domain::PeriodNumber(kind, UINT32_MAX));
    EXPECT_LT(table[UINT32_MAX], table.size());
    EXPECT_EQ(table[0], 0u);
  }
}

}  // namespace
}  // namespace clv::query
