// The metrics of the fold and its jobs, compared with the tables and with the service's own status.

#include "services/aggregation/aggregation_metrics.h"

#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/fold_progress.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/aggregation/aggregation_service.h"
#include "services/aggregation/worker.h"
#include "tests/common/metrics/exposition.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/services/aggregation/fold_fixture.h"

namespace clv::aggregation {
namespace {

// A hundred seconds after the position 0 of this test's records.
class LateClock final : public Clock {
 public:
  int64_t NowMicros() const override { return (kNewYear + 100) * 1'000'000; }
};

class AggregationMetricsTest : public LoggedFoldTest {
 protected:
  void SetUp() override {
    LoggedFoldTest::SetUp();
    worker_ = std::make_unique<Worker>(Worker::Options{
        .store = store_.get(), .open_log = [this] { return OpenLog(); }, .metrics = &registry_});
    jobs_ = JobRunner::Start({.store = store_.get(),
                              .clock = &clock_,
                              .open_log = [this] { return OpenLogForJobs(); },
                              .open_scratch = [this] { return OpenScratch(); }})
                .value();
    service_ = std::make_unique<AggregationService>(
        AggregationService::Options{.store = store_.get(),
                                    .worker = worker_.get(),
                                    .jobs = jobs_.get(),
                                    .clock = &clock_,
                                    .reporting_currency = "USD",
                                    .open_log = [this] { return OpenLog(); }});
    collection_ = CollectAggregationMetrics(
        &registry_, {.status = [this] { return service_->Status(); },
                     .jobs = jobs_.get(),
                     .size = [this] { return storage::SizeOfDatabase(clv_path_); }});
  }

  void TearDown() override {
    collection_.reset();
    worker_->Stop();
    jobs_.reset();
  }

  virtual absl::StatusOr<std::unique_ptr<storage::EventReader>> OpenLogForJobs() {
    return OpenLog();
  }

  void FoldAll() {
    worker_->Start();
    storage::SqliteFoldProgress progress({.path = clv_path_, .folded = nullptr});
    ASSERT_TRUE(progress.WaitUntilFolded(last_position_, std::chrono::seconds(60)));
    worker_->Stop();
  }

  metrics::Exposition Scrape() const { return metrics::ReadExposition(registry_.Text()); }

  double Sql(const std::string& query) const {
    return std::stod(storage::ReadRawSql(clv_path_, query));
  }

  LateClock clock_;
  metrics::Registry registry_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<JobRunner> jobs_;
  std::unique_ptr<AggregationService> service_;
  std::unique_ptr<metrics::Collection> collection_;
};

TEST_F(AggregationMetricsTest, TheLagIsWhatIsNotFoldedYet) {
  Append(Record(std::vector<Buy>{{"p1", "c1", 1, 1}, {"p2", "c1", 2, 2}}));
  Append(Record(std::vector<Buy>{{"p3", "c2", 3, 3}}));
  const metrics::Exposition behind = Scrape();
  EXPECT_EQ(behind.At("clv_aggregation_log_position"), 2);
  EXPECT_EQ(behind.At("clv_aggregation_folded_position"), 0);
  EXPECT_EQ(behind.At("clv_aggregation_lag_rows"), 3);
  // The first record was received at the second 1.
  EXPECT_EQ(behind.At("clv_aggregation_lag_seconds"), 99);
  EXPECT_EQ(behind.At("clv_aggregation_folded_rows_total"), 0);
  FoldAll();
  const metrics::Exposition current = Scrape();
  EXPECT_EQ(current.At("clv_aggregation_folded_position"), 2);
  EXPECT_EQ(current.At("clv_aggregation_lag_rows"), 0);
  EXPECT_EQ(current.At("clv_aggregation_lag_seconds"), 0);
  EXPECT_EQ(current.At("clv_aggregation_folded_rows_total"), 3);
}

TEST_F(AggregationMetricsTest, CountsAreThoseOfTheTables) {
  Append(Record(std::vector<Buy>{{"p1", "c1", 1, 1, 5}, {"p2", "c1", 2, 2}, {"p3", "c2", 3, 3}}));
  // The same once more, and an older version.
  Append(Record(std::vector<Buy>{{"p1", "c1", 1, 1, 5}, {"p1", "c1", 9, 1, 4}}));
  ASSERT_TRUE(log_->Append({{.record = storage::NewRecord{domain::DataSource::kPurchases, 1, 1,
                                                          "\xff\xff garbage"}}})
                  .ok());
  ++last_position_;
  FoldAll();
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At("clv_aggregation_customers"), Sql("SELECT COUNT(*) FROM customer_clv"));
  EXPECT_EQ(exposition.At("clv_aggregation_purchases"),
            Sql("SELECT SUM(key_count) FROM purchase_key_runs"));
  EXPECT_EQ(exposition.At("clv_aggregation_dead_letters"),
            Sql("SELECT COUNT(*) FROM dead_letters"));
  EXPECT_EQ(exposition.At("clv_aggregation_folded_position"),
            Sql("SELECT folded_position FROM checkpoint"));
  EXPECT_EQ(exposition.At("clv_aggregation_purchases"), 3);
  EXPECT_EQ(exposition.At("clv_aggregation_dead_letters"), 1);
  EXPECT_EQ(exposition.At("clv_aggregation_duplicate_rows_total"), 1);
  EXPECT_EQ(exposition.At("clv_aggregation_superseded_rows_total"), 1);
  EXPECT_EQ(exposition.At("clv_aggregation_removed_rows_total"), 0);
  EXPECT_GE(exposition.At("clv_aggregation_fold_duration_seconds_count"), 1);
  EXPECT_EQ(exposition.At("clv_aggregation_failed_folds_total"), 0);
  EXPECT_EQ(exposition.At("clv_aggregation_stopped"), 0);
}

TEST_F(AggregationMetricsTest, SaysThatTheWorkerHasStopped) {
  Append(Record(std::vector<Buy>{{"p1", "c1", 1, 1}}));
  storage::RunRawSql(log_path_, "UPDATE log_records SET payload = x'00'");
  worker_->Start();
  while (worker_->stopped_because().empty()) std::this_thread::yield();
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At("clv_aggregation_stopped"), 1);
  EXPECT_EQ(exposition.At("clv_aggregation_failed_folds_total"), 1);
  EXPECT_EQ(exposition.At("clv_aggregation_lag_rows"), 1);
}

