#include "services/query/query_metrics.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "services/query/measured_reports.h"
#include "tests/common/metrics/exposition.h"
#include "tests/services/query/scripted_backends.h"

namespace clv::query {
namespace {

class QueryMetricsTest : public ::testing::Test {
 protected:
  metrics::Exposition Scrape() const { return metrics::ReadExposition(registry_.Text()); }

  metrics::Registry registry_;
  ScriptedProgress progress_;
  const std::unique_ptr<metrics::Collection> collection_ = CollectQueryMetrics(
      &registry_, progress_,
      [] { return storage::DatabaseSize{.database_bytes = 4096, .wal_bytes = 100}; },
      [] {
        return ProjectionSize{.versions = 3,
                              .customers = 40,
                              .orders = 500,
                              .memory_bytes = 6'000,
                              .snapshot_bytes = 7'000};
      });
};

TEST_F(QueryMetricsTest, ShowThePositionAndTheSizesThatReportsSee) {
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At("clv_query_folded_position"), 9);
  EXPECT_EQ(exposition.At(R"(clv_query_database_bytes{database="clv"})"), 4096);
  EXPECT_EQ(exposition.At(R"(clv_query_wal_bytes{database="clv"})"), 100);
  EXPECT_EQ(exposition.At("clv_query_projection_versions_total"), 3);
  EXPECT_EQ(exposition.At("clv_query_projection_customers"), 40);
  EXPECT_EQ(exposition.At("clv_query_projection_orders"), 500);
  EXPECT_EQ(exposition.At("clv_query_projection_bytes"), 6'000);
  EXPECT_EQ(exposition.At("clv_query_snapshot_bytes"), 7'000);
}

TEST_F(QueryMetricsTest, WithoutAStoreThePositionIsZero) {
  progress_.position = absl::UnavailableError("no store yet");
  EXPECT_EQ(Scrape().At("clv_query_folded_position"), 0);
}

TEST_F(QueryMetricsTest, AnUnreadableStoreIsCountedAsFailure) {
  progress_.position = absl::DataLossError("page 7");
  const metrics::Exposition exposition = Scrape();
  EXPECT_FALSE(exposition.Has("clv_query_folded_position"));
  EXPECT_EQ(exposition.At(R"(clv_process_failed_collections_total{collector="query"})"), 1);
}

class MeasuredReportsTest : public ::testing::Test {
 protected:
  MeasuredReportsTest() {
    auto scripted = std::make_unique<ScriptedReports>();
    scripted_ = scripted.get();
    reports_ = std::make_unique<MeasuredReports>(std::move(scripted), &registry_);
  }

  static std::string Reports(const std::string& report, const std::string& code) {
    return "clv_query_reports_total{code=\"" + code + "\",report=\"" + report + "\"}";
  }

  metrics::Exposition Scrape() const { return metrics::ReadExposition(registry_.Text()); }

  metrics::Registry registry_;
  ScriptedReports* scripted_ = nullptr;
  std::unique_ptr<MeasuredReports> reports_;
};

TEST_F(MeasuredReportsTest, EveryQuestionGoesToItsReportAndCountsUnderItsName) {
  (void)reports_->CustomerRetention({});
  EXPECT_EQ(scripted_->called, "CustomerRetention");
  (void)reports_->ClvBySegment({});
  EXPECT_EQ(scripted_->called, "ClvBySegment");
  (void)reports_->ClvByAcquisitionSource({});
  EXPECT_EQ(scripted_->called, "ClvByAcquisitionSource");
  (void)reports_->FrequencyByOrders({});
  EXPECT_EQ(scripted_->called, "FrequencyByOrders");
  (void)reports_->FrequencyByRecency({});
  EXPECT_EQ(scripted_->called, "FrequencyByRecency");
  (void)reports_->FrequencyByInterval({});
  EXPECT_EQ(scripted_->called, "FrequencyByInterval");
  (void)reports_->FrequencyByOrderNumber({});
  EXPECT_EQ(scripted_->called, "FrequencyByOrderNumber");
  (void)reports_->ClvPrediction({});
  EXPECT_EQ(scripted_->called, "ClvPrediction");
  (void)reports_->RfmCustomers({});
  EXPECT_EQ(scripted_->called, "RfmCustomers");
  (void)reports_->RfmSegments({});
  EXPECT_EQ(scripted_->called, "RfmSegments");
  (void)reports_->RfmMatrix({});
  EXPECT_EQ(scripted_->called, "RfmMatrix");
  (void)reports_->TotalCustomerValue({});
  EXPECT_EQ(scripted_->called, "TotalCustomerValue");
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At(Reports("customer_retention", "OK")), 1);
  EXPECT_EQ(exposition.At(Reports("clv_by_segment", "OK")), 1);
  EXPECT_EQ(exposition.At(Reports("clv_by_acquisition_source", "OK")), 1);
  EXPECT_EQ(exposition.At(Reports("purchase_frequency_analysis", "OK")), 4);
  EXPECT_EQ(exposition.At(Reports("clv_prediction", "OK")), 1);
  EXPECT_EQ(exposition.At(Reports("customer_segmentation", "OK")), 3);
  EXPECT_EQ(exposition.At(Reports("total_customer_value", "OK")), 1);
  EXPECT_EQ(exposition.Sum("clv_query_reports_total"), 12);
  EXPECT_EQ(exposition.Sum("clv_query_report_duration_seconds_count"), 12);
}

TEST_F(MeasuredReportsTest, FailuresCountUnderTheirCode) {
  scripted_->status = absl::DeadlineExceededError("too slow");
  EXPECT_EQ(reports_->ClvBySegment({}).status(), scripted_->status);
  EXPECT_EQ(Scrape().At(Reports("clv_by_segment", "DEADLINE_EXCEEDED")), 1);
}

TEST_F(MeasuredReportsTest, AnswersAreThoseOfTheReports) {
  scripted_->segments.resize(3);
  EXPECT_EQ(reports_->ClvBySegment({})->rows.size(), 3u);
}

}  // namespace
}  // namespace clv::query
