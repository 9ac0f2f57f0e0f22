#include "common/domain/value_groups.h"

#include "gtest/gtest.h"

namespace clv::domain {
namespace {

TEST(ValueGroupsTest, OrdersByRevenueThenName) {
  const auto rows = MakeSegmentRows({{.name = "b", .spend = SpendFiguresOf({5}), .orders = 1},
                                     {.name = "c", .spend = SpendFiguresOf({2, 9}), .orders = 2},
                                     {.name = "a", .spend = SpendFiguresOf({5}), .orders = 1}});
  EXPECT_EQ(rows[0].customer_segment, "c");
  EXPECT_EQ(rows[1].customer_segment, "a");
  EXPECT_EQ(rows[2].customer_segment, "b");
}

TEST(ValueGroupsTest, HasNoSharesWithoutAPositiveTotal) {
  const auto rows = MakeSegmentRows({{.name = "a", .spend = SpendFiguresOf({-5}), .orders = 1}});
  EXPECT_EQ(rows[0].share_of_revenue, std::nullopt);
  EXPECT_EQ(rows[0].share_of_customers, 1.0);
}

TEST(ValueGroupsTest, ListsSourcesThatHaveOnlySignups) {
  SourceGroup group;
  group.value.name = "Web";
  group.signups = 2;
  const auto rows = MakeSourceRows({group});
  EXPECT_EQ(rows[0].customers, 0u);
  EXPECT_EQ(rows[0].share_of_customers, std::nullopt);
  EXPECT_EQ(rows[0].signup_to_purchase_rate, 0.0);
  EXPECT_EQ(rows[0].min_clv_micros, std::nullopt);
  EXPECT_EQ(rows[0].ltv_365d, std::nullopt);
}

}  // namespace
}  // namespace clv::domain