TEST_F(AggregationMetricsTest, SizesAreThoseOfTheFiles) {
  Append(Record(std::vector<Buy>{{"p1", "c1", 1, 1}}));
  FoldAll();
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At(R"(clv_aggregation_database_bytes{database="clv"})"),
            static_cast<double>(std::filesystem::file_size(clv_path_)));
  EXPECT_EQ(exposition.At(R"(clv_aggregation_wal_bytes{database="clv"})"),
            static_cast<double>(std::filesystem::file_size(clv_path_ + "-wal")));
}

TEST_F(AggregationMetricsTest, WithoutALogTheRestIsStillThere) {
  log_.reset();
  std::filesystem::remove(log_path_);
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At(R"(clv_process_failed_collections_total{collector="aggregation"})"), 1);
  EXPECT_FALSE(exposition.Has("clv_aggregation_lag_rows"));
  EXPECT_EQ(exposition.At(R"(clv_aggregation_running_jobs{kind="verify"})"), 0);
}

// Jobs that wait when they begin to read the log.
class AggregationJobMetricsTest : public AggregationMetricsTest {
 protected:
  absl::StatusOr<std::unique_ptr<storage::EventReader>> OpenLogForJobs() override {
    // The first time, StartVerify looks whether the log is whole.
    if (++opened_ == 2) {
      at_work_.set_value();
      go_.get_future().wait();
    }
    return OpenLog();
  }

  std::atomic<int> opened_ = 0;
  std::promise<void> at_work_;
  std::promise<void> go_;
};

TEST_F(AggregationJobMetricsTest, ShowTheJobAtWorkAndTheOneThatWaits) {
  Append(Record(std::vector<Buy>{{"p1", "c1", 1, 1}, {"p2", "c2", 1, 1}}));
  FoldAll();
  ASSERT_TRUE(jobs_->StartVerify(true).ok());
  at_work_.get_future().wait();
  ASSERT_TRUE(jobs_->StartRebuild().ok());
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At(R"(clv_aggregation_running_jobs{kind="verify"})"), 1);
  EXPECT_EQ(exposition.At(R"(clv_aggregation_waiting_jobs{kind="verify"})"), 0);
  EXPECT_EQ(exposition.At(R"(clv_aggregation_running_jobs{kind="rebuild"})"), 0);
  EXPECT_EQ(exposition.At(R"(clv_aggregation_waiting_jobs{kind="rebuild"})"), 1);
  const double progress = exposition.At(R"(clv_aggregation_job_progress_ratio{kind="verify"})");
  EXPECT_GE(progress, 0);
  EXPECT_LE(progress, 1);
  go_.set_value();
  const auto is_over = [this] {
    const metrics::Exposition later = Scrape();
    return later.Sum("clv_aggregation_running_jobs") + later.Sum("clv_aggregation_waiting_jobs") ==
           0;
  };
  while (!is_over()) std::this_thread::yield();
  EXPECT_FALSE(Scrape().Has(R"(clv_aggregation_job_progress_ratio{kind="verify"})"));
}

}  // namespace
}  // namespace clv::aggregation
