#include "gmock/gmock.h"
#include "tests/common/storage/sqlite_reports_fixture.h"

namespace clv::storage {
namespace {

using domain::TotalCustomerValueRow;

std::vector<std::string> Ids(const std::vector<TotalCustomerValueRow>& rows) {
  std::vector<std::string> ids;
  for (const auto& row : rows) ids.push_back(row.customer_id);
  return ids;
}

// The three rows of the seed.
void AddSeed(ReportStore& store) {
  store.Add(domain::Customer{.customer_id = "c123",
                             .name = "John Doe",
                             .email = "john@example.com",
                             .signup_date = At("2023-01-15 10:30:00"),
                             .country = "USA",
                             .customer_segment = "Premium",
                             .acquisition_source = "Organic Search"});
  store.Add(domain::ImportedClv{.customer_id = "c123",
                                .total_spend_micros = Money("500.25"),
                                .purchase_count = 5,
                                .first_purchase_date = At("2023-01-16 14:20:00"),
                                .last_purchase_date = At("2023-06-20 09:15:00"),
                                .updated_at = At("2023-06-20 09:15:00")});
  store.Add({.purchase_id = "p456",
             .customer_id = "c123",
             .amount = "99.99",
             .date = "2023-01-16 14:20:00",
             .product_id = "prod789",
             .category = "Subscription"});
}

CustomerValueQuery ById(std::vector<std::string> ids) {
  CustomerValueQuery query;
  query.customer_ids = std::move(ids);
  return query;
}

TEST(SqliteReportsTotalValueTest, AnswersTheSeedExample) {
  ReportStore store;
  AddSeed(store);
  store.Write();
  CustomerValueQuery query = ById({"c123"});
  query.scope.filters = {.country = {"USA"}, .customer_segment = {"Premium"}};
  const auto report = Must(store.reports().TotalCustomerValue(query));
  ASSERT_EQ(report.rows.size(), 1u);
  TotalCustomerValueRow want;
  want.customer_id = "c123";
  want.name = "John Doe";
  want.email = "john@example.com";
  want.country = "USA";
  want.customer_segment = "Premium";
  want.acquisition_source = "Organic Search";
  want.active = true;
  want.signup_date = At("2023-01-15 10:30:00");
  want.first_purchase_date = At("2023-01-16 14:20:00");
  want.last_purchase_date = At("2023-06-20 09:15:00");
  want.total_spend_micros = Money("500.25");
  want.purchase_count = 5;
  want.avg_order_value = 100.05;
  want.days_since_last_purchase = 0;
  want.lifespan_days = 13373700 / 86400.0;
  want.avg_days_between_purchases = 13373700 / 4 / 86400.0;
  want.distinct_products = 1;
  want.favorite_category = "Subscription";
  want.value_rank = 1;
  want.value_percentile = 0;
  want.share_of_revenue = 1;
  want.rfm_segment = "Lost";
  want.updated_at = kFoldedAt;
  TotalCustomerValueRow got = report.rows[0];
  ASSERT_TRUE(got.predicted_clv.has_value());
  // x = 4 repeat order days over T = 155 days, 100.05 an order.
  EXPECT_NEAR(*got.predicted_clv, 898.9, 0.5);
  got.predicted_clv.reset();
  EXPECT_EQ(got, want);
  EXPECT_EQ(report.context.as_of_seconds, At("2023-06-20 09:15:00"));
  EXPECT_EQ(report.context.reporting_currency, "USD");
  EXPECT_EQ(report.context.folded_position, 7u);
}

TEST(SqliteReportsTotalValueTest, CountsRowsAloneBeforeTheImportedRecordIsVisible) {
  ReportStore store;
  AddSeed(store);
  store.Write();
  CustomerValueQuery query = ById({"c123"});
  query.scope.as_of_seconds = At("2023-03-01");
  const auto report = Must(store.reports().TotalCustomerValue(query));
  ASSERT_EQ(report.rows.size(), 1u);
  EXPECT_EQ(report.rows[0].total_spend_micros, Money("99.99"));
  EXPECT_EQ(report.rows[0].purchase_count, 1u);
  EXPECT_EQ(report.rows[0].last_purchase_date, At("2023-01-16 14:20:00"));
  EXPECT_EQ(report.rows[0].avg_days_between_purchases, std::nullopt);
}

TEST(SqliteReportsTotalValueTest, LeavesImportedRecordsOutOfWindows) {
  ReportStore store;
  AddSeed(store);
  store.Write();
  CustomerValueQuery query;
  query.scope.window = TimeWindow{.start = At("2023-01-01"), .end = At("2023-12-31 23:59:59")};
  const auto report = Must(store.reports().TotalCustomerValue(query));
  ASSERT_EQ(report.rows.size(), 1u);
  EXPECT_EQ(report.rows[0].total_spend_micros, Money("99.99"));
  EXPECT_EQ(report.rows[0].purchase_count, 1u);
  EXPECT_EQ(report.rows[0].lifespan_days, 0.0);
}

// a: 100 and 60, 20 of it refunded; b: 50 fully refunded; c: a refund without an order; d:
// described only; e: euros.
class Shop : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.Add(
        domain::Customer{.customer_id = "d", .name = "Dora", .country = "FR", .active = false});
    store_.Add({.purchase_id = "a1",
                .customer_id = "a",
                .amount = "100",
                .date = "2023-01-01",
                .product_id = "x",
                .category = "Tea"});
    store_.Add({.purchase_id = "a2",
                .customer_id = "a",
                .amount = "60",
                .date = "2023-01-11",
                .product_id = "y",
                .category = "Jam"});
    store_.Add({.purchase_id = "a3",
                .customer_id = "a",
                .amount = "-20",
                .date = "2023-02-10",
                .order_id = "a2",
                .product_id = "y",
                .category = "Jam"});
    store_.Add({.purchase_id = "b1",
                .customer_id = "b",
                .amount = "50",
                .date = "2023-01-05",
                .product_id = "x",
                .category = "Tea"});
    store_.Add({.purchase_id = "b2",
                .customer_id = "b",
                .amount = "-50",
                .date = "2023-01-06",
                .order_id = "b1"});
    store_.Add({.purchase_id = "c1", .customer_id = "c", .amount = "-5", .date = "2023-01-07"});
    store_.Add({.purchase_id = "e1",
                .customer_id = "e",
                .amount = "7",
                .date = "2023-12-01",
                .currency = "EUR"});
    store_.Add({.purchase_id = "f1", .customer_id = "f", .amount = "140", .date = "2023-01-20"});
    store_.Add({.purchase_id = "f2", .customer_id = "f", .amount = "0", .date = "2023-01-21"});
    store_.Write();
  }

