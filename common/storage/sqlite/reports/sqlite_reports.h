// common/storage/sqlite/reports/sqlite_reports.h: the seven reports as SQL over clv.db.
#ifndef CLV_COMMON_STORAGE_SQLITE_REPORTS_SQLITE_REPORTS_H_
#define CLV_COMMON_STORAGE_SQLITE_REPORTS_SQLITE_REPORTS_H_

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/reports.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {

namespace reports {
class Snapshot;
}  // namespace reports

// Answers reports by SQL, on read-only connections. Opens clv.db at the first call that finds it
// there; until then every call is UNAVAILABLE. At most `connections` reports run at once, others
// wait for their turn until their deadline. Thread-safe. Besides the errors of Reports those of a
// broken file: DATA_LOSS, FAILED_PRECONDITION (schema newer than this program).
//
// Predictions come from the average model, with a warning in the context whenever another was asked
// for. A customer's lifespan is 0 below two orders.
class SqliteReports : public Reports {
 public:
  struct Options {
    std::string clv_db_path;
    int connections = 2;        // >= 1
    int cache_kib = 16 * 1024;  // of each connection
  };

  static std::unique_ptr<SqliteReports> Create(Options options);

  absl::StatusOr<Report<domain::CustomerRetentionRow>> CustomerRetention(
      const RetentionQuery& query) override;
  absl::StatusOr<Report<domain::ClvBySegmentRow>> ClvBySegment(const SegmentQuery& query) override;
  absl::StatusOr<Report<domain::ClvByAcquisitionSourceRow>> ClvByAcquisitionSource(
      const SegmentQuery& query) override;
  absl::StatusOr<Report<domain::FrequencyBucketRow>> FrequencyByOrders(
      const FrequencyQuery& query) override;
  absl::StatusOr<Report<domain::FrequencyBucketRow>> FrequencyByRecency(
      const FrequencyQuery& query) override;
  absl::StatusOr<Report<domain::IntervalBucketRow>> FrequencyByInterval(
      const FrequencyQuery& query) override;
  absl::StatusOr<Report<domain::OrderNumberRow>> FrequencyByOrderNumber(
      const ReportScope& scope) override;
  absl::StatusOr<PredictionReport> ClvPrediction(const PredictionQuery& query) override;
  absl::StatusOr<Report<domain::RfmCustomerRow>> RfmCustomers(
      const SegmentationQuery& query) override;
  absl::StatusOr<Report<domain::RfmSegmentRow>> RfmSegments(
      const SegmentationQuery& query) override;
  absl::StatusOr<Report<domain::RfmCellRow>> RfmMatrix(const SegmentationQuery& query) override;
  absl::StatusOr<Report<domain::TotalCustomerValueRow>> TotalCustomerValue(
      const CustomerValueQuery& query) override;

 private:
  explicit SqliteReports(Options options) : options_(std::move(options)) {}

  // A connection for one call; DEADLINE_EXCEEDED when none becomes free in time.
  absl::StatusOr<std::unique_ptr<Database>> Borrow(std::chrono::steady_clock::time_point deadline);
  absl::StatusOr<std::unique_ptr<Database>> OpenConnection() const;
  // Takes a connection back; null for one that is of no more use.
  void GiveBack(std::unique_ptr<Database> db);

  // Runs `report` on a snapshot of a borrowed connection and completes its context.
  template <typename Query, typename Result>
  absl::StatusOr<Result> Answer(const ReportScope& scope, const Query& query,
                                absl::StatusOr<Result> (*report)(reports::Snapshot&, const Query&));

  const Options options_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<Database>> idle_;  // guarded by mutex_
  int borrowed_ = 0;                             // guarded by mutex_
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_REPORTS_SQLITE_REPORTS_H_
