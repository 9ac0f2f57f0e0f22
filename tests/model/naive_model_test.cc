// What the naive model says of each customer and of bad requests: values worked out by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/model/naive_model_fixture.h"

namespace clv::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kSeedCustomer[] =
    R"({"customer_id":"c123","name":"John Doe","email":"john@example.com",)"
    R"("signup_date":"2023-01-15 10:30:00","country":"USA","customer_segment":"Premium",)"
    R"("acquisition_source":"Organic Search","active":1,"created_at":"2023-01-15 10:30:00"})";
constexpr char kSeedClv[] =
    R"({"customer_id":"c123","total_spend":500.25,"purchase_count":5,)"
    R"("first_purchase_date":"2023-01-16 14:20:00","last_purchase_date":"2023-06-20 09:15:00",)"
    R"("customer_segment":"Premium","country":"USA","acquisition_source":"Organic Search",)"
    R"("updated_at":"2023-06-20 09:15:00"})";
constexpr char kSeedPurchase[] =
    R"({"purchase_id":"p456","customer_id":"c123","product_id":"prod789",)"
    R"("product_name":"Premium Subscription","product_category":"Subscription",)"
    R"("purchase_amount":99.99,"purchase_date":"2023-01-16 14:20:00",)"
    R"("payment_method":"Credit Card","currency":"USD","created_at":"2023-01-16 14:20:00"})";

TEST_F(NaiveModelTest, SeedsRowsGiveTheTotalsOfTheSeed) {
  Send("customers", kSeedCustomer);
  Send("customer_clv", kSeedClv);
  Send("purchases", kSeedPurchase);
  const Table table =
      Ask("total_customer_value",
          {{"customer_id", "c123"}, {"country", "USA"}, {"customer_segment", "Premium"}});
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(table.as_of, "2023-06-20 09:15:00");
  EXPECT_EQ(table.rows_before_limit, 1);
  EXPECT_EQ(Cells(table, 0, {"customer_id", "name", "email", "active", "total_spend"}),
            R"("c123"|"John Doe"|"john@example.com"|1|500.25)");
  EXPECT_EQ(Cells(table, 0, {"refunded_amount", "purchase_count", "distinct_products"}), "0|5|1");
  EXPECT_EQ(Cells(table, 0, {"first_purchase_date", "last_purchase_date", "favorite_category"}),
            R"("2023-01-16 14:20:00"|"2023-06-20 09:15:00"|"Subscription")");
  EXPECT_EQ(Cells(table, 0, {"value_rank", "rfm_segment", "p_alive"}), "1|\"Lost\"|null");
  ExpectReal(table, 0, "avg_order_value", 100.05);
  ExpectReal(table, 0, "lifespan_days", 155 - 18300.0 / 86400);
  ExpectReal(table, 0, "avg_days_between_purchases", (155 - 18300.0 / 86400) / 4);
  ExpectReal(table, 0, "days_since_last_purchase", 0);
  ExpectReal(table, 0, "value_percentile", 0);
  ExpectReal(table, 0, "share_of_revenue", 1);
}

TEST_F(NaiveModelTest, ImportedRecordCountsFromItsLastPurchaseOnly) {
  Send("customer_clv", kSeedClv);
  Send("purchases", kSeedPurchase);
  Buy("p9", "c123", "10.5", "2023-07-01 00:00:00");
  const auto totals = [&](const std::string& as_of) {
    return Cells(Ask("total_customer_value", {{"as_of", as_of}}), 0,
                 {"total_spend", "purchase_count"});
  };
  EXPECT_EQ(totals("2023-06-20 09:14:59"), "99.99|1");
  EXPECT_EQ(totals("2023-06-20 09:15:00"), "500.25|5");
  EXPECT_EQ(totals("2023-07-01"), "510.75|6");
}

