// What ingest counts, compared with what was sent and with what its tables hold.

#include "services/ingest/ingest_metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/job_store.h"
#include "services/ingest/json_batch.h"
#include "tests/common/metrics/exposition.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/services/ingest/temp_directory.h"

namespace clv::ingest {
namespace {

using domain::DataSource;

std::string Quarantined(const std::string& data_source, const std::string& column) {
  return "clv_ingest_quarantined_rows_total{column=\"" + column + "\",data_source=\"" +
         data_source + "\"}";
}

std::string Of(const std::string& metric, const std::string& label, const std::string& value) {
  return metric + "{" + label + "=\"" + value + "\"}";
}

class IngestMetricsTest : public ::testing::Test {
 protected:
  // Writes the values and waits until they are durable or refused.
  absl::Status Write(DataSource data_source, const std::string& body) {
    auto written = std::make_shared<std::promise<absl::Status>>();
    const absl::Status queued =
        queue_->Submit(ReadJsonBatch(body, {.data_source = data_source,
                                            .received_at_seconds = SystemClock().NowSeconds(),
                                            .import_id = "import"})
                           .value(),
                       [written](const absl::StatusOr<storage::LogPosition>& position) {
                         written->set_value(position.status());
                       });
    return queued.ok() ? written->get_future().get() : queued;
  }

  metrics::Exposition Scrape() const { return metrics::ReadExposition(registry_.Text()); }

  std::string Sql(const std::string& query) const { return storage::ReadRawSql(path_, query); }

