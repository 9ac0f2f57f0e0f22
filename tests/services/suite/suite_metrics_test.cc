// The whole suite in one process: what /metrics says after a random load is what was answered, what
// GetStatus says, and what the tables hold.

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "clv/v1/admin_service.grpc.pb.h"
#include "common/metrics/catalogue.h"
#include "common/metrics/metrics_server.h"
#include "common/storage/sqlite/fold_progress.h"
#include "gtest/gtest.h"
#include "services/suite/suite.h"
#include "tests/common/metrics/exposition.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"
#include "tests/model/json_reader.h"
#include "tests/properties/histories.h"
#include "tests/properties/suite_fixture.h"
#include "tests/services/gateway/raw_client.h"

namespace clv::suite {
namespace {

using gateway::testing::RawClient;
using gateway::testing::RawResponse;
using metrics::Exposition;

// What the answers to the events said.
struct Sent {
  double requests = 0;
  double accepted = 0;
  double quarantined = 0;
};

class SuiteMetricsTest : public ::testing::Test {
 protected:
  SuiteMetricsTest()
      : server_(metrics::MetricsServer::Start({.program = "clv-suite", .address = "127.0.0.1:0"})
                    .value()),
        suite_(Suite::Start({.directory = data_,
                             .http_address = "127.0.0.1:0",
                             .grpc_address = "",
                             .log_retention = "all",
                             .metrics = server_->registry()})
                   .value()) {}

  RawResponse Ask(const std::string& head, const std::string& body = "") {
    return RawClient(suite_->http_address())
        .Ask(head + " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + suite_->admin_token() +
             "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  void Send(const std::string& data_source, const std::string& body, Sent* sent) {
    const RawResponse answer = Ask("POST /v0/events?name=" + data_source, body);
    ASSERT_EQ(answer.status, 202) << answer.body;
    const auto counts = model::ReadJson(answer.body);
    ASSERT_TRUE(counts.has_value()) << answer.body;
    sent->accepted += std::stod(counts->Find("successful_rows")->text);
    sent->quarantined += std::stod(counts->Find("quarantined_rows")->text);
    ++sent->requests;
  }

  void WaitUntilFolded() const {
    storage::SqliteFoldProgress progress({.path = data_.clv(), .folded = nullptr});
    ASSERT_TRUE(progress.WaitUntilFolded(
        std::stoull(storage::ReadRawSql(data_.event_log(), "SELECT last_position FROM log_state")),
        std::chrono::seconds(60)));
  }

  Exposition Scrape() const { return metrics::ScrapeOverHttp(server_->address()); }

  v1::GetStatusResponse Status() const {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + suite_->admin_token());
    v1::GetStatusResponse status;
    EXPECT_TRUE(
        v1::AdminService::NewStub(suite_->channel())->GetStatus(&context, {}, &status).ok());
    return status;
  }

  double Sql(const std::string& path, const std::string& query) const {
    return std::stod("0" + storage::ReadRawSql(path, query));
  }