TEST_F(NaiveModelTest, RefundsNetTheSpendAndDisqualifyOrders) {
  Buy("p1", "r", "100", "2023-01-01 00:00:00");
  Buy("p1b", "r", "-40", "2023-01-10 00:00:00", R"(,"order_id":"p1")");
  Buy("p2", "r", "50", "2023-02-01 00:00:00");
  Buy("p2b", "r", "-50", "2023-02-02 00:00:00", R"(,"order_id":"p2")");
  const std::vector<std::string> columns = {"total_spend", "refunded_amount", "purchase_count",
                                            "last_purchase_date"};
  EXPECT_EQ(Cells(Ask("total_customer_value"), 0, columns), R"(60|90|1|"2023-01-01 00:00:00")");
  EXPECT_EQ(Cells(Ask("total_customer_value", {{"as_of", "2023-01-05"}}), 0, columns),
            R"(100|0|1|"2023-01-01 00:00:00")");
  Buy("p3", "r", "0", "2023-03-01 00:00:00");
  EXPECT_EQ(Cells(Ask("total_customer_value"), 0, columns), R"(60|90|2|"2023-03-01 00:00:00")");
}

TEST_F(NaiveModelTest, OtherCurrenciesAreOnlyCounted) {
  Describe("a", R"(,"country":"USA")");
  Buy("p1", "a", "10", "2023-01-01 00:00:00");
  Buy("p2", "a", "99", "2023-05-01 00:00:00", R"(,"currency":"eur")");
  EXPECT_EQ(Ask("total_customer_value").unconverted_purchases, 0);  // After the horizon.
  const Table table = Ask("total_customer_value", {{"as_of", "now"}});
  EXPECT_EQ(table.unconverted_purchases, 1);
  EXPECT_EQ(Cells(table, 0, {"total_spend", "purchase_count"}), "10|1");
  EXPECT_EQ(Ask("clv_by_segment", {{"as_of", "now"}, {"country", "UK"}}).unconverted_purchases, 0);
}

TEST_F(NaiveModelTest, FiltersMatchWholeValuesPartsAndUnknown) {
  Describe("a", R"(,"country":"Korea, Republic of")");
  Describe("b", R"(,"country":"UK")");
  for (const char* id : {"a", "b", "c"}) {
    Buy(std::string("p") + id, id, "10", "2023-01-01 00:00:00");
  }
  const auto ids = [&](const Parameters& parameters) {
    return Column(Ask("total_customer_value", parameters), "customer_id");
  };
  EXPECT_THAT(ids({{"country", "Korea, Republic of"}}), ElementsAre("\"a\""));
  EXPECT_THAT(ids({{"country", "UK , (unknown)"}}), ElementsAre("\"b\"", "\"c\""));
  EXPECT_THAT(ids({{"country", "UK"}, {"country", "(unknown)"}}), ElementsAre("\"b\"", "\"c\""));
  EXPECT_THAT(ids({{"country", ""}}), ElementsAre("\"a\"", "\"b\"", "\"c\""));
  EXPECT_THAT(ids({{"country", "uk"}}), IsEmpty());
}

TEST_F(NaiveModelTest, WindowOfTotalValueLooksAtOrdersInside) {
  Buy("p1", "a", "10", "2023-01-01 00:00:00", R"(,"product_category":"x","product_id":"1")");
  Buy("p2", "a", "30", "2023-02-01 12:00:00", R"(,"product_category":"y","product_id":"2")");
  Buy("p3", "b", "20", "2023-01-05 00:00:00");
  Describe("d", "");
  const std::vector<std::string> columns = {"customer_id", "total_spend", "purchase_count",
                                            "favorite_category", "value_rank"};
  const Table window =
      Ask("total_customer_value", {{"start_date", "2023-02-01"}, {"end_date", "2023-02-01"}});
  ASSERT_EQ(window.rows.size(), 1u);
  EXPECT_EQ(Cells(window, 0, columns), R"("a"|30|1|"y"|1)");

  const Table by_id =
      Ask("total_customer_value", {{"start_date", "2023-02-01"}, {"customer_id", "a,b,d,nobody"}});
  ASSERT_EQ(by_id.rows.size(), 3u);
  EXPECT_EQ(Cells(by_id, 1, columns), R"("b"|0|0|null|null)");
  EXPECT_EQ(Cells(by_id, 2, {"active", "avg_order_value", "rfm_segment"}), "1|null|null");
  EXPECT_EQ(by_id.At(1, "active").ToString(), "null");

  EXPECT_TRUE(Ask("total_customer_value",
                  {{"start_date", "2023-02-02"}, {"end_date", "2023-02-01"}, {"customer_id", "a"}})
                  .rows.empty());
}