  metrics::Registry registry_;
  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/event_log.db";
  std::unique_ptr<storage::SqliteEventLog> log_ =
      storage::SqliteEventLog::Open({.path = path_}).value();
  std::unique_ptr<WriteQueue> queue_ = std::make_unique<WriteQueue>(
      WriteQueue::Options{.log = log_.get(), .clock = &SystemClock(), .metrics = &registry_});
  std::unique_ptr<storage::SqliteJobStore> job_store_ =
      storage::SqliteJobStore::Open(path_).value();
  std::unique_ptr<JobBoard> jobs_ =
      JobBoard::Open({.store = job_store_.get(), .clock = &SystemClock()}).value();
  std::unique_ptr<metrics::Collection> collection_ = CollectIngestMetrics(
      &registry_, {.log = log_.get(), .queue = queue_.get(), .jobs = jobs_.get(), .sizes = [this] {
                     return std::map<std::string, storage::DatabaseSize>{
                         {"event_log", storage::SizeOfDatabase(path_)}};
                   }});
};

TEST_F(IngestMetricsTest, EverySeriesIsThereFromTheStart) {
  const metrics::Exposition exposition = Scrape();
  for (const DataSource data_source : domain::kDataSources) {
    const std::string name(domain::DataSourceName(data_source));
    EXPECT_EQ(exposition.At(Of("clv_ingest_accepted_rows_total", "data_source", name)), 0);
    EXPECT_EQ(exposition.At(Of("clv_ingest_quarantine_rows", "data_source", name)), 0);
    EXPECT_EQ(exposition.At(Quarantined(name, "(text)")), 0);
    for (const domain::Column& column : domain::ColumnsOf(data_source)) {
      EXPECT_EQ(exposition.At(Quarantined(name, std::string(column.name))), 0);
    }
  }
  EXPECT_EQ(exposition.At("clv_ingest_log_position"), 0);
  EXPECT_EQ(exposition.At("clv_ingest_first_retained_position"), 0);
  EXPECT_EQ(exposition.At("clv_ingest_failed_appends_total"), 0);
}

TEST_F(IngestMetricsTest, CountsRowsByDataSourceAndRefusedOnesByTheirFirstBrokenColumn) {
  ASSERT_TRUE(Write(DataSource::kCustomers, R"({"customer_id":"c1"}
{"customer_id":"c2"}
{"customer_id":"c3","signup_date":"never","active":"maybe"}
no json
[1])")
                  .ok());
  ASSERT_TRUE(
      Write(
          DataSource::kPurchases,
          R"({"purchase_id":"p1","customer_id":"c1","purchase_amount":"1.00","purchase_date":"2023-01-01"}
{"purchase_id":"p2","customer_id":"c1","purchase_amount":"much","purchase_date":"2023-01-01"}
{"customer_id":"c1","purchase_amount":"1","purchase_date":"2023-01-01"})")
          .ok());
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At(Of("clv_ingest_accepted_rows_total", "data_source", "customers")), 2);
  EXPECT_EQ(exposition.At(Of("clv_ingest_accepted_rows_total", "data_source", "purchases")), 1);
  EXPECT_EQ(exposition.At(Quarantined("customers", "signup_date")), 1);
  EXPECT_EQ(exposition.At(Quarantined("customers", "active")), 0);
  EXPECT_EQ(exposition.Sum("clv_ingest_quarantined_rows_total", R"(data_source="customers")"),
            std::stod(Sql("SELECT COUNT(*) FROM quarantine WHERE data_source = 1")));
  EXPECT_GE(exposition.At(Quarantined("customers", "(text)")), 1);
  EXPECT_EQ(exposition.At(Quarantined("purchases", "purchase_amount")), 1);
  EXPECT_EQ(exposition.At(Quarantined("purchases", "purchase_id")), 1);
  EXPECT_EQ(exposition.Sum("clv_ingest_quarantined_rows_total"), 5);
  EXPECT_EQ(exposition.At(Of("clv_ingest_quarantine_rows", "data_source", "customers")), 3);
  EXPECT_EQ(exposition.At(Of("clv_ingest_quarantine_rows", "data_source", "purchases")), 2);
  EXPECT_EQ(queue_->status().accepted_rows, exposition.Sum("clv_ingest_accepted_rows_total"));
  EXPECT_EQ(queue_->status().refused_rows, exposition.Sum("clv_ingest_quarantined_rows_total"));
}

TEST_F(IngestMetricsTest, PositionsAndSizesAreThoseOfTheLog) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(Write(DataSource::kCustomers, R"({"customer_id":"c"})").ok());
  ASSERT_TRUE(log_->TrimThrough(1).ok());
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At("clv_ingest_log_position"),
            std::stod(Sql("SELECT last_position FROM log_state")));
  EXPECT_EQ(exposition.At("clv_ingest_first_retained_position"),
            std::stod(Sql("SELECT MIN(position) FROM log_records")));
  EXPECT_EQ(exposition.At("clv_ingest_log_position"), 3);
  EXPECT_EQ(exposition.At("clv_ingest_first_retained_position"), 2);
  const double database = exposition.At(Of("clv_ingest_database_bytes", "database", "event_log"));
  const double wal = exposition.At(Of("clv_ingest_wal_bytes", "database", "event_log"));
  EXPECT_EQ(database, static_cast<double>(std::filesystem::file_size(path_)));
  EXPECT_EQ(wal, static_cast<double>(std::filesystem::file_size(path_ + "-wal")));
  EXPECT_GT(wal, 0);
  EXPECT_EQ(database + wal, static_cast<double>(log_->SizeBytes()));
}

TEST_F(IngestMetricsTest, CountsWhatTheQuarantineDropped) {
  ASSERT_TRUE(Write(DataSource::kPurchases, "{}\n{}\n{}").ok());
  constexpr int64_t kYear = 365 * 86'400;
  ASSERT_TRUE(log_->LimitQuarantine(SystemClock().NowSeconds() + kYear, 1 << 20).ok());
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At(Of("clv_ingest_quarantine_rows", "data_source", "purchases")), 0);
  EXPECT_EQ(
      exposition.At(Of("clv_ingest_quarantine_dropped_rows_total", "data_source", "purchases")), 3);
  // They were put there all the same.
  EXPECT_EQ(exposition.Sum("clv_ingest_quarantined_rows_total"), 3);
}

TEST_F(IngestMetricsTest, CountsCommitsAndTheWritesThatShareThem) {
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(Write(DataSource::kCustomers, R"({"customer_id":"c"})").ok());
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At("clv_ingest_append_duration_seconds_count"), 5);
  EXPECT_EQ(exposition.At("clv_ingest_append_group_writes_count"), 5);
  EXPECT_EQ(exposition.At("clv_ingest_append_group_writes_sum"), 5);
  EXPECT_GT(exposition.At("clv_ingest_append_duration_seconds_sum"), 0);
}

