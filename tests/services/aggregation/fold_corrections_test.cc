// Which version of a row counts, and what follows for its customers.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/services/aggregation/fold_fixture.h"

namespace clv::aggregation {
namespace {

class FoldCorrectionsTest : public FoldTest {};

using Buys = std::vector<Buy>;

TEST_F(FoldCorrectionsTest, SumsTheRowsOfACustomer) {
  Send(Buys{{"p1", "c1", 10, 0}, {"p2", "c1", 5, 3}, {"p3", "c2", 1, 1}});
  const domain::CustomerSummary summary = Summary("c1");
  EXPECT_EQ(summary.total_spend_micros, Units(15));
  EXPECT_EQ(summary.purchase_count, 2);
  EXPECT_EQ(summary.first_purchase_date, kNewYear);
  EXPECT_EQ(summary.last_purchase_date, kNewYear + 3 * kDay);
  EXPECT_EQ(summary.repeat_order_days, 1);
  EXPECT_EQ(summary.last_activity_date, kNewYear + 3 * kDay);
}

TEST_F(FoldCorrectionsTest, ANewerRowReplacesAnOlderOne) {
  Send(Buys{{"p1", "c1", 10, 0, 1}});
  Send(Buys{{"p1", "c1", 7, 2, 2}});
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(7));
  EXPECT_EQ(Summary("c1").first_purchase_date, kNewYear + 2 * kDay);
}

TEST_F(FoldCorrectionsTest, AnOlderRowChangesNothing) {
  Send(Buys{{"p1", "c1", 10, 0, 2}});
  const std::string before = State(true);
  EXPECT_EQ(Send(Buys{{"p1", "c1", 7, 2, 1}}).winners, 0u);
  EXPECT_EQ(State(true), before);
}

TEST_F(FoldCorrectionsTest, AnEqualRowChangesNothing) {
  Send(Buys{{"p1", "c1", 10, 0, 2}});
  const std::string before = State(true);
  EXPECT_EQ(Send(Buys{{"p1", "c1", 10, 0, 2}}).winners, 0u);
  EXPECT_EQ(State(true), before);
}

TEST_F(FoldCorrectionsTest, AmongEqualInstantsTheLaterInTheLogWins) {
  Send(Buys{{"p1", "c1", 10, 0, 2}});
  Send(Buys{{"p1", "c1", 7, 0, 2}});
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(7));
}

TEST_F(FoldCorrectionsTest, WithoutAnInstantOnEitherSideTheLaterInTheLogWins) {
  Send(Buys{{"p1", "c1", 10, 0, 9}});
  Send(Buys{{"p1", "c1", 7, 0}});
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(7));
  Send(Buys{{"p1", "c1", 3, 0, 1}});
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(3));
}

TEST_F(FoldCorrectionsTest, ARowEqualToAnEarlierWinnerIsANewCorrection) {
  Send(Buys{{"p1", "c1", 10, 0}});
  Send(Buys{{"p1", "c1", 7, 0}});
  EXPECT_EQ(Send(Buys{{"p1", "c1", 10, 0}}).winners, 1u);
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(10));
}

TEST_F(FoldCorrectionsTest, AWinnerReplacesTheWholeRow) {
  Send(domain::Customer{.customer_id = "c1",
                        .name = "Ann",
                        .signup_date = kNewYear,
                        .country = "USA",
                        .customer_segment = "Premium"});
  Send(domain::Customer{.customer_id = "c1", .customer_segment = "Basic"});
  const storage::CustomerValue value = Value("c1");
  EXPECT_EQ(value.attributes.customer_segment, "Basic");
  EXPECT_EQ(value.attributes.country, "(unknown)");
  EXPECT_EQ(value.signup_date, std::nullopt);
  EXPECT_EQ(store_->Read().value()->FindCustomers({"c1"})->at("c1").name, "");
}

TEST_F(FoldCorrectionsTest, APurchaseThatMovesChangesBothCustomers) {
  Send(Buys{{"p1", "c1", 10, 0}, {"p2", "c1", 5, 1}, {"p3", "c2", 1, 2}});
  Send(Buys{{"p1", "c2", 10, 0}});
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(5));
  EXPECT_EQ(Summary("c1").first_purchase_date, kNewYear + kDay);
  EXPECT_EQ(Summary("c2").total_spend_micros, Units(11));
  EXPECT_EQ(Summary("c2").purchase_count, 2);
}

TEST_F(FoldCorrectionsTest, ACustomerWithoutFactsDisappears) {
  Send(Buys{{"p1", "c1", 10, 0}});
  Send(Buys{{"p1", "c2", 10, 0}});
  EXPECT_FALSE(IsKnown("c1"));
  EXPECT_TRUE(IsKnown("c2"));
}

TEST_F(FoldCorrectionsTest, ADescribedCustomerStaysWithoutPurchases) {
  Send(domain::Customer{.customer_id = "c1", .country = "USA"}, Buys{{"p1", "c1", 10, 0}},
       Buys{{"p1", "c2", 10, 0}});
  EXPECT_EQ(Value("c1").attributes.country, "USA");
  EXPECT_EQ(Summary("c1").purchase_count, 0);
  EXPECT_EQ(Summary("c1").first_purchase_date, std::nullopt);
}

