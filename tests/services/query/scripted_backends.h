// tests/services/query/scripted_backends.h: backends that answer what a test tells them and keep
// what they were asked.
#ifndef CLV_TESTS_SERVICES_QUERY_SCRIPTED_BACKENDS_H_
#define CLV_TESTS_SERVICES_QUERY_SCRIPTED_BACKENDS_H_

#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/storage/reports.h"
#include "common/storage/storage.h"

namespace clv::query {

// 2023-07-01 00:00:00.
inline constexpr int64_t kNow = 1688169600;

class FixedClock : public Clock {
 public:
  int64_t NowMicros() const override { return kNow * 1'000'000; }
};

// Answers with the rows of its members.
class ScriptedReports : public storage::Reports {
 public:
  ScriptedReports() {
    context.as_of_seconds = 1687252500;  // 2023-06-20 09:15:00
    context.reporting_currency = "USD";
    context.folded_position = 7;
    context.elapsed_seconds = 0.25;
    context.rows_read = 3;
    context.bytes_read = 4096;
  }

  storage::ReportContext context;
  absl::Status status;
  uint64_t total_rows = 1;
  std::vector<domain::ClvBySegmentRow> segments;
  std::vector<domain::TotalCustomerValueRow> customers;
  std::vector<domain::OrderNumberRow> order_numbers;
  storage::ReportScope scope;  // of the last call
  std::string called;          // its name

  absl::StatusOr<storage::Report<domain::CustomerRetentionRow>> CustomerRetention(
      const storage::RetentionQuery& query) override {
    return Reply<domain::CustomerRetentionRow>("CustomerRetention", query.scope, {});
  }
  absl::StatusOr<storage::Report<domain::ClvBySegmentRow>> ClvBySegment(
      const storage::SegmentQuery& query) override {
    return Reply("ClvBySegment", query.scope, segments);
  }
  absl::StatusOr<storage::Report<domain::ClvByAcquisitionSourceRow>> ClvByAcquisitionSource(
      const storage::SegmentQuery& query) override {
    return Reply<domain::ClvByAcquisitionSourceRow>("ClvByAcquisitionSource", query.scope, {});
  }
  absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> FrequencyByOrders(
      const storage::FrequencyQuery& query) override {
    return Reply<domain::FrequencyBucketRow>("FrequencyByOrders", query.scope, {});
  }
  absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> FrequencyByRecency(
      const storage::FrequencyQuery& query) override {
    return Reply<domain::FrequencyBucketRow>("FrequencyByRecency", query.scope, {});
  }
  absl::StatusOr<storage::Report<domain::IntervalBucketRow>> FrequencyByInterval(
      const storage::FrequencyQuery& query) override {
    return Reply<domain::IntervalBucketRow>("FrequencyByInterval", query.scope, {});
  }
  absl::StatusOr<storage::Report<domain::OrderNumberRow>> FrequencyByOrderNumber(
      const storage::ReportScope& query_scope) override {
    return Reply("FrequencyByOrderNumber", query_scope, order_numbers);
  }
  absl::StatusOr<storage::PredictionReport> ClvPrediction(
      const storage::PredictionQuery& query) override {
    called = "ClvPrediction";
    scope = query.scope;
    if (!status.ok()) return status;
    storage::PredictionReport report;
    report.context = context;
    report.total_rows = total_rows;
    report.model.family = domain::ModelFamily::kAverage;
    report.model.parameters = {{"orders_per_day", 0.5}};
    return report;
  }
  absl::StatusOr<storage::Report<domain::RfmCustomerRow>> RfmCustomers(
      const storage::SegmentationQuery& query) override {
    return Reply<domain::RfmCustomerRow>("RfmCustomers", query.scope, {});
  }
  absl::StatusOr<storage::Report<domain::RfmSegmentRow>> RfmSegments(
      const storage::SegmentationQuery& query) override {
    return Reply<domain::RfmSegmentRow>("RfmSegments", query.scope, {});
  }
  absl::StatusOr<storage::Report<domain::RfmCellRow>> RfmMatrix(
      const storage::SegmentationQuery& query) override {
    return Reply<domain::RfmCellRow>("RfmMatrix", query.scope, {});
  }
  absl::StatusOr<storage::Report<domain::TotalCustomerValueRow>> TotalCustomerValue(
      const storage::CustomerValueQuery& query) override {
    return Reply("TotalCustomerValue", query.scope, customers);
  }

 private:
  template <typename Row>
  absl::StatusOr<storage::Report<Row>> Reply(const std::string& name,
                                             const storage::ReportScope& asked,
                                             const std::vector<Row>& rows) {
    called = name;
    scope = asked;
    if (!status.ok()) return status;
    return storage::Report<Row>{context, rows, total_rows};
  }
};

// Answers with the rows of its member, whatever the data source.
class ScriptedQuarantine : public storage::QuarantineReader {
 public:
  std::vector<storage::QuarantinedRow> rows;
  domain::DataSource data_source = domain::DataSource::kCustomers;  // of the last call
  uint64_t limit = 0;
  uint64_t offset = 0;

  absl::StatusOr<std::vector<storage::QuarantinedRow>> List(domain::DataSource asked,
                                                            uint64_t asked_limit,
                                                            uint64_t asked_offset) override {
    data_source = asked;
    limit = asked_limit;
    offset = asked_offset;
    return rows;
  }

  absl::StatusOr<uint64_t> Count(domain::DataSource) override { return rows.size(); }
  absl::StatusOr<std::vector<storage::QuarantinedRow>> ListAfter(domain::DataSource, uint64_t,
                                                                 uint64_t) override {
    return rows;
  }
  absl::StatusOr<std::vector<storage::QuarantineReasonCount>> CountByReason(
      domain::DataSource) override {
    return std::vector<storage::QuarantineReasonCount>();
  }
};

class ScriptedProgress : public storage::FoldProgress {
 public:
  absl::StatusOr<storage::LogPosition> position = storage::LogPosition{9};

  absl::StatusOr<storage::LogPosition> FoldedPosition() override { return position; }
  absl::StatusOr<storage::LogPosition> DurablePosition() override { return position; }
  bool WaitUntilFolded(storage::LogPosition, std::chrono::milliseconds) override { return true; }
};

}  // namespace clv::query

#endif  // CLV_TESTS_SERVICES_QUERY_SCRIPTED_BACKENDS_H_
