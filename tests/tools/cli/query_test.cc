#include "tools/cli/query.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace clv::cli {
namespace {

constexpr char kReport[] = R"report({
  "meta": [{"name":"customer_segment","type":"String"},
           {"name":"total_revenue","type":"Decimal(38, 6)"},
           {"name":"p_alive","type":"Nullable(Float64)"},
           {"name":"errors","type":"Array(String)"}],
  "data": [{"customer_segment":"Pre\"mium","total_revenue":12345678901234567890.123456,
            "p_alive":null,"errors":["a","b"]},
           {"p_alive":0.25 ,"total_revenue":-1,"customer_segment":"Ünï","errors":[]}],
  "rows": 2, "rows_before_limit_at_least": 17,
  "statistics": {"elapsed":0.1,"rows_read":1,"bytes_read":2},
  "context": {"as_of":"2026-06-30 23:59:59","reporting_currency":"USD","unconverted_purchases":0,
              "warnings":["too little data"],"model":{"version":3}}})report";

TEST(QueryTest, ReadsAReport) {
  const Report report = ParseReport(kReport).value();
  ASSERT_EQ(report.table.columns.size(), 4u);
  EXPECT_EQ(report.table.columns[1].name, "total_revenue");
  EXPECT_FALSE(report.table.columns[0].is_number);
  EXPECT_TRUE(report.table.columns[1].is_number);
  EXPECT_TRUE(report.table.columns[2].is_number);
  EXPECT_EQ(report.rows_before_limit, 17u);
  EXPECT_EQ(report.as_of, "2026-06-30 23:59:59");
  EXPECT_EQ(report.reporting_currency, "USD");
  EXPECT_EQ(report.warnings, std::vector<std::string>{"too little data"});
}

TEST(QueryTest, KeepsEveryDigitAndNulls) {
  const Report report = ParseReport(kReport).value();
  ASSERT_EQ(report.table.rows.size(), 2u);
  EXPECT_EQ(report.table.rows[0][0], "Pre\"mium");
  EXPECT_EQ(report.table.rows[0][1], "12345678901234567890.123456");
  EXPECT_EQ(report.table.rows[0][2], std::nullopt);
  EXPECT_EQ(report.table.rows[0][3], R"(["a","b"])");
}

TEST(QueryTest, FindsColumnsInAnyOrder) {
  const Report report = ParseReport(kReport).value();
  EXPECT_EQ(report.table.rows[1][0], "Ünï");
  EXPECT_EQ(report.table.rows[1][1], "-1");
  EXPECT_EQ(report.table.rows[1][2], "0.25");
}

TEST(QueryTest, RefusesWhatIsNoReport) {
  for (const char* text : {"", "<html>", "[1]", R"({"meta":3})", R"({"meta":[{"name":1}]})"}) {
    EXPECT_TRUE(absl::IsUnknown(ParseReport(text).status())) << text;
  }
}

TEST(QueryTest, SelectsColumns) {
  const Table table = ParseReport(kReport)->table;
  const Table selected = SelectColumns(table, {"p_alive", "customer_segment"}).value();
  ASSERT_EQ(selected.columns.size(), 2u);
  EXPECT_EQ(selected.columns[0].name, "p_alive");
  EXPECT_EQ(selected.rows[1][1], "Ünï");
  EXPECT_TRUE(absl::IsInvalidArgument(SelectColumns(table, {"nothing"}).status()));
}

TEST(QueryTest, SplitsFiltersAtTheFirstEqualsSign) {
  const Parameters parameters = ParseFilters({"country=USA", "customer_segment=a=b", "x="}).value();
  EXPECT_EQ(parameters, (Parameters{{"country", "USA"}, {"customer_segment", "a=b"}, {"x", ""}}));
  EXPECT_TRUE(absl::IsInvalidArgument(ParseFilters({"country"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ParseFilters({"=USA"}).status()));
}

}  // namespace
}  // namespace clv::cli
