#include "services/query/pipe_face.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/query/pipe_catalogue.h"
#include "tests/services/query/scripted_backends.h"

namespace clv::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kContext[] =
    R"({"as_of":"2023-06-20 09:15:00","reporting_currency":"USD","unconverted_purchases":0,"warnings":[],"folded_position":7})";

class PipeFaceTest : public ::testing::Test {
 protected:
  absl::StatusOr<rpc::V0Reply> Get(const std::string& pipe, const std::string& query = "") {
    return face_.Answer(pipe, rpc::V0Parameters("/v0/pipes/" + pipe + "?" + query, ""), {caller_});
  }

  rpc::Caller caller_{"admin", {"ADMIN"}};
  FixedClock clock_;
  ScriptedReports reports_;
  ScriptedQuarantine quarantine_;
  ReportHandlers handlers_{reports_, quarantine_, clock_};
  PipeFace face_{handlers_};
};

TEST_F(PipeFaceTest, AnswersJson) {
  reports_.order_numbers = {{1, 4, 0.5, 12.0}, {2, 2, 0.0, std::nullopt}};
  reports_.total_rows = 2;
  const auto reply = Get("purchase_frequency_analysis.json", "view=order_number&from=ts-sdk");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->http_status, 200);
  EXPECT_EQ(reply->content_type, "application/json; charset=UTF-8");
  EXPECT_THAT(reply->headers, IsEmpty());
  EXPECT_EQ(
      reply->body,
      std::string(
          R"({"meta":[{"name":"order_number","type":"UInt64"},{"name":"customers_reached","type":"UInt64"},)"
          R"j({"name":"next_order_rate","type":"Nullable(Float64)"},)j"
          R"j({"name":"median_days_to_next","type":"Nullable(Float64)"}],)j"
          R"("data":[{"order_number":1,"customers_reached":4,"next_order_rate":0.5,"median_days_to_next":12},)"
          R"({"order_number":2,"customers_reached":2,"next_order_rate":0,"median_days_to_next":null}],)"
          R"("rows":2,"rows_before_limit_at_least":2,)"
          R"("statistics":{"elapsed":0.25,"rows_read":3,"bytes_read":4096},"context":)") +
          kContext + "}\n");
}

TEST_F(PipeFaceTest, AnswersCsvAndNdjsonWithTheContextInAHeader) {
  reports_.order_numbers = {{1, 4, 0.5, std::nullopt}};
  for (const char* extension : {"csv", "csvwithnames"}) {
    const auto csv =
        Get(std::string("purchase_frequency_analysis.") + extension, "view=order_number");
    ASSERT_TRUE(csv.ok());
    EXPECT_EQ(csv->body,
              "\"order_number\",\"customers_reached\",\"next_order_rate\",\"median_days_to_"
              "next\"\n1,4,0.5,\\N\n");
    EXPECT_EQ(csv->content_type, "text/csv; charset=UTF-8; header=present");
    EXPECT_THAT(csv->headers, ElementsAre(Pair("x-clv-context", kContext)));
  }
  const auto ndjson = Get("purchase_frequency_analysis.ndjson", "view=order_number");
  EXPECT_EQ(ndjson->body,
            "{\"order_number\":1,\"customers_reached\":4,\"next_order_rate\":0.5,\"median_days_to_"
            "next\":null}\n");
  EXPECT_EQ(ndjson->content_type, "application/x-ndjson");
}

TEST_F(PipeFaceTest, AnswersEveryReport) {
  for (const char* name : {"customer_retention", "clv_by_segment", "clv_by_acquisition_source",
                           "purchase_frequency_analysis", "clv_prediction", "customer_segmentation",
                           "total_customer_value"}) {
    EXPECT_TRUE(Get(std::string(name) + ".json").ok()) << name;
  }
}

TEST_F(PipeFaceTest, ShowsTheColumnsOfTheView) {
  EXPECT_THAT(Get("purchase_frequency_analysis.json", "view=interval")->body,
              HasSubstr("avg_gap_days"));
  EXPECT_THAT(Get("customer_segmentation.json", "level=matrix")->body, HasSubstr("fm_score"));
  EXPECT_THAT(Get("customer_segmentation.json", "level=summary")->body, HasSubstr("avg_monetary"));
}

