// common/storage/reports.h: the seven reports, as a backend answers them.
//
// Two implementations stand behind this interface: SQL (the oracle, and what can be pushed down
// into an engine) and later the columnar projection; their answers are equal. The meaning of
// parameters and columns is that of proto/clv/v1/query_service.proto.
#ifndef CLV_COMMON_STORAGE_REPORTS_H_
#define CLV_COMMON_STORAGE_REPORTS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/domain/report_rows.h"

namespace clv::storage {

// Keeps customers whose attribute equals any of the values; an empty list keeps all. The values are
// final: splitting at commas is the caller's. `(unknown)` is a value.
struct AttributeFilters {
  std::vector<std::string> country;
  std::vector<std::string> customer_segment;
  std::vector<std::string> acquisition_source;
};

// Inclusive bounds in UTC seconds; one bound alone is a window, start after end is an empty one.
struct TimeWindow {
  std::optional<int64_t> start;
  std::optional<int64_t> end;
};

// A part of the ordered rows; without a limit all from `offset` on.
struct RowRange {
  std::optional<uint64_t> limit;
  uint64_t offset = 0;
};

// What every report takes.
struct ReportScope {
  AttributeFilters filters;
  // Everything dated later is invisible; absent: the report's default, made from the data, or
  // `now_seconds` where there are none.
  std::optional<int64_t> as_of_seconds;
  std::optional<TimeWindow> window;  // used by the reports that have one
  RowRange range;
  int64_t now_seconds = 0;
  // DEADLINE_EXCEEDED when the report is not done by then.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

// Where the numbers of a report stand, and what it took.
struct ReportContext {
  int64_t as_of_seconds = 0;
  std::string reporting_currency;
  uint64_t unconverted_purchases = 0;
  std::vector<std::string> warnings;
  uint64_t folded_position = 0;
  std::optional<uint64_t> model_version;
  double elapsed_seconds = 0;
  uint64_t rows_read = 0;
  uint64_t bytes_read = 0;
};

// Rows of one kind with their context. `total_rows`: their number before `range`.
template <typename Row>
struct Report {
  ReportContext context;
  std::vector<Row> rows;
  uint64_t total_rows = 0;
};

enum class Granularity { kMonth, kWeek, kQuarter, kYear, kDay };
enum class CohortBasis { kFirstPurchase, kSignup };
enum class RetentionMode { kPeriod, kRolling, kCumulative };

struct RetentionQuery {
  ReportScope scope;
  Granularity granularity = Granularity::kMonth;
  CohortBasis cohort_by = CohortBasis::kFirstPurchase;
  uint32_t periods = 12;  // 0..1000
  RetentionMode retention = RetentionMode::kPeriod;
};

struct SegmentQuery {
  ReportScope scope;
};

// `buckets`: rising lower bounds, the first 1 for orders, 0 for interval and recency; never empty.
struct FrequencyQuery {
  ReportScope scope;
  std::vector<uint32_t> buckets;
};

struct PredictionQuery {
  ReportScope scope;
  std::vector<std::string> customer_ids;
  uint32_t horizon_days = 365;  // 1..3650
  double discount_rate = 0.10;  // annual, 0..10
  double margin = 1.0;          // 0..1000
  domain::ModelFamily model = domain::ModelFamily::kAuto;
  double interval = 0.8;  // inside (0, 1)
  double min_p_alive = 0;
};

// The model that made a prediction report.
struct ModelInfo {
  uint64_t version = 0;
  domain::ModelFamily family = domain::ModelFamily::kAverage;
  std::vector<std::pair<std::string, double>> parameters;
  uint64_t customers = 0;
  uint64_t repeat_customers = 0;
  int64_t data_horizon_seconds = 0;
};

struct PredictionReport : Report<domain::ClvPredictionRow> {
  ModelInfo model;
};

struct SegmentationQuery {
  ReportScope scope;
  std::vector<std::string> rfm_segments;
};

enum class CustomerSort {
  kTotalSpend,
  kPurchaseCount,
  kAvgOrderValue,
  kRefundedAmount,
  kFirstPurchaseDate,
  kLastPurchaseDate,
  kPredictedClv,
  kCustomerId,
};

struct CustomerValueQuery {
  ReportScope scope;
  std::vector<std::string> customer_ids;
  CustomerSort sort = CustomerSort::kTotalSpend;
};

// Answers reports. Each call sees one consistent snapshot that holds every fold committed before
// the call. Thread-safe. UNAVAILABLE while there is no store yet, DEADLINE_EXCEEDED past the
// scope's deadline. E-mails come whole: masking is the caller's.
class Reports {
 public:
  virtual ~Reports() = default;

  virtual absl::StatusOr<Report<domain::CustomerRetentionRow>> CustomerRetention(
      const RetentionQuery& query) = 0;
  virtual absl::StatusOr<Report<domain::ClvBySegmentRow>> ClvBySegment(
      const SegmentQuery& query) = 0;
  virtual absl::StatusOr<Report<domain::ClvByAcquisitionSourceRow>> ClvByAcquisitionSource(
      const SegmentQuery& query) = 0;
  virtual absl::StatusOr<Report<domain::FrequencyBucketRow>> FrequencyByOrders(
      const FrequencyQuery& query) = 0;
  virtual absl::StatusOr<Report<domain::FrequencyBucketRow>> FrequencyByRecency(
      const FrequencyQuery& query) = 0;
  virtual absl::StatusOr<Report<domain::IntervalBucketRow>> FrequencyByInterval(
      const FrequencyQuery& query) = 0;
  virtual absl::StatusOr<Report<domain::OrderNumberRow>> FrequencyByOrderNumber(
      const ReportScope& scope) = 0;
  virtual absl::StatusOr<PredictionReport> ClvPrediction(const PredictionQuery& query) = 0;
  virtual absl::StatusOr<Report<domain::RfmCustomerRow>> RfmCustomers(
      const SegmentationQuery& query) = 0;
  virtual absl::StatusOr<Report<domain::RfmSegmentRow>> RfmSegments(
      const SegmentationQuery& query) = 0;
  virtual absl::StatusOr<Report<domain::RfmCellRow>> RfmMatrix(const SegmentationQuery& query) = 0;
  virtual absl::StatusOr<Report<domain::TotalCustomerValueRow>> TotalCustomerValue(
      const CustomerValueQuery& query) = 0;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_REPORTS_H_
