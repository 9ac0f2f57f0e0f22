#include "common/domain/row_condition.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "common/base/instant.h"

namespace clv::domain {
namespace {

Customer FullCustomer() {
  return {.customer_id = "c1",
          .name = "Zo\xC3\xAB",
          .email = "z@example.com",
          .signup_date = 1'704'067'200,  // 2024-01-01
          .country = "NL",
          .customer_segment = "Premium",
          .acquisition_source = "Ads",
          .active = false,
          .created_at = 1'704'067'201};
}

Purchase FullPurchase() {
  return {.purchase_id = "p1",
          .customer_id = "c1",
          .order_id = "o1",
          .purchase_amount_micros = -12'345'678,
          .purchase_date = 1'704'067'200,
          .currency = "EUR",
          .product_id = "x",
          .product_name = "it's",
          .product_category = "a\\b",
          .payment_method = "Card",
          .created_at = 0};
}

ImportedClv FullImport() {
  return {.customer_id = "c1",
          .total_spend_micros = 1'000'000'000'000'000'000,
          .purchase_count = 7,
          .first_purchase_date = 0,
          .last_purchase_date = 86'400,
          .customer_segment = "s",
          .country = "c",
          .acquisition_source = "a",
          .updated_at = 86'401};
}

DataSource DataSourceOf(const Customer&) { return DataSource::kCustomers; }
DataSource DataSourceOf(const Purchase&) { return DataSource::kPurchases; }
DataSource DataSourceOf(const ImportedClv&) { return DataSource::kCustomerClv; }

// Whether the row meets the condition; one that does not parse fails the test.
template <typename Row>
bool Meets(const Row& row, const std::string& text) {
  const auto condition = ParseRowCondition(DataSourceOf(row), text);
  EXPECT_TRUE(condition.ok()) << text << ": " << condition.status();
  return condition.ok() && domain::Meets(row, *condition);
}

// The phrase with which a condition on purchases is refused; "" when it is not.
std::string Error(const std::string& text, DataSource data_source = DataSource::kPurchases) {
  const auto condition = ParseRowCondition(data_source, text);
  if (condition.ok()) return "";
  EXPECT_EQ(condition.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(condition.status().message());
}

TEST(RowConditionTest, ComparesEveryColumnOfACustomer) {
  for (const char* text :
       {"customer_id = 'c1'", "name = 'Zo\xC3\xAB'", "email >= 'z'", "signup_date = '2024-01-01'",
        "country = 'NL'", "customer_segment <> 'Basic'", "acquisition_source < 'B'", "active = 0",
        "active = false", "created_at = '2024-01-01 00:00:01'", "created_at = 1704067201",
        "active != true", "active < 1"}) {
    EXPECT_TRUE(Meets(FullCustomer(), text)) << text;
  }
}

TEST(RowConditionTest, ComparesEveryColumnOfAPurchase) {
  for (const char* text :
       {"purchase_id = 'p1'", "customer_id == 'c1'", "purchase_amount = -12.345678",
        "purchase_amount = '-12.345678'", "purchase_amount < -12", "purchase_amount > -12.345679",
        "purchase_date <= '2024-01-01T00:00:00Z'", "purchase_date < '2024-01-01T01:00:00+00:30'",
        "product_id = 'x'", "product_name = 'it''s'", "product_name = 'it\\'s'",
        "product_category = 'a\\\\b'", "payment_method = 'Card'", "currency = 'EUR'",
        "currency = 'eur'", "created_at = '1970-01-01'", "created_at = 0", "order_id = 'o1'"}) {
    EXPECT_TRUE(Meets(FullPurchase(), text)) << text;
  }
}

TEST(RowConditionTest, ComparesEveryColumnOfAnImportedRecord) {
  for (const char* text :
       {"customer_id = 'c1'", "total_spend = 1000000000000", "total_spend >= 999999999999.999999",
        "purchase_count = 7", "purchase_count = +7", "first_purchase_date = '1970-01-01'",
        "last_purchase_date = toDate('1970-01-02')", "customer_segment = 's'", "country = 'c'",
        "acquisition_source = 'a'", "updated_at = toDateTime('1970-01-02 00:00:01')"}) {
    EXPECT_TRUE(Meets(FullImport(), text)) << text;
  }
}

TEST(RowConditionTest, TextsAreComparedByTheirBytes) {
  EXPECT_TRUE(Meets(FullCustomer(), "customer_id > 'C2'"));
  EXPECT_FALSE(Meets(FullCustomer(), "customer_id = 'C1'"));
  EXPECT_TRUE(Meets(FullCustomer(), "name > 'Zoz'"));
  // As in rows, an integer is its text.
  Customer numbered = FullCustomer();
  numbered.customer_id = "7";
  EXPECT_TRUE(Meets(numbered, "customer_id = 7"));
  EXPECT_FALSE(Meets(numbered, "customer_id = 70"));
}

TEST(RowConditionTest, AndBindsTighterThanOr) {
  EXPECT_TRUE(Meets(FullPurchase(), "purchase_id = 'p1' or customer_id = 'x' and order_id = 'x'"));
  EXPECT_FALSE(
      Meets(FullPurchase(), "(purchase_id = 'p1' or customer_id = 'x') and order_id = 'x'"));
  EXPECT_TRUE(Meets(FullPurchase(), "not purchase_id = 'x' and order_id = 'o1'"));
  EXPECT_FALSE(Meets(FullPurchase(), "not (purchase_id = 'x' or order_id = 'o1')"));
  EXPECT_TRUE(Meets(FullPurchase(), "not not purchase_id = 'p1'"));
}

TEST(RowConditionTest, WordsMayBeInEitherCaseAndBlanksAnywhere) {
  EXPECT_TRUE(Meets(FullPurchase(),
                    "\n NOT(purchase_id\tIS Null)AND purchase_amount\nBetween -13 aNd 0 Or "
                    "order_id iN('x','y')"));
  EXPECT_TRUE(Meets(FullPurchase(), "purchase_id='p1'and order_id='o1'"));
  EXPECT_TRUE(Meets(FullPurchase(), "created_at = TODATE ( '1970-01-01' )"));
}

TEST(RowConditionTest, InAndBetweenHaveTheirNegations) {
  EXPECT_TRUE(Meets(FullPurchase(), "purchase_id in ('a', 'p1')"));
  EXPECT_FALSE(Meets(FullPurchase(), "purchase_id not in ('a', 'p1')"));
  EXPECT_TRUE(Meets(FullPurchase(), "purchase_id not in ('a')"));
  EXPECT_TRUE(Meets(FullPurchase(), "purchase_amount between -12.345678 and -12.345678"));
  EXPECT_FALSE(Meets(FullPurchase(), "purchase_amount between 0 and -20"));
  EXPECT_TRUE(Meets(FullPurchase(), "purchase_amount not between -12 and 0"));
  EXPECT_FALSE(Meets(FullPurchase(), "created_at not between 0 and 1"));
}

TEST(RowConditionTest, AComparisonWithAnAbsentValueIsNeitherMetNorNotMet) {
  const Customer bare{.customer_id = "c1"};
  for (const char* predicate :
       {"name = ''", "name = 'x'", "name != 'x'", "name < 'x'", "signup_date > '1970-01-01'",
        "created_at in (0, 1)", "country between 'a' and 'z'"}) {
    const std::string text = predicate;
    EXPECT_FALSE(Meets(bare, text)) << text;
    EXPECT_FALSE(Meets(bare, "not (" + text + ")")) << text;
    EXPECT_FALSE(Meets(bare, text + " and customer_id = 'c1'")) << text;
    EXPECT_TRUE(Meets(bare, text + " or customer_id = 'c1'")) << text;
    EXPECT_TRUE(Meets(bare, "not (" + text + " and customer_id = 'x')")) << text;
    EXPECT_FALSE(Meets(bare, "not (" + text + " or customer_id = 'x')")) << text;
  }
  EXPECT_TRUE(Meets(bare, "name is null"));
  EXPECT_FALSE(Meets(bare, "name is not null"));
  EXPECT_TRUE(Meets(FullCustomer(), "name is not null"));
  EXPECT_FALSE(Meets(bare, "active is null"));
}

TEST(RowConditionTest, ErrorsTellWhereAndWhatIsWanted) {
  const std::string columns =
      "purchase_id, customer_id, purchase_amount, purchase_date, product_id, product_name, "
      "product_category, payment_method, currency, created_at, order_id";
  EXPECT_EQ(Error(""), "at byte 0: got the end, want a column: " + columns);
  EXPECT_EQ(Error("1 = 1"), "at byte 0: got '1', want a column: " + columns);
  EXPECT_EQ(Error("name = 'x'"), "at byte 0: got 'name', want a column: " + columns);
  EXPECT_EQ(Error("Purchase_id = 'x'"), "at byte 0: got 'Purchase_id', want a column: " + columns);
  EXPECT_EQ(Error("purchase_id"), "at byte 11: got the end, want a comparison, in, between or is");
  EXPECT_EQ(Error("purchase_id like 'x%'"),
            "at byte 12: got 'like', want a comparison, in, between or is");
  EXPECT_EQ(Error("purchase_id not = 'x'"), "at byte 16: got '=', want in or between");
  EXPECT_EQ(Error("purchase_id = "), "at byte 14: got the end, want a text in single quotes");
  EXPECT_EQ(Error("purchase_id = \"x\""), "at byte 14: got '\"', want a text in single quotes");
  EXPECT_EQ(Error("purchase_id = 1.5"), "at byte 14: got '1.5', want a text in single quotes");
  EXPECT_EQ(Error("purchase_id = 'x"), "at byte 14: got ''x', want a closing quote");
  EXPECT_EQ(Error("purchase_id = 'a\\b'"), "at byte 16: got '\\b', want \\' or \\\\");
  EXPECT_EQ(Error("purchase_id = 'x' and"), "at byte 21: got the end, want a column: " + columns);
  EXPECT_EQ(Error("purchase_id = 'x'; drop table x"),
            "at byte 17: got ';', want and, or, or the end");
  EXPECT_EQ(Error("purchase_id = 'x' order_id"),
            "at byte 18: got 'order_id', want and, or, or the end");
  EXPECT_EQ(Error("(purchase_id = 'x'"), "at byte 18: got the end, want )");
  EXPECT_EQ(Error("purchase_id in 'x'"), "at byte 15: got 'x', want (");
  EXPECT_EQ(Error("purchase_id in ()"), "at byte 16: got ')', want a text in single quotes");
  EXPECT_EQ(Error("purchase_id in ('x' 'y')"), "at byte 20: got 'y', want )");
  EXPECT_EQ(Error("purchase_amount between 1 or 2"), "at byte 26: got 'or', want and");
  EXPECT_EQ(Error("purchase_id is 'x'"), "at byte 15: got 'x', want null");
  EXPECT_EQ(Error("purchase_amount = 'abc'"),
            "at byte 18: got 'abc', want a decimal with at most 6 digits behind the point");
  EXPECT_EQ(Error("purchase_amount = 1.0000001"),
            "at byte 18: got '1.0000001', want a decimal with at most 6 digits behind the point");
  EXPECT_EQ(Error("purchase_amount = true"), "at byte 18: got 'true', want a decimal");
  EXPECT_EQ(Error("purchase_date > 'soon'"),
            "at byte 16: got 'soon', want 'YYYY-MM-DD', 'YYYY-MM-DD HH:MM:SS' or epoch seconds");
  EXPECT_EQ(Error("purchase_date > 1.5"),
            "at byte 16: got '1.5', want 'YYYY-MM-DD', 'YYYY-MM-DD HH:MM:SS' or epoch seconds");
  EXPECT_EQ(Error("purchase_date > now()"),
            "at byte 16: got 'now', want 'YYYY-MM-DD', 'YYYY-MM-DD HH:MM:SS' or epoch seconds");
  EXPECT_EQ(Error("purchase_date > toDate('2024-01-01'"), "at byte 35: got the end, want )");
  EXPECT_EQ(Error("purchase_id = toDate('x')"),
            "at byte 14: got 'toDate', want a text in single quotes");
  EXPECT_EQ(Error("active = 2", DataSource::kCustomers),
            "at byte 9: got '2', want 0, 1, true or false");
  EXPECT_EQ(Error("purchase_count = 'x'", DataSource::kCustomerClv),
            "at byte 17: got 'x', want an integer");
  EXPECT_EQ(Error("purchase_count = 99999999999999999999", DataSource::kCustomerClv),
            "at byte 17: got '99999999999999999999', want an integer");
}

TEST(RowConditionTest, KeepsItsLimits) {
  const auto nested = [](int levels) {
    const auto count = static_cast<size_t>(levels);
    return std::string(count, '(') + "order_id = 'x'" + std::string(count, ')');
  };
  EXPECT_EQ(Error(nested(kMaxConditionDepth - 1)), "");
  EXPECT_EQ(Error(nested(kMaxConditionDepth)),
            "at byte 24: got 'order_id', want at most 24 levels of nesting");
  EXPECT_NE(Error(nested(100'000)), "");
  std::string nots;
  for (int i = 0; i < 100'000; ++i) nots += "not ";
  EXPECT_NE(Error(nots + "order_id = 'x'"), "");

  std::string many = "order_id in ('x'";
  for (size_t i = 1; i < kMaxConditionNodes; ++i) many += ",'x'";
  EXPECT_EQ(Error(many + ")"), "");
  EXPECT_NE(Error(many + ",'x')").find("at most 100000 comparisons"), std::string::npos);

  const std::string long_text = "order_id = '" + std::string(kMaxConditionBytes, 'x') + "'";
  EXPECT_EQ(Error(long_text), "got 1048589 bytes, want at most 1048576");
  EXPECT_EQ(Error("order_id = '\xFF'"), "got bytes that are not UTF-8");
}

TEST(RowConditionTest, FindsTheCustomersThatAConditionNames) {
  using Ids = std::optional<std::vector<std::string>>;
  const auto only = [](const char* text) {
    return OnlyCustomers(DataSource::kPurchases,
                         ParseRowCondition(DataSource::kPurchases, text).value());
  };
  EXPECT_EQ(only("customer_id = 'b'"), Ids({"b"}));
  EXPECT_EQ(only("customer_id in ('b', 'a', 'b')"), Ids({"a", "b"}));
  EXPECT_EQ(only("purchase_amount > 1 and customer_id = 'b'"), Ids({"b"}));
  EXPECT_EQ(only("customer_id = 'b' or customer_id = 'a' and order_id = 'x'"), Ids({"a", "b"}));
  EXPECT_EQ(only("customer_id = 'b' or order_id = 'x'"), std::nullopt);
  EXPECT_EQ(only("not customer_id = 'b'"), std::nullopt);
  EXPECT_EQ(only("customer_id > 'b'"), std::nullopt);
  EXPECT_EQ(only("purchase_id = 'b'"), std::nullopt);
  for (const DataSource data_source : {DataSource::kCustomers, DataSource::kCustomerClv}) {
    EXPECT_EQ(
        OnlyCustomers(data_source, ParseRowCondition(data_source, "customer_id = 'b'").value()),
        Ids({"b"}));
  }
}

}  // namespace
}  // namespace clv::domain
