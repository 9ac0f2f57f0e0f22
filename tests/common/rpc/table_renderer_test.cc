#include "common/rpc/table_renderer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "clv/v1/query_service.pb.h"

namespace clv::rpc {
namespace {

TableFooter Footer() {
  TableFooter footer;
  footer.elapsed_seconds = 0.5;
  footer.rows_read = 4;
  footer.bytes_read = 296;
  footer.context_json = R"j({"as_of":"2023-06-20 09:15:00"})j";
  return footer;
}

constexpr char kTail[] =
    R"j("statistics":{"elapsed":0.5,"rows_read":4,"bytes_read":296},"context":{"as_of":"2023-06-20 09:15:00"}})j"
    "\n";

// One row with everything set, one with every null.
v1::GetCustomerRetentionResponse Retention() {
  v1::GetCustomerRetentionResponse response;
  auto* row = response.add_rows();
  row->set_cohort("2023-01-01");
  row->set_cohort_size(std::numeric_limits<uint64_t>::max());
  row->set_period(1);
  row->set_period_start("2023-02-01");
  row->set_is_complete(true);
  row->set_retained_customers(3);
  row->set_retention_rate(0.1);
  row->set_churn_rate(0.9);
  row->set_orders(4);
  row->set_revenue("500.25");
  row->set_revenue_retention_rate(100);
  row->set_cumulative_revenue("170141183460469231731687303715884.105727");
  row->set_cumulative_ltv(std::numeric_limits<double>::quiet_NaN());
  response.add_rows()->set_revenue("0");
  response.mutable_rows(1)->set_cumulative_revenue("-0.000001");
  return response;
}

TEST(TableRendererTest, TellsTheColumnsOfARow) {
  const auto columns = FieldColumnsOf(*v1::ClvPredictionRow::descriptor());
  ASSERT_EQ(columns.size(), 23u);
  EXPECT_EQ(columns[4].field->name(), "first_purchase_date");
  EXPECT_EQ(columns[4].column.name, "first_purchase_date");
  EXPECT_EQ(columns[4].column.type, "DateTime");
  EXPECT_EQ(columns[19].column.type, "Nullable(Date)");
}

TEST(TableRendererTest, WritesJson) {
  EXPECT_EQ(
      RenderTable(Retention(), "rows", {}, Footer()),
      std::string(
          R"j({"meta":[{"name":"cohort","type":"Nullable(Date)"},{"name":"cohort_size","type":"UInt64"},)j"
          R"j({"name":"period","type":"UInt64"},{"name":"period_start","type":"Nullable(Date)"},)j"
          R"j({"name":"is_complete","type":"UInt8"},{"name":"retained_customers","type":"UInt64"},)j"
          R"j({"name":"retention_rate","type":"Nullable(Float64)"},{"name":"churn_rate","type":"Nullable(Float64)"},)j"
          R"j({"name":"orders","type":"UInt64"},{"name":"revenue","type":"Decimal(38, 6)"},)j"
          R"j({"name":"revenue_retention_rate","type":"Nullable(Float64)"},)j"
          R"j({"name":"cumulative_revenue","type":"Decimal(38, 6)"},)j"
          R"j({"name":"cumulative_ltv","type":"Nullable(Float64)"}],)j"
          R"j("data":[{"cohort":"2023-01-01","cohort_size":18446744073709551615,"period":1,"period_start":"2023-02-01",)j"
          R"j("is_complete":1,"retained_customers":3,"retention_rate":0.1,"churn_rate":0.9,"orders":4,"revenue":500.25,)j"
          R"j("revenue_retention_rate":100,"cumulative_revenue":170141183460469231731687303715884.105727,)j"
          R"j("cumulative_ltv":null},)j"
          R"j({"cohort":null,"cohort_size":0,"period":0,"period_start":null,"is_complete":0,"retained_customers":0,)j"
          R"j("retention_rate":null,"churn_rate":null,"orders":0,"revenue":0,"revenue_retention_rate":null,)j"
          R"j("cumulative_revenue":-0.000001,"cumulative_ltv":null}],"rows":2,)j") +
          kTail);
}

TEST(TableRendererTest, WritesCsv) {
  EXPECT_EQ(
      RenderTable(Retention(), "rows", {.format = TableFormat::kCsv}, Footer()),
      R"j("cohort","cohort_size","period","period_start","is_complete","retained_customers","retention_rate",)j"
      R"j("churn_rate","orders","revenue","revenue_retention_rate","cumulative_revenue","cumulative_ltv")j"
      "\n"
      R"j("2023-01-01",18446744073709551615,1,"2023-02-01",1,3,0.1,0.9,4,500.25,100,)j"
      R"j(170141183460469231731687303715884.105727,\N)j"
      "\n"
      R"j(\N,0,0,\N,0,0,\N,\N,0,0,\N,-0.000001,\N)j"
      "\n");
}

TEST(TableRendererTest, WritesNdjson) {
  v1::GetPurchaseFrequencyAnalysisResponse response;
  response.add_order_number_rows()->set_order_number(1);
  response.add_order_number_rows()->set_order_number(2);
  EXPECT_EQ(
      RenderTable(response, "order_number_rows", {.format = TableFormat::kNdjson}, Footer()),
      R"j({"order_number":1,"customers_reached":0,"next_order_rate":null,"median_days_to_next":null})j"
      "\n"
      R"j({"order_number":2,"customers_reached":0,"next_order_rate":null,"median_days_to_next":null})j"
      "\n");
}

TEST(TableRendererTest, WritesInstantsEnumsTextsAndFlags) {
  v1::GetClvPredictionResponse response;
  auto* row = response.add_rows();
  row->set_customer_id("c\"1");
  row->set_country("Österreich, \"A\"");
  row->mutable_first_purchase_date()->set_seconds(1673878800);
  row->set_total_spend("1");
  row->set_confidence(v1::CONFIDENCE_LOW);
  row->set_model(v1::MODEL_FAMILY_MBGNBD);
  const std::string json = RenderTable(response, "rows", {}, Footer());
  EXPECT_NE(json.find(R"j({"name":"first_purchase_date","type":"DateTime"})j"), std::string::npos)
      << json;
  EXPECT_NE(json.find(R"j({"name":"next_purchase_date","type":"Nullable(Date)"})j"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"j({"name":"confidence","type":"String"})j"), std::string::npos) << json;
  EXPECT_NE(json.find(R"j("customer_id":"c\"1","country":"Österreich, \"A\"",)j"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"j("first_purchase_date":"2023-01-16 14:20:00")j"), std::string::npos)
      << json;
  EXPECT_NE(json.find(R"j("confidence":"low","model":"mbgnbd","model_version":0})j"),
            std::string::npos)
      << json;
  const std::string csv = RenderTable(response, "rows", {.format = TableFormat::kCsv}, Footer());
  EXPECT_NE(csv.find(R"j("c""1","Österreich, ""A""",)j"), std::string::npos) << csv;
  EXPECT_NE(csv.find(R"j("2023-01-16 14:20:00")j"), std::string::npos) << csv;
}

TEST(TableRendererTest, NullableFollowsPresence) {
  v1::GetTotalCustomerValueResponse response;
  const std::string json = RenderTable(response, "rows", {}, Footer());
  EXPECT_NE(
      json.find(
          R"j({"name":"active","type":"Nullable(UInt8)"},{"name":"signup_date","type":"Nullable(DateTime)"})j"),
      std::string::npos);
  EXPECT_NE(
      json.find(
          R"j({"name":"favorite_category","type":"Nullable(String)"},{"name":"value_rank","type":"Nullable(UInt64)"})j"),
      std::string::npos);
}

TEST(TableRendererTest, ListsColumnsOfAnEmptyTable) {
  EXPECT_EQ(
      RenderTable(v1::GetPurchaseFrequencyAnalysisResponse(), "order_number_rows", {}, Footer()),
      std::string(
          R"j({"meta":[{"name":"order_number","type":"UInt64"},{"name":"customers_reached","type":"UInt64"},)j"
          R"j({"name":"next_order_rate","type":"Nullable(Float64)"},)j"
          R"j({"name":"median_days_to_next","type":"Nullable(Float64)"}],"data":[],"rows":0,)j") +
          kTail);
}

TEST(TableRendererTest, ShowsTheRowsBeforeTheLimit) {
  TableFooter footer = Footer();
  footer.rows_before_limit_at_least = 17;
  const std::string json = RenderTable(v1::GetTotalCustomerValueResponse(), "rows", {}, footer);
  EXPECT_NE(json.find(R"j("data":[],"rows":0,"rows_before_limit_at_least":17,"statistics":)j"),
            std::string::npos);
}

TEST(TableRendererTest, QuotesLongIntegersAndDenormalsOnDemand) {
  v1::GetPurchaseFrequencyAnalysisResponse response;
  auto* row = response.add_order_number_rows();
  row->set_order_number(5);
  row->set_next_order_rate(-std::numeric_limits<double>::infinity());
  const std::string json =
      RenderTable(response, "order_number_rows",
                  {.quote_64bit_integers = true, .quote_denormals = true}, Footer());
  EXPECT_NE(json.find(R"j({"order_number":"5","customers_reached":"0","next_order_rate":"-inf",)j"),
            std::string::npos)
      << json;
}

TEST(TableWriterTest, WritesArrays) {
  const std::vector<TableColumn> columns = {{"a", "Array(String)"}, {"b", "Int64"}};
  for (const auto& [format, want] : std::vector<std::pair<TableFormat, std::string>>{
           {TableFormat::kNdjson, R"j({"a":["x","it's \"y\""],"b":-3})j"
                                  "\n"
                                  R"j({"a":[],"b":0})j"
                                  "\n"},
           {TableFormat::kCsv, "\"a\",\"b\"\n\"['x','it\\'s \"\"y\"\"']\",-3\n\"[]\",0\n"}}) {
    TableWriter writer({.format = format}, columns);
    writer.BeginRow();
    writer.Texts({"x", "it's \"y\""});
    writer.Signed(-3);
    writer.BeginRow();
    writer.Texts({});
    writer.Signed(0);
    EXPECT_EQ(writer.Finish({}), want);
  }
}

}  // namespace
}  // namespace clv::rpc