  TempDirectory directory_;
  const DataDirectory data_{directory_.path()};
  const std::unique_ptr<metrics::MetricsServer> server_;
  const std::unique_ptr<Suite> suite_;
};

// Names of the labels of a series, without a histogram's own.
std::set<std::string> LabelNamesOf(const std::string& series) {
  std::set<std::string> names;
  for (size_t at = series.find('{'); at != std::string::npos; at = series.find("\",", at)) {
    at += series[at] == '{' ? 1 : 2;
    names.insert(series.substr(at, series.find('=', at) - at));
  }
  names.erase("le");
  return names;
}

std::set<std::string> WordsOf(const std::string& text) {
  std::istringstream words(text);
  std::set<std::string> set;
  for (std::string word; words >> word;) set.insert(word);
  return set;
}

TEST_F(SuiteMetricsTest, AreWhatWasSentWhatTheStatusSaysAndWhatTheTablesHold) {
  const uint64_t seed = properties::FirstSeed();
  SCOPED_TRACE("CLV_TEST_SEED=" + std::to_string(seed));
  properties::Dice dice(seed);
  const properties::History history =
      properties::RandomHistory(seed, {.max_customers = 40, .max_purchases = 600});
  Sent sent;
  for (const properties::Batch& batch : properties::SplitIntoBatches(history.rows, 30, &dice)) {
    Send(batch.data_source, properties::BodyOf(batch, &dice), &sent);
    if (HasFatalFailure()) return;
  }
  // Too many purchases: this one cannot be folded.
  Send(
      "customer_clv",
      R"({"customer_id":"dead","total_spend":1,"purchase_count":2000000000000000,)"
      R"("first_purchase_date":"2023-01-01","last_purchase_date":"2023-01-01","updated_at":"2023-01-01"})",
      &sent);
  WaitUntilFolded();

  const Exposition exposition = Scrape();
  const v1::GetStatusResponse status = Status();
  EXPECT_EQ(exposition.Sum("clv_ingest_accepted_rows_total"), sent.accepted);
  EXPECT_EQ(exposition.Sum("clv_ingest_quarantined_rows_total"), sent.quarantined);
  EXPECT_EQ(exposition.Sum("clv_ingest_accepted_rows_total"), status.ingest().accepted_rows());
  EXPECT_EQ(exposition.Sum("clv_ingest_accepted_rows_total"),
            Sql(data_.event_log(), "SELECT SUM(row_count) FROM log_records"));
  for (const v1::QuarantineCount& count : status.ingest().quarantine()) {
    const std::string label = "data_source=\"" + count.data_source() + "\"";
    EXPECT_EQ(exposition.Sum("clv_ingest_quarantine_rows", label), count.rows());
    EXPECT_EQ(exposition.Sum("clv_ingest_quarantined_rows_total", label), count.rows());
    EXPECT_EQ(exposition.Sum("clv_ingest_quarantine_dropped_rows_total", label),
              count.dropped_rows());
  }
  EXPECT_EQ(exposition.Sum("clv_ingest_quarantine_rows"),
            Sql(data_.event_log(), "SELECT COUNT(*) FROM quarantine"));
  EXPECT_EQ(exposition.At("clv_ingest_log_position"), status.ingest().log_position());
  EXPECT_EQ(exposition.At("clv_ingest_first_retained_position"),
            status.ingest().first_retained_position());
  EXPECT_EQ(exposition.At("clv_ingest_queued_rows"), 0);
  EXPECT_EQ(exposition.At(R"(clv_ingest_database_bytes{database="event_log"})") +
                exposition.At(R"(clv_ingest_wal_bytes{database="event_log"})"),
            status.ingest().log_bytes());
  EXPECT_EQ(exposition.At("clv_ingest_append_group_writes_sum"), sent.requests);

  const v1::AggregationStatus& aggregation = status.aggregation();
  EXPECT_EQ(exposition.At("clv_aggregation_folded_position"), aggregation.folded_position());
  EXPECT_EQ(exposition.At("clv_aggregation_folded_position"),
            exposition.At("clv_ingest_log_position"));
  EXPECT_EQ(exposition.At("clv_query_folded_position"), status.query().folded_position());
  EXPECT_EQ(exposition.At("clv_aggregation_lag_rows"), 0);
  EXPECT_EQ(exposition.At("clv_aggregation_folded_rows_total"), sent.accepted);
  EXPECT_EQ(exposition.At("clv_aggregation_duplicate_rows_total"), aggregation.duplicate_rows());
  EXPECT_EQ(exposition.At("clv_aggregation_superseded_rows_total"), aggregation.superseded_rows());
  EXPECT_EQ(exposition.At("clv_aggregation_dead_letters"), aggregation.dead_letters());
  EXPECT_EQ(exposition.At("clv_aggregation_dead_letters"),
            Sql(data_.clv(), "SELECT COUNT(*) FROM dead_letters"));
  EXPECT_GE(exposition.At("clv_aggregation_dead_letters"), 1);
  EXPECT_EQ(exposition.At("clv_aggregation_customers"),
            Sql(data_.clv(), "SELECT COUNT(*) FROM customer_clv"));
  EXPECT_EQ(exposition.At("clv_aggregation_purchases"),
            Sql(data_.clv(), "SELECT SUM(key_count) FROM purchase_key_runs"));
  EXPECT_EQ(exposition.At(R"(clv_query_database_bytes{database="clv"})"),
            static_cast<double>(std::filesystem::file_size(data_.clv())));

  EXPECT_EQ(
      exposition.Sum("clv_rpc_v0_requests_total", R"(http_status="202",method="AppendEvents")"),
      sent.requests);
  EXPECT_EQ(exposition.Sum("clv_gateway_requests_total", R"(rule="POST /v0/events",status="202")"),
            sent.requests);
}

TEST_F(SuiteMetricsTest, AreAllInTheCatalogueWithTheirLabels) {
  Sent sent;
  Send("purchases", "{}", &sent);
  Send("customers", R"({"customer_id":"customer-canary"})", &sent);
  WaitUntilFolded();
  EXPECT_EQ(Ask("GET /v0/pipes/clv_by_segment.json").status, 200);
  EXPECT_EQ(Ask("GET /v0/pipes/customer-canary.json").status, 404);
  EXPECT_EQ(Ask("GET /customer-canary").status, 404);
  EXPECT_EQ(Ask("POST /v1/jobs:verify", "{}").status, 200);

  const Exposition exposition = Scrape();
  std::map<std::string, const metrics::Metric*> catalogue;
  for (const metrics::Metric* metric : metrics::kAllMetrics) catalogue[metric->name] = metric;
  for (const auto& [series, value] : exposition.values) {
    if (series.starts_with("exposer_")) continue;
    std::string name = series.substr(0, series.find('{'));
    for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
      if (!exposition.types.contains(name) && name.ends_with(suffix)) {
        name.resize(name.size() - suffix.size());
      }
    }
    ASSERT_TRUE(catalogue.contains(name)) << series;
    EXPECT_EQ(LabelNamesOf(series), WordsOf(catalogue[name]->labels)) << series;
    EXPECT_GE(value, 0) << series;
    EXPECT_EQ(series.find("canary"), std::string::npos) << series;
    EXPECT_EQ(series.find(suite_->admin_token()), std::string::npos) << series;
  }
  // These are there only while a job is at work, and after a failure.
  for (const char* name : {metrics::kIngestJobProgress.name, metrics::kAggregationJobProgress.name,
                           metrics::kProcessFailedCollections.name}) {
    catalogue.erase(name);
  }
  for (const auto& [name, metric] : catalogue) {
    EXPECT_TRUE(exposition.types.contains(name)) << name << " is not served";
  }
}

TEST_F(SuiteMetricsTest, CountReportsAsTheStatusDoes) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask("GET /v0/pipes/clv_by_segment.json").status, 200);
  EXPECT_EQ(Ask("GET /v1/reports/clv_by_segment").status, 200);
  EXPECT_EQ(Ask("GET /v0/pipes/clv_by_segment.json?limit=many").status, 400);
  const Exposition exposition = Scrape();
  const v1::GetStatusResponse status = Status();
  EXPECT_EQ(exposition.At(R"(clv_query_reports_total{code="OK",report="clv_by_segment"})"), 4);
  EXPECT_EQ(exposition.Sum("clv_query_reports_total", R"(code="OK")"), status.query().reports());
  EXPECT_EQ(exposition.Sum("clv_query_reports_total"),
            status.query().reports() + status.query().failed_reports());
  EXPECT_EQ(exposition.Sum("clv_rpc_v0_requests_total", R"(http_status="400",method="QueryPipe")"),
            1);
}

}  // namespace
}  // namespace clv::suite
