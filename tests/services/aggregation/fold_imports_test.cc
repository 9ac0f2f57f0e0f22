// Imported CLV records as opening balances.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/services/aggregation/fold_fixture.h"

namespace clv::aggregation {
namespace {

using Buys = std::vector<Buy>;

class FoldImportsTest : public FoldTest {
 protected:
  static domain::ImportedClv Import(int64_t units, int64_t orders, int64_t first_day,
                                    int64_t last_day, int64_t updated_day) {
    return {.customer_id = "c1",
            .total_spend_micros = Units(units),
            .purchase_count = orders,
            .first_purchase_date = kNewYear + first_day * kDay,
            .last_purchase_date = kNewYear + last_day * kDay,
            .customer_segment = "Premium",
            .country = "USA",
            .updated_at = kNewYear + updated_day * kDay};
  }
};

TEST_F(FoldImportsTest, AnImportAloneIsTheCustomer) {
  Send(Import(500, 5, 1, 10, 20));
  const storage::CustomerValue value = Value("c1");
  EXPECT_TRUE(value.imported);
  EXPECT_FALSE(value.described);
  EXPECT_EQ(value.attributes.country, "USA");
  EXPECT_EQ(value.attributes.acquisition_source, "(unknown)");
  EXPECT_EQ(value.summary.total_spend_micros, Units(500));
  EXPECT_EQ(value.summary.purchase_count, 5);
  EXPECT_EQ(value.summary.repeat_order_days, 4);
  EXPECT_EQ(value.summary.last_activity_date, kNewYear + 10 * kDay);
}

TEST_F(FoldImportsTest, RowsUpToItsInstantAreInTheBalanceAlready) {
  Send(Buys{{"p1", "c1", 30, 5}, {"p2", "c1", 40, 20}, {"p3", "c1", 7, 21}});
  Send(Import(500, 5, 6, 10, 20));
  const domain::CustomerSummary summary = Summary("c1");
  EXPECT_EQ(summary.total_spend_micros, Units(507));
  EXPECT_EQ(summary.purchase_count, 6);
  EXPECT_EQ(summary.first_purchase_date, kNewYear + 5 * kDay);
  EXPECT_EQ(summary.last_purchase_date, kNewYear + 21 * kDay);
}

TEST_F(FoldImportsTest, ARefundAfterItsInstantCountsThoughItsOrderDoesNot) {
  Send(Import(500, 5, 6, 10, 20), Buys{{"p1", "c1", 30, 5}, {"r1", "c1", -10, 25, {}, "p1"}});
  const domain::CustomerSummary summary = Summary("c1");
  EXPECT_EQ(summary.total_spend_micros, Units(490));
  EXPECT_EQ(summary.refunded_micros, Units(10));
  EXPECT_EQ(summary.purchase_count, 5);
}

TEST_F(FoldImportsTest, ANewerImportReplacesAnOlderOneAndNotTheOtherWayRound) {
  Send(Import(500, 5, 6, 10, 20));
  Send(Import(600, 6, 6, 10, 21));
  EXPECT_EQ(Summary("c1").purchase_count, 6);
  EXPECT_EQ(Send(Import(700, 7, 6, 10, 20)).winners, 0u);
  EXPECT_EQ(Summary("c1").purchase_count, 6);
}

TEST_F(FoldImportsTest, TheCustomersOwnAttributesComeFirst) {
  Send(Import(500, 5, 6, 10, 20));
  Send(domain::Customer{.customer_id = "c1", .customer_segment = "Basic"});
  const storage::CustomerValue value = Value("c1");
  EXPECT_EQ(value.attributes.customer_segment, "Basic");
  EXPECT_EQ(value.attributes.country, "USA");
  EXPECT_TRUE(value.described && value.imported);
}

TEST_F(FoldImportsTest, OrderDaysAfterTheDayOfTheImportAreAdded) {
  Send(Import(500, 5, 6, 10, 20),
       Buys{{"p1", "c1", 1, 3}, {"p2", "c1", 1, 20}, {"p3", "c1", 1, 21}, {"p4", "c1", 1, 21}});
  EXPECT_EQ(Summary("c1").repeat_order_days, 5);
}

TEST_F(FoldImportsTest, ACustomerThatIsImportedStaysWhenItsPurchasesMove) {
  Send(Import(500, 5, 6, 10, 20), Buys{{"p1", "c1", 1, 30}}, Buys{{"p1", "c2", 1, 30}});
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(500));
  EXPECT_EQ(Summary("c2").total_spend_micros, Units(1));
}

}  // namespace
}  // namespace clv::aggregation