  ReportStore store_;
};

TEST_F(Shop, ListsCustomersWithQualifyingOrdersBySpendThenId) {
  const auto report = Must(store_.reports().TotalCustomerValue({}));
  ASSERT_EQ(Ids(report.rows), (std::vector<std::string>{"a", "f"}));
  const TotalCustomerValueRow& a = report.rows[0];
  EXPECT_EQ(a.total_spend_micros, Money("140"));
  EXPECT_EQ(a.refunded_amount_micros, Money("20"));
  EXPECT_EQ(a.purchase_count, 2u);
  EXPECT_EQ(a.last_purchase_date, At("2023-01-11"));
  EXPECT_EQ(a.days_since_last_purchase, 30.0);
  EXPECT_EQ(a.avg_days_between_purchases, 10.0);
  EXPECT_EQ(a.distinct_products, 2u);
  EXPECT_EQ(a.favorite_category, "Tea");
  EXPECT_EQ(a.active, std::nullopt);
  EXPECT_EQ(a.country, "(unknown)");
}

TEST_F(Shop, RanksEqualSpendsEqually) {
  const auto report = Must(store_.reports().TotalCustomerValue({}));
  ASSERT_EQ(report.rows.size(), 2u);
  for (const auto& row : report.rows) {
    EXPECT_EQ(row.value_rank, 1u);
    EXPECT_EQ(row.value_percentile, 0.0);
    EXPECT_EQ(row.share_of_revenue, 0.5);
  }
}

TEST_F(Shop, TakesTheHorizonFromTheReportingCurrencyOnly) {
  const auto report = Must(store_.reports().TotalCustomerValue({}));
  EXPECT_EQ(report.context.as_of_seconds, At("2023-02-10"));
  EXPECT_EQ(report.context.unconverted_purchases, 0u);
}

TEST_F(Shop, CountsUnconvertedPurchasesUpToAsOfOfCustomersThatPassTheFilters) {
  CustomerValueQuery query;
  query.scope.as_of_seconds = At("2024-01-01");
  EXPECT_EQ(Must(store_.reports().TotalCustomerValue(query)).context.unconverted_purchases, 1u);
  query.scope.filters.country = {"FR"};
  EXPECT_EQ(Must(store_.reports().TotalCustomerValue(query)).context.unconverted_purchases, 0u);
}