TEST_F(PipeFaceTest, KnowsNoOtherPipe) {
  const absl::Status data = Get("nothing.json").status();
  EXPECT_EQ(data.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(data.message(), "The pipe 'nothing' does not exist");
  EXPECT_EQ(Get("clv_by_segment.json.csv").status().message(),
            "The pipe 'clv_by_segment.json' does not exist");
}

TEST_F(PipeFaceTest, CutsALongUnknownName) {
  const absl::Status status = Get(std::string(5000, 'x') + ".json").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_LT(status.message().size(), 200u);
}

TEST_F(PipeFaceTest, NamesTheFormatsThatThereAre) {
  for (const char* extension : {"parquet", "prometheus", "JSON", "xml", ""}) {
    const absl::Status status = Get(std::string("clv_by_segment.") + extension).status();
    EXPECT_EQ(status.message(), std::string("format: got '") + extension +
                                    "', want json, csv, csvwithnames or ndjson");
  }
}

TEST_F(PipeFaceTest, AnswersEveryEndpointOfTheCatalogueWithItsColumns) {
  const PipeCatalogue catalogue{std::string_view()};
  ASSERT_EQ(catalogue.entries().size(), 11u);
  for (const PipeEntry& entry : catalogue.entries()) {
    const auto reply = Get(entry.name() + ".json");
    ASSERT_TRUE(reply.ok()) << entry.name() << reply.status();
    std::string meta = "{\"meta\":[";
    for (const v1::PipeColumn& column : entry.pipe.columns()) {
      if (meta.back() == '}') meta += ',';
      meta += "{\"name\":\"" + column.name() + "\",\"type\":\"" + column.type() + "\"}";
    }
    EXPECT_TRUE(reply->body.starts_with(meta + "],\"data\":[")) << entry.name() << reply->body;
  }
}

TEST_F(PipeFaceTest, TakesNumbersInTheRangesOfTheCatalogueAndNoOthers) {
  const PipeCatalogue catalogue{std::string_view()};
  int ranges = 0;
  for (const PipeEntry& entry : catalogue.entries()) {
    for (const v1::PipeParameter& parameter : entry.pipe.parameters()) {
      if (!parameter.has_minimum() || !parameter.has_maximum()) continue;
      ++ranges;
      const auto get = [&](double value) {
        return Get(entry.name() + ".json",
                   parameter.name() + "=" + std::to_string(static_cast<int64_t>(value)));
      };
      EXPECT_TRUE(get(parameter.minimum()).ok()) << entry.name() << parameter.name();
      EXPECT_TRUE(get(parameter.maximum()).ok()) << entry.name() << parameter.name();
      EXPECT_FALSE(get(parameter.minimum() - 1).ok()) << entry.name() << parameter.name();
      EXPECT_FALSE(get(parameter.maximum() + 1).ok()) << entry.name() << parameter.name();
    }
  }
  EXPECT_GT(ranges, 20);
}

TEST_F(PipeFaceTest, WantsTheScopeOfThePipe) {
  caller_ = {"reader", {"PIPES:READ:clv_by_segment"}};
  EXPECT_TRUE(Get("clv_by_segment.json").ok());
  EXPECT_EQ(Get("clv_prediction.json").status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Get("nothing.json").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(PipeFaceTest, RefusesBadParameters) {
  for (const char* query :
       {"limit=-1", "limit=1.5", "limit=100001", "as_of=2023-02-30", "q=select+1", "page=x"}) {
    EXPECT_EQ(Get("total_customer_value.json", query).status().code(),
              absl::StatusCode::kInvalidArgument)
        << query;
  }
  EXPECT_EQ(Get("total_customer_value.parquet").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(PipeFaceTest, SaysWhatIsWrongInTheWordsOfV0) {
  EXPECT_EQ(Get("total_customer_value.json", "start_date=soon").status().message(),
            "Cannot parse DateTime: start_date: got 'soon', want YYYY-MM-DD HH:MM:SS, ISO 8601 or "
            "YYYY-MM-DD (CANNOT_PARSE_DATETIME)");
  EXPECT_EQ(Get("customers_quarantine.csv", "limit=1.5").status().message(),
            "The value of the LIMIT expression cannot be taken: limit: got '1.5', want a whole "
            "number from 0 to 100000 (INVALID_LIMIT_EXPRESSION)");
}

TEST_F(PipeFaceTest, RefusesSqlWhereverItStandsAndPlans) {
  EXPECT_EQ(Get("clv_by_segment.json", "q=&q=select+1&q=").status().message(),
            "q: got 'select 1', want none: SQL over a pipe is not supported");
  EXPECT_TRUE(Get("clv_by_segment.json", "q=&explain=&explain=false").ok());
  EXPECT_EQ(Get("clv_by_segment.json", "explain=true").status().message(),
            "explain: got 'true', want none: there is no query plan to show");
}

TEST_F(PipeFaceTest, RefusesASwitchThatIsNeitherOnNorOff) {
  EXPECT_EQ(Get("clv_by_segment.json", "output_format_json_quote_denormals=yes").status().message(),
            "output_format_json_quote_denormals: got 'yes', want 0, 1, true or false");
  EXPECT_TRUE(Get("clv_by_segment.json", "output_format_json_quote_64bit_integers=").ok());
}

TEST_F(PipeFaceTest, QuotesLongIntegersOnDemand) {
  reports_.order_numbers = {{1, 4, 0.5, std::nullopt}};
  EXPECT_THAT(Get("purchase_frequency_analysis.json",
                  "view=order_number&output_format_json_quote_64bit_integers=1")
                  ->body,
              HasSubstr(R"("customers_reached":"4")"));
}

TEST_F(PipeFaceTest, PassesOnThatThereIsNoStore) {
  reports_.status = absl::UnavailableError("there are no data files yet");
  EXPECT_EQ(Get("clv_by_segment.json").status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(PipeFaceTest, ShowsTheQuarantine) {
  storage::QuarantinedRow row;
  for (const char* name :
       {"customer_id", "total_spend", "purchase_count", "first_purchase_date", "last_purchase_date",
        "customer_segment", "country", "acquisition_source", "updated_at"}) {
    row.columns.push_back({name, std::nullopt, ""});
  }
  row.columns[0].raw = "c1";
  row.columns[1].raw = "lots";
  row.columns[1].error = "got 'lots', want a decimal number";
  row.columns[2].error = "got nothing, want a value";
  row.import_id = "i1";
  row.inserted_at_seconds = 1687252500;
  row.raw = "{}";
  row.raw_length = 2;
  storage::QuarantinedRow no_object;
  no_object.error = "not JSON";
  no_object.raw = "x,\"y\"";
  no_object.raw_length = 5;
  quarantine_.rows = {row, no_object};
  const auto reply = Get("customer_clv_quarantine.csv");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->body,
            "\"c__error_column\",\"c__error\",\"c__import_id\",\"customer_id\",\"total_spend\","
            "\"purchase_count\","
            "\"first_purchase_date\",\"last_purchase_date\",\"customer_segment\",\"country\","
            "\"acquisition_source\","
            "\"updated_at\",\"insertion_date\",\"raw\",\"raw_length\"\n"
            "\"['total_spend','purchase_count']\",\"['got \\'lots\\', want a decimal number','got "
            "nothing, want a "
            "value']\",\"i1\",\"c1\",\"lots\",\\N,\\N,\\N,\\N,\\N,\\N,\\N,\"2023-06-20 "
            "09:15:00\",\"{}\",2\n"
            "\"[]\",\"['not JSON']\",\\N,\\N,\\N,\\N,\\N,\\N,\\N,\\N,\\N,\\N,\"1970-01-01 "
            "00:00:00\",\"x,\"\"y\"\"\",5\n");
  EXPECT_EQ(quarantine_.data_source, domain::DataSource::kCustomerClv);
}

TEST_F(PipeFaceTest, TheQuarantineHasTypesAndCounts) {
  const std::string body = Get("customers_quarantine.json", "limit=5&page=3")->body;
  EXPECT_THAT(
      body,
      HasSubstr(
          R"j({"name":"c__error","type":"Array(String)"},{"name":"c__import_id","type":"Nullable(String)"})j"));
  EXPECT_THAT(body, HasSubstr(R"("data":[],"rows":0,"rows_before_limit_at_least":0,)"));
  EXPECT_THAT(body, HasSubstr(R"("context":{"as_of":"2023-07-01 00:00:00")"));
  EXPECT_EQ(quarantine_.offset, 15u);
}

TEST_F(PipeFaceTest, TheQuarantineWantsAScopeOfTheDataSource) {
  caller_ = {"writer", {"DATASOURCES:APPEND:purchases"}};
  EXPECT_TRUE(Get("purchases_quarantine.json").ok());
  EXPECT_EQ(Get("customers_quarantine.json").status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Get("other_quarantine.json").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace clv::query