TEST_F(IngestMetricsTest, AFailedCommitCountsNoRows) {
  storage::RunRawSql(path_, "ALTER TABLE log_records RENAME TO away");
  EXPECT_FALSE(Write(DataSource::kCustomers, "{\"customer_id\":\"c\"}\n{}").ok());
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At("clv_ingest_failed_appends_total"), 1);
  EXPECT_EQ(exposition.At("clv_ingest_append_duration_seconds_count"), 0);
  EXPECT_EQ(exposition.Sum("clv_ingest_accepted_rows_total"), 0);
  EXPECT_EQ(exposition.Sum("clv_ingest_quarantined_rows_total"), 0);
}

TEST_F(IngestMetricsTest, ShowsJobsAtWorkAndThoseThatWait) {
  EXPECT_EQ(Scrape().At(Of("clv_ingest_running_jobs", "kind", "import")), 0);
  EXPECT_FALSE(Scrape().Has(Of("clv_ingest_job_progress_ratio", "kind", "import")));
  std::promise<void> at_work;
  std::promise<void> go;
  v1::Job import;
  import.set_kind(v1::JOB_KIND_IMPORT);
  import.set_data_source("purchases");
  const auto job = jobs_->Start(import, [&](JobProgress& progress) {
    progress.Update([](v1::Job* changed) { changed->set_progress(0.25); });
    at_work.set_value();
    go.get_future().wait();
    return absl::OkStatus();
  });
  ASSERT_TRUE(job.ok()) << job.status();
  at_work.get_future().wait();
  // Of the same kind and data source, so it waits for its turn.
  const auto second = jobs_->Start(import, [](JobProgress&) { return absl::OkStatus(); });
  ASSERT_TRUE(second.ok()) << second.status();
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At(Of("clv_ingest_running_jobs", "kind", "import")), 1);
  EXPECT_EQ(exposition.At(Of("clv_ingest_waiting_jobs", "kind", "import")), 1);
  EXPECT_EQ(exposition.At(Of("clv_ingest_job_progress_ratio", "kind", "import")), 0.25);
  EXPECT_EQ(exposition.At(Of("clv_ingest_running_jobs", "kind", "erase")), 0);
  go.set_value();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  ASSERT_TRUE(jobs_->WaitUntilEnded(second->job_id(), end).ok());
  EXPECT_EQ(Scrape().Sum("clv_ingest_running_jobs"), 0);
  EXPECT_EQ(Scrape().Sum("clv_ingest_waiting_jobs"), 0);
}

TEST_F(IngestMetricsTest, TheQueueIsAsDeepAsWhatWaits) {
  std::promise<void> entered;
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  // The callback of the first write keeps the writing thread.
  ASSERT_TRUE(queue_
                  ->Submit(ReadJsonBatch(R"({"customer_id":"c"})", {.import_id = "i"}).value(),
                           [&](const absl::StatusOr<storage::LogPosition>&) {
                             entered.set_value();
                             gone.wait();
                           })
                  .ok());
  entered.get_future().wait();
  PreparedWrite waiting =
      ReadJsonBatch("{\"customer_id\":\"c\"}\n{}\n{}", {.import_id = "i"}).value();
  const auto bytes = static_cast<double>(waiting.bytes);
  std::promise<void> written;
  ASSERT_TRUE(
      queue_
          ->Submit(std::move(waiting),
                   [&](const absl::StatusOr<storage::LogPosition>&) { written.set_value(); })
          .ok());
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At("clv_ingest_queued_rows"), 3);
  EXPECT_EQ(exposition.At("clv_ingest_queued_bytes"), bytes);
  go.set_value();
  written.get_future().wait();
  EXPECT_EQ(Scrape().At("clv_ingest_queued_rows"), 0);
  EXPECT_EQ(Scrape().At("clv_ingest_queued_bytes"), 0);
}

}  // namespace
}  // namespace clv::ingest