TEST_F(Shop, ShowsByIdEveryoneKnownInTheReportingCurrency) {
  const auto report =
      Must(store_.reports().TotalCustomerValue(ById({"a", "b", "c", "d", "e", "nobody"})));
  ASSERT_EQ(Ids(report.rows), (std::vector<std::string>{"a", "b", "d", "c"}));
  const TotalCustomerValueRow& b = report.rows[1];
  EXPECT_EQ(b.total_spend_micros, 0);
  EXPECT_EQ(b.refunded_amount_micros, Money("50"));
  EXPECT_EQ(b.purchase_count, 0u);
  EXPECT_EQ(b.first_purchase_date, std::nullopt);
  EXPECT_EQ(b.lifespan_days, std::nullopt);
  EXPECT_EQ(b.distinct_products, 0u);
  EXPECT_EQ(b.value_rank, std::nullopt);
  EXPECT_EQ(b.value_percentile, std::nullopt);
  EXPECT_EQ(b.share_of_revenue, std::nullopt);
  EXPECT_EQ(b.rfm_segment, std::nullopt);
  EXPECT_EQ(b.predicted_clv, std::nullopt);
  EXPECT_EQ(report.rows[2].active, false);
  EXPECT_EQ(report.rows[2].name, "Dora");
  EXPECT_EQ(report.rows[3].total_spend_micros, Money("-5"));
}