TEST_F(FoldCorrectionsTest, APurchaseMayMoveAwayAndBackWithinOneFold) {
  Send(Buys{{"p1", "c1", 10, 0}});
  const std::string before = State();
  Send(Buys{{"p1", "c2", 10, 0}}, Buys{{"p1", "c3", 4, 0}, {"p1", "c1", 10, 0}});
  EXPECT_EQ(State(), before);
}

TEST_F(FoldCorrectionsTest, OrdersThatAMoveSplitsAreCountedForBoth) {
  Send(Buys{{"p1", "c1", 10, 0, {}, "o"}, {"p2", "c1", -10, 1, {}, "o"}});
  EXPECT_EQ(Summary("c1").purchase_count, 0);
  Send(Buys{{"p2", "c2", -10, 1, {}, "o"}});
  EXPECT_EQ(Summary("c1").purchase_count, 1);
  EXPECT_EQ(Summary("c2").purchase_count, 0);
  EXPECT_EQ(Summary("c2").total_spend_micros, Units(-10));
  EXPECT_EQ(Summary("c2").refunded_micros, Units(10));
}

TEST_F(FoldCorrectionsTest, ACustomerMayComeAfterItsPurchases) {
  Send(Buys{{"p1", "c1", 10, 0}});
  EXPECT_FALSE(Value("c1").described);
  EXPECT_EQ(Value("c1").attributes.customer_segment, "(unknown)");
  Send(domain::Customer{.customer_id = "c1",
                        .signup_date = kNewYear - kDay,
                        .customer_segment = "Premium",
                        .acquisition_source = "Ads"});
  const storage::CustomerValue value = Value("c1");
  EXPECT_TRUE(value.described);
  EXPECT_EQ(value.attributes.customer_segment, "Premium");
  EXPECT_EQ(value.signup_date, kNewYear - kDay);
  EXPECT_EQ(value.summary.total_spend_micros, Units(10));
}

TEST_F(FoldCorrectionsTest, APurchaseWithoutCurrencyIsInTheReportingCurrency) {
  Send(Buys{{"p1", "c1", 10, 0}});
  EXPECT_EQ(Purchase("p1").currency, "USD");
  EXPECT_EQ(Send(Buys{{"p1", "c1", 10, 0, {}, "", "USD"}}).winners, 0u);
}

TEST_F(FoldCorrectionsTest, OtherCurrenciesAreKeptAndCountedOnly) {
  Send(Buys{{"p1", "c1", 10, 0}, {"p2", "c1", 99, 5, {}, "", "EUR"}});
  const domain::CustomerSummary summary = Summary("c1");
  EXPECT_EQ(summary.total_spend_micros, Units(10));
  EXPECT_EQ(summary.purchase_count, 1);
  EXPECT_EQ(summary.last_activity_date, kNewYear);
  EXPECT_EQ(summary.unconverted_rows, 1);
  EXPECT_EQ(summary.visible_rows, 1);
  EXPECT_EQ(Purchase("p2").purchase_amount_micros, Units(99));
}

TEST_F(FoldCorrectionsTest, RefundsNetTheSpend) {
  Send(Buys{{"p1", "c1", 10, 0}, {"r1", "c1", -4, 1, {}, "p1"}});
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(6));
  EXPECT_EQ(Summary("c1").refunded_micros, Units(4));
  EXPECT_EQ(Summary("c1").purchase_count, 1);
  Send(Buys{{"r2", "c1", -6, 2, {}, "p1"}});
  EXPECT_EQ(Summary("c1").total_spend_micros, 0);
  EXPECT_EQ(Summary("c1").purchase_count, 0);
  EXPECT_EQ(Summary("c1").last_purchase_date, std::nullopt);
}

TEST_F(FoldCorrectionsTest, AZeroValueOrderIsAnOrder) {
  Send(Buys{{"p1", "c1", 0, 0}});
  EXPECT_EQ(Summary("c1").purchase_count, 1);
}

TEST_F(FoldCorrectionsTest, UpdatedAtIsTheReceiptOfTheLastWinnerThatTouched) {
  Send(Buys{{"p1", "c1", 10, 0, 5}, {"p2", "c2", 1, 0}});
  Send(Buys{{"p1", "c1", 3, 0, 1}});
  EXPECT_EQ(Value("c1").updated_at, kNewYear + 1);
  Send(Buys{{"p1", "c2", 10, 0, 6}});
  EXPECT_FALSE(IsKnown("c1"));
  EXPECT_EQ(Value("c2").updated_at, kNewYear + 3);
}

TEST_F(FoldCorrectionsTest, TheCustomerThatAPurchaseLeavesIsTouchedToo) {
  Send(Buys{{"p1", "c1", 10, 0}, {"p2", "c1", 1, 0}});
  Send(Buys{{"p1", "c2", 10, 0}});
  EXPECT_EQ(Value("c1").updated_at, kNewYear + 2);
  EXPECT_EQ(Value("c1").folded_position, 2u);
}

}  // namespace
}  // namespace clv::aggregation