TEST_F(NaiveModelTest, SortsPutNullsLastAndEndWithTheId) {
  Buy("p1", "a", "10", "2023-01-01 00:00:00");
  Buy("p2", "b", "10", "2023-01-02 00:00:00");
  Buy("p3", "c", "5", "2023-01-03 00:00:00");
  Buy("p4", "c", "4", "2023-01-03 00:00:00");
  Describe("d", "");
  const auto ids = [&](const std::string& sort) {
    return Column(Ask("total_customer_value", {{"sort", sort}, {"customer_id", "a,b,c,d"}}),
                  "customer_id");
  };
  EXPECT_THAT(ids(""), ElementsAre("\"a\"", "\"b\"", "\"c\"", "\"d\""));
  EXPECT_THAT(ids("purchase_count"), ElementsAre("\"c\"", "\"a\"", "\"b\"", "\"d\""));
  EXPECT_THAT(ids("last_purchase_date"), ElementsAre("\"c\"", "\"b\"", "\"a\"", "\"d\""));
  EXPECT_THAT(ids("avg_order_value"), ElementsAre("\"a\"", "\"b\"", "\"c\"", "\"d\""));
  EXPECT_THAT(ids("predicted_clv"), ElementsAre("\"a\"", "\"b\"", "\"c\"", "\"d\""));
  const Table table = Ask("total_customer_value");
  EXPECT_THAT(Column(table, "value_rank"), ElementsAre("1", "1", "3"));
  ExpectReal(table, 0, "value_percentile", 1.0 / 3);
  ExpectReal(table, 2, "share_of_revenue", 9.0 / 29);
}

TEST_F(NaiveModelTest, MasksEmailsWithoutTheRightToReadThem) {
  Describe("a", R"(,"email":"john@x@example.com")");
  Describe("b", R"(,"email":"\u00e9cole")");
  Describe("c", R"(,"email":"\u00e9cole@fr")");
  const Table table = std::get<Table>(
      model_.Query("total_customer_value", {{"customer_id", "a,b,c"}}, kNow, false));
  EXPECT_THAT(Column(table, "email"),
              ElementsAre("\"j***@example.com\"", "\"***\"", "\"\u00e9***@fr\""));
}

TEST_F(NaiveModelTest, PagesAndLimitsCutTheRows) {
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    Buy(std::string("p") + id, id, "1", "2023-01-01 00:00:00", R"(,"order_id":"o")");
  }
  const auto rows = [&](const Parameters& parameters) {
    return Column(Ask("total_customer_value", parameters), "customer_id");
  };
  EXPECT_EQ(rows({}).size(), 5u);
  EXPECT_THAT(rows({{"limit", "2"}}), ElementsAre("\"a\"", "\"b\""));
  EXPECT_THAT(rows({{"limit", "2"}, {"page", "2"}}), ElementsAre("\"e\""));
  EXPECT_THAT(rows({{"page_size", "3"}, {"page", "1"}}), ElementsAre("\"d\"", "\"e\""));
  EXPECT_THAT(rows({{"limit", "0"}}), IsEmpty());
  EXPECT_EQ(Ask("total_customer_value", {{"limit", "2"}}).rows_before_limit, 5);
  EXPECT_EQ(Ask("clv_by_segment").rows_before_limit, std::nullopt);
  EXPECT_EQ(Ask("clv_by_segment", {{"page", "0"}}).rows_before_limit, 1);
}