TEST_F(Shop, SeesAnOrderBeforeItsRefundInThePast) {
  CustomerValueQuery query = ById({"a", "b"});
  query.scope.as_of_seconds = At("2023-01-05 12:00:00");
  const auto report = Must(store_.reports().TotalCustomerValue(query));
  ASSERT_EQ(Ids(report.rows), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(report.rows[1].total_spend_micros, Money("50"));
  EXPECT_EQ(report.rows[1].purchase_count, 1u);
  EXPECT_EQ(report.rows[1].value_rank, 2u);
  EXPECT_EQ(report.rows[0].value_percentile, 0.5);
  EXPECT_EQ(report.rows[0].purchase_count, 1u);
}

TEST_F(Shop, TakesWholeOrdersIntoTheWindowOfTheirDate) {
  CustomerValueQuery query;
  query.scope.window = TimeWindow{.start = At("2023-01-11"), .end = At("2023-01-11")};
  const auto report = Must(store_.reports().TotalCustomerValue(query));
  ASSERT_EQ(Ids(report.rows), (std::vector<std::string>{"a"}));
  const TotalCustomerValueRow& a = report.rows[0];
  EXPECT_EQ(a.total_spend_micros, Money("40"));
  EXPECT_EQ(a.refunded_amount_micros, Money("20"));
  EXPECT_EQ(a.purchase_count, 1u);
  EXPECT_EQ(a.first_purchase_date, At("2023-01-11"));
  EXPECT_EQ(a.favorite_category, "Jam");
  EXPECT_EQ(a.share_of_revenue, 1.0);
  EXPECT_NE(a.rfm_segment, std::nullopt);
}

TEST_F(Shop, ShowsByIdInAWindowZerosForThoseWithoutOrdersThere) {
  CustomerValueQuery query = ById({"f", "d", "c"});
  query.scope.window = TimeWindow{.start = std::nullopt, .end = At("2023-01-10")};
  const auto report = Must(store_.reports().TotalCustomerValue(query));
  ASSERT_EQ(Ids(report.rows), (std::vector<std::string>{"d", "f", "c"}));
  EXPECT_EQ(report.rows[1].total_spend_micros, 0);
  EXPECT_EQ(report.rows[1].first_purchase_date, std::nullopt);
  EXPECT_EQ(report.rows[1].value_rank, std::nullopt);
  EXPECT_NE(report.rows[1].rfm_segment, std::nullopt);
  EXPECT_NE(report.rows[1].predicted_clv, std::nullopt);
  EXPECT_EQ(report.rows[2].total_spend_micros, Money("-5"));
}

TEST_F(Shop, GivesNothingForAWindowThatEndsBeforeItStarts) {
  CustomerValueQuery query;
  query.scope.window = TimeWindow{.start = At("2023-02-01"), .end = At("2023-01-01")};
  EXPECT_TRUE(Must(store_.reports().TotalCustomerValue(query)).rows.empty());
  query.customer_ids = {"a"};
  EXPECT_TRUE(Must(store_.reports().TotalCustomerValue(query)).rows.empty());
}

TEST_F(Shop, AppliesFiltersAlsoById) {
  CustomerValueQuery query = ById({"a", "d"});
  query.scope.filters.country = {"FR", "(unknown) "};
  EXPECT_EQ(Ids(Must(store_.reports().TotalCustomerValue(query)).rows),
            (std::vector<std::string>{"d"}));
  query.scope.filters.country = {"(unknown)"};
  EXPECT_EQ(Ids(Must(store_.reports().TotalCustomerValue(query)).rows),
            (std::vector<std::string>{"a"}));
}

TEST_F(Shop, CutsTheRangeAfterOrderingAndCountsAllRows) {
  CustomerValueQuery query;
  query.scope.range = {.limit = 1, .offset = 1};
  auto report = Must(store_.reports().TotalCustomerValue(query));
  EXPECT_EQ(Ids(report.rows), (std::vector<std::string>{"f"}));
  EXPECT_EQ(report.total_rows, 2u);
  query.scope.range = {.limit = 0, .offset = 0};
  report = Must(store_.reports().TotalCustomerValue(query));
  EXPECT_TRUE(report.rows.empty());
  EXPECT_EQ(report.total_rows, 2u);
}

TEST_F(Shop, SortsByEveryColumnOffered) {
  const auto sorted = [&](CustomerSort sort) {
    CustomerValueQuery query = ById({"a", "b", "c", "d", "f"});
    query.sort = sort;
    std::string ids;
    for (const std::string& id : Ids(Must(store_.reports().TotalCustomerValue(query)).rows)) {
      ids += id;
    }
    return ids;
  };
  EXPECT_EQ(sorted(CustomerSort::kTotalSpend), "afbdc");
  EXPECT_EQ(sorted(CustomerSort::kPurchaseCount), "afbcd");
  EXPECT_EQ(sorted(CustomerSort::kAvgOrderValue), "afbcd");
  EXPECT_EQ(sorted(CustomerSort::kRefundedAmount), "bacdf");
  EXPECT_EQ(sorted(CustomerSort::kFirstPurchaseDate), "fabcd");
  EXPECT_EQ(sorted(CustomerSort::kLastPurchaseDate), "fabcd");
  EXPECT_EQ(sorted(CustomerSort::kPredictedClv), "afbcd");
  EXPECT_EQ(sorted(CustomerSort::kCustomerId), "abcdf");
}

TEST(SqliteReportsTotalValueTest, ReadsNoPurchasesOfOthersForOneCustomer) {
  ReportStore store;
  for (int i = 0; i < 5000; ++i) {
    store.Add({.purchase_id = std::to_string(i),
               .customer_id = "big",
               .amount = "1",
               .date = "2023-01-01"});
  }
  store.Add({.purchase_id = "one", .customer_id = "small", .amount = "1", .date = "2023-01-01"});
  store.Write();
  const auto report = Must(store.reports().TotalCustomerValue(ById({"small"})));
  EXPECT_EQ(report.rows.size(), 1u);
  EXPECT_LT(report.context.rows_read, 200u);
  EXPECT_GT(report.context.rows_read, 0u);
  EXPECT_GT(report.context.bytes_read, 0u);
  EXPECT_GT(report.context.elapsed_seconds, 0);
}

TEST(SqliteReportsTotalValueTest, BreaksTiesOfTheFavoriteCategoryByTheSmallerText) {
  ReportStore store;
  store.Add({.purchase_id = "1",
             .customer_id = "a",
             .amount = "3",
             .date = "2023-01-01",
             .category = "Zinc"});
  store.Add({.purchase_id = "2",
             .customer_id = "a",
             .amount = "3",
             .date = "2023-01-02",
             .category = "Amber"});
  store.Add({.purchase_id = "3", .customer_id = "a", .amount = "9", .date = "2023-01-02"});
  store.Write();
  EXPECT_EQ(Must(store.reports().TotalCustomerValue({})).rows.at(0).favorite_category, "Amber");
}

TEST(SqliteReportsTotalValueTest, SumsOverCustomersBeyond64Bits) {
  ReportStore store;
  for (const char* id : {"a", "b", "c"}) {
    store.Add(domain::ImportedClv{.customer_id = id,
                                  .total_spend_micros = int64_t{9'000'000'000'000'000'000},
                                  .purchase_count = 1,
                                  .first_purchase_date = At("2023-01-01"),
                                  .last_purchase_date = At("2023-01-01"),
                                  .updated_at = At("2023-01-01")});
  }
  store.Write();
  const auto report = Must(store.reports().TotalCustomerValue({}));
  ASSERT_EQ(report.rows.size(), 3u);
  EXPECT_DOUBLE_EQ(*report.rows[0].share_of_revenue, 1.0 / 3);
  const auto groups = Must(store.reports().ClvBySegment({}));
  EXPECT_EQ(groups.rows.at(0).total_revenue_micros,
            absl::int128(3) * int64_t{9'000'000'000'000'000'000});
}

}  // namespace
}  // namespace clv::storage
