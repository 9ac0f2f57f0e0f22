#include "services/query/report_handlers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/services/query/scripted_backends.h"

namespace clv::query {
namespace {

class ReportHandlersTest : public ::testing::Test {
 protected:
  const rpc::Caller admin_{"admin", {"ADMIN"}};
  const rpc::Caller reader_{"reader", {"PIPES:READ:*"}};
  FixedClock clock_;
  ScriptedReports reports_;
  ScriptedQuarantine quarantine_;
  ReportHandlers handlers_{reports_, quarantine_, clock_};
};

TEST_F(ReportHandlersTest, CopiesContextAndRows) {
  reports_.segments.resize(1);
  reports_.segments[0].customer_segment = "Premium";
  reports_.segments[0].total_revenue_micros = 500'250'000;
  reports_.context.warnings = {"careful"};
  const auto response = handlers_.GetClvBySegment({admin_}, {});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->rows(0).total_revenue(), "500.25");
  EXPECT_FALSE(response->rows(0).has_avg_clv());
  EXPECT_EQ(response->context().as_of().seconds(), 1687252500);
  EXPECT_EQ(response->context().warnings(0), "careful");
  EXPECT_EQ(response->context().statistics().rows_read(), 3u);
}

TEST_F(ReportHandlersTest, StatesTheRowsBeforeALimitOnlyWhereThereIsOne) {
  reports_.total_rows = 42;
  EXPECT_FALSE(handlers_.GetClvBySegment({admin_}, {})->has_rows_before_limit_at_least());
  v1::GetClvBySegmentRequest paged;
  paged.set_page(0);
  EXPECT_EQ(handlers_.GetClvBySegment({admin_}, paged)->rows_before_limit_at_least(), 42u);
  EXPECT_EQ(handlers_.GetClvPrediction({admin_}, {})->rows_before_limit_at_least(), 42u);
}

TEST_F(ReportHandlersTest, AsksForTheViewAndLevelOfTheRequest) {
  v1::GetPurchaseFrequencyAnalysisRequest frequency;
  for (const auto& [view, name] : std::vector<std::pair<v1::FrequencyView, std::string>>{
           {v1::FREQUENCY_VIEW_UNSPECIFIED, "FrequencyByOrders"},
           {v1::FREQUENCY_VIEW_INTERVAL, "FrequencyByInterval"},
           {v1::FREQUENCY_VIEW_RECENCY, "FrequencyByRecency"},
           {v1::FREQUENCY_VIEW_ORDER_NUMBER, "FrequencyByOrderNumber"}}) {
    frequency.set_view(view);
    ASSERT_TRUE(handlers_.GetPurchaseFrequencyAnalysis({admin_}, frequency).ok());
    EXPECT_EQ(reports_.called, name);
  }
  v1::GetCustomerSegmentationRequest segmentation;
  for (const auto& [level, name] : std::vector<std::pair<v1::SegmentationLevel, std::string>>{
           {v1::SEGMENTATION_LEVEL_CUSTOMER, "RfmCustomers"},
           {v1::SEGMENTATION_LEVEL_SUMMARY, "RfmSegments"},
           {v1::SEGMENTATION_LEVEL_MATRIX, "RfmMatrix"}}) {
    segmentation.set_level(level);
    ASSERT_TRUE(handlers_.GetCustomerSegmentation({admin_}, segmentation).ok());
    EXPECT_EQ(reports_.called, name);
  }
}

TEST_F(ReportHandlersTest, TellsTheModelOfAPrediction) {
  const auto response = handlers_.GetClvPrediction({admin_}, {});
  EXPECT_EQ(response->model().family(), v1::MODEL_FAMILY_AVERAGE);
  EXPECT_EQ(response->model().parameters(0).name(), "orders_per_day");
}

TEST_F(ReportHandlersTest, MasksEmailsOfThoseWhoMayNotReadCustomers) {
  reports_.customers.resize(2);
  reports_.customers[0].email = "john@example.com";
  EXPECT_EQ(handlers_.GetTotalCustomerValue({reader_}, {})->rows(0).email(), "j***@example.com");
  EXPECT_FALSE(handlers_.GetTotalCustomerValue({reader_}, {})->rows(1).has_email());
  EXPECT_EQ(handlers_.GetTotalCustomerValue({admin_}, {})->rows(0).email(), "john@example.com");
  const rpc::Caller keeper{"keeper", {"DATASOURCES:READ:customers"}};
  EXPECT_EQ(handlers_.GetTotalCustomerValue({keeper}, {})->rows(0).email(), "john@example.com");
}

TEST_F(ReportHandlersTest, HandsOverDeadlineAndTime) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  ASSERT_TRUE(handlers_.GetClvBySegment({admin_, deadline}, {}).ok());
  EXPECT_EQ(reports_.scope.deadline, deadline);
  EXPECT_EQ(reports_.scope.now_seconds, kNow);
}

TEST_F(ReportHandlersTest, CountsAnswersAndFailuresButNotBadRequests) {
  ASSERT_TRUE(handlers_.GetClvBySegment({admin_}, {}).ok());
  reports_.status = absl::UnavailableError("no store");
  EXPECT_EQ(handlers_.GetClvBySegment({admin_}, {}).status().code(),
            absl::StatusCode::kUnavailable);
  v1::GetClvBySegmentRequest bad;
  bad.set_as_of("x");
  EXPECT_FALSE(handlers_.GetClvBySegment({admin_}, bad).ok());
  EXPECT_EQ(handlers_.answered(), 1u);
  EXPECT_EQ(handlers_.failed(), 1u);
}

TEST_F(ReportHandlersTest, ListsTheQuarantineToWritersAndReadersOfTheDataSource) {
  quarantine_.rows.resize(1);
  quarantine_.rows[0].raw = "\xff";
  v1::ListQuarantinedRowsRequest request;
  request.set_data_source("purchases");
  request.set_page(2);
  const rpc::Caller writer{"writer", {"DATASOURCES:APPEND:purchases"}};
  const auto response = handlers_.ListQuarantinedRows({writer}, request);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->rows(0).raw(), "\xef\xbf\xbd");
  EXPECT_EQ(response->total_rows(), 1u);
  EXPECT_EQ(quarantine_.data_source, domain::DataSource::kPurchases);
  EXPECT_EQ(quarantine_.limit, 100u);
  EXPECT_EQ(quarantine_.offset, 200u);
  EXPECT_EQ(handlers_.ListQuarantinedRows({reader_}, request).status().code(),
            absl::StatusCode::kPermissionDenied);
  request.set_data_source("nothing");
  EXPECT_EQ(handlers_.ListQuarantinedRows({admin_}, request).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace clv::query