TEST_F(NaiveModelTest, RefusesBadParametersByName) {
  const std::string total = "total_customer_value";
  for (const char* bad : {"-1", "1.5", "100001", "x", " 1", "+1"}) {
    EXPECT_EQ(Refused(total, {{"limit", bad}}), "limit") << bad;
  }
  EXPECT_EQ(Refused(total, {{"page", "-1"}}), "page");
  EXPECT_EQ(Refused(total, {{"start_date", "2023-13-01"}}), "start_date");
  EXPECT_EQ(Refused(total, {{"as_of", "tomorrow"}}), "as_of");
  EXPECT_EQ(Refused(total, {{"sort", "name"}}), "sort");
  EXPECT_EQ(Refused("customer_retention", {{"granularity", "Month"}}), "granularity");
  EXPECT_EQ(Refused("customer_retention", {{"periods", "1001"}}), "periods");
  EXPECT_EQ(Refused("customer_segmentation", {{"level", "cell"}}), "level");
  const std::string frequency = "purchase_frequency_analysis";
  for (const char* bad : {"2,3", "1,1", "1,,2", "1,x", "1, 2", "0,1", ","}) {
    EXPECT_EQ(Refused(frequency, {{"buckets", bad}}), "buckets") << bad;
  }
  EXPECT_EQ(Refused(frequency, {{"view", "interval"}, {"buckets", "1,2"}}), "buckets");
  EXPECT_EQ(Refused(frequency, {{"start_date", "not a parameter"}}), "answered");
  const std::string prediction = "clv_prediction";
  for (const auto& [name, bad] : Parameters{{"horizon_days", "0"},
                                            {"horizon_days", "3651"},
                                            {"discount_rate", "-0.1"},
                                            {"discount_rate", "10.01"},
                                            {"margin", "1001"},
                                            {"interval", "0"},
                                            {"interval", "1"},
                                            {"min_p_alive", "1.1"},
                                            {"min_p_alive", "nan"},
                                            {"model", "best"}}) {
    EXPECT_EQ(Refused(prediction, {{name, bad}}), name) << bad;
  }
}

TEST_F(NaiveModelTest, EveryEndpointAnswersWithoutData) {
  EXPECT_EQ(Ask("customer_retention").rows.size(), 0u);
  EXPECT_EQ(Ask("clv_by_segment").rows.size(), 0u);
  EXPECT_EQ(Ask("clv_by_acquisition_source").rows.size(), 0u);
  EXPECT_EQ(Ask("clv_prediction").rows.size(), 0u);
  EXPECT_EQ(Ask("total_customer_value").rows.size(), 0u);
  EXPECT_EQ(Ask("customer_segmentation").rows.size(), 0u);
  EXPECT_EQ(Ask("customer_segmentation", {{"level", "matrix"}}).rows.size(), 25u);
  const Table frequency = Ask("purchase_frequency_analysis");
  EXPECT_EQ(frequency.rows.size(), 6u);
  EXPECT_TRUE(frequency.At(0, "share_of_customers").is_null());
  EXPECT_EQ(frequency.as_of, "2023-11-14 22:13:20");
  EXPECT_EQ(Refused("no_such_endpoint", {}), "");
}

// Reading and comparing answers.

constexpr char kServed[] = R"json({
    "meta": [{"name": "customer_segment", "type": "String"}, {"name": "avg_clv", "type": "Float64"},
             {"name": "total_revenue", "type": "Decimal(38, 6)"},
             {"name": "orders", "type": "UInt64"}],
    "data": [{"customer_segment": "A", "avg_clv": 100, "total_revenue": 200.5, "orders": 2}],
    "rows": 1,
    "statistics": {"elapsed": 0.1},
    "context": {"as_of": "2023-01-01 00:00:00", "reporting_currency": "USD",
                "unconverted_purchases": 0, "warnings": []}})json";

TEST(ServedTableTest, AgreesWithAnEqualAnswer) {
  Table expected;
  expected.columns = {"customer_segment", "avg_clv", "total_revenue", "orders"};
  expected.rows = {
      {Cell::Text("A"), Cell::Real(100.00000000000001), Cell::Decimal("200.5"), Cell::Integer(2)}};
  expected.as_of = "2023-01-01 00:00:00";
  const auto served = ReadServedTable(kServed);
  ASSERT_TRUE(std::holds_alternative<Table>(served)) << std::get<std::string>(served);
  EXPECT_EQ(Compare(expected, std::get<Table>(served)), "");

  expected.rows[0][3] = Cell::Integer(3);
  EXPECT_THAT(Compare(expected, std::get<Table>(served)),
              ::testing::StartsWith("row 0, column orders: expected 3, got 2"));
  expected.rows.clear();
  EXPECT_THAT(Compare(expected, std::get<Table>(served)),
              ::testing::StartsWith("expected 0 rows, got 1; first extra: "));
}

TEST(ServedTableTest, RefusesABodyThatIsNoAnswer) {
  EXPECT_TRUE(std::holds_alternative<std::string>(ReadServedTable("{}")));
  EXPECT_TRUE(std::holds_alternative<std::string>(ReadServedTable("not JSON")));
}

}  // namespace
}  // namespace clv::model
