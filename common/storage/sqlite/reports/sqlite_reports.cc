#include "common/storage/sqlite/reports/sqlite_reports.h"

#include <type_traits>
#include <utility>

#include "common/base/status_macros.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "common/storage/sqlite/purchases_table.h"
#include "common/storage/sqlite/reports/endpoints.h"
#include "common/storage/sqlite/reports/snapshot.h"
#include "common/storage/sqlite/reports/sql_functions.h"

namespace clv::storage {
namespace {

using std::chrono::steady_clock;

constexpr steady_clock::time_point kNoDeadline = steady_clock::time_point::max();

absl::Status Late() {
  return absl::DeadlineExceededError("the deadline passed before the report was done");
}

// Runs `report` in one read transaction, which ends before the connection goes back.
template <typename Query, typename Result>
absl::StatusOr<Result> RunOnSnapshot(Database& db, const ReportScope& scope, const Query& query,
                                     absl::StatusOr<Result> (*report)(reports::Snapshot&,
                                                                      const Query&)) {
  using DefaultAsOf = reports::Snapshot::DefaultAsOf;
  constexpr auto kDefault =
      std::is_same_v<Query, PredictionQuery> ? DefaultAsOf::kScoring : DefaultAsOf::kHorizon;
  CLV_ASSIGN_OR_RETURN(reports::Snapshot snapshot, reports::Snapshot::Open(db, scope, kDefault));
  CLV_ASSIGN_OR_RETURN(Result result, report(snapshot, query));
  CLV_ASSIGN_OR_RETURN(ReportContext context, snapshot.Context());
  context.warnings = std::move(result.context.warnings);
  context.model_version = result.context.model_version;
  result.context = std::move(context);
  return result;
}

// Errors that say nothing against the connection.
bool IsReusableAfter(const absl::Status& status) {
  return status.ok() || absl::IsDeadlineExceeded(status);
}

}  // namespace

std::unique_ptr<SqliteReports> SqliteReports::Create(Options options) {
  return std::unique_ptr<SqliteReports>(new SqliteReports(std::move(options)));
}

absl::StatusOr<std::unique_ptr<Database>> SqliteReports::OpenConnection() const {
  CLV_ASSIGN_OR_RETURN(std::unique_ptr<Database> db,
                       Database::Open({.path = options_.clv_db_path,
                                       .mode = Database::Mode::kReadOnly,
                                       .migrations = &ClvMigrations(),
                                       .cache_kib = options_.cache_kib}));
  CLV_RETURN_IF_ERROR(reports::RegisterSqlFunctions(*db));
  CLV_RETURN_IF_ERROR(AddPurchasesTable(*db));
  return db;
}

absl::StatusOr<std::unique_ptr<Database>> SqliteReports::Borrow(steady_clock::time_point deadline) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto is_free = [this] { return borrowed_ < options_.connections; };
    if (deadline == kNoDeadline) {
      given_back_.wait(lock, is_free);
    } else if (!given_back_.wait_until(lock, deadline, is_free)) {
      return Late();
    }
    ++borrowed_;
    if (!idle_.empty()) {
      std::unique_ptr<Database> db = std::move(idle_.back());
      idle_.pop_back();
      return db;
    }
  }
  absl::StatusOr<std::unique_ptr<Database>> db = OpenConnection();
  if (!db.ok()) GiveBack(nullptr);
  return db;
}

void SqliteReports::GiveBack(std::unique_ptr<Database> db) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    --borrowed_;
    if (db != nullptr) idle_.push_back(std::move(db));
  }
  given_back_.notify_one();
}

template <typename Query, typename Result>
absl::StatusOr<Result> SqliteReports::Answer(const ReportScope& scope, const Query& query,
                                             absl::StatusOr<Result> (*report)(reports::Snapshot&,
                                                                              const Query&)) {
  const steady_clock::time_point begin = steady_clock::now();
  if (begin >= scope.deadline) return Late();
  CLV_ASSIGN_OR_RETURN(std::unique_ptr<Database> db, Borrow(scope.deadline));
  db->SetDeadline(scope.deadline);
  absl::StatusOr<Result> result = RunOnSnapshot(*db, scope, query, report);
  db->SetDeadline(kNoDeadline);
  GiveBack(IsReusableAfter(result.status()) ? std::move(db) : nullptr);
  if (result.ok()) {
    result->context.elapsed_seconds =
        std::chrono::duration<double>(steady_clock::now() - begin).count();
  }
  return result;
}

absl::StatusOr<Report<domain::CustomerRetentionRow>> SqliteReports::CustomerRetention(
    const RetentionQuery& query) {
  return Answer(query.scope, query, reports::CustomerRetention);
}

absl::StatusOr<Report<domain::ClvBySegmentRow>> SqliteReports::ClvBySegment(
    const SegmentQuery& query) {
  return Answer(query.scope, query, reports::ClvBySegment);
}

absl::StatusOr<Report<domain::ClvByAcquisitionSourceRow>> SqliteReports::ClvByAcquisitionSource(
    const SegmentQuery& query) {
  return Answer(query.scope, query, reports::ClvByAcquisitionSource);
}

absl::StatusOr<Report<domain::FrequencyBucketRow>> SqliteReports::FrequencyByOrders(
    const FrequencyQuery& query) {
  return Answer(query.scope, query, reports::FrequencyByOrders);
}

absl::StatusOr<Report<domain::FrequencyBucketRow>> SqliteReports::FrequencyByRecency(
    const FrequencyQuery& query) {
  return Answer(query.scope, query, reports::FrequencyByRecency);
}

absl::StatusOr<Report<domain::IntervalBucketRow>> SqliteReports::FrequencyByInterval(
    const FrequencyQuery& query) {
  return Answer(query.scope, query, reports::FrequencyByInterval);
}

absl::StatusOr<Report<domain::OrderNumberRow>> SqliteReports::FrequencyByOrderNumber(
    const ReportScope& scope) {
  return Answer(scope, scope, reports::FrequencyByOrderNumber);
}

absl::StatusOr<PredictionReport> SqliteReports::ClvPrediction(const PredictionQuery& query) {
  return Answer(query.scope, query, reports::ClvPrediction);
}

absl::StatusOr<Report<domain::RfmCustomerRow>> SqliteReports::RfmCustomers(
    const SegmentationQuery& query) {
  return Answer(query.scope, query, reports::RfmCustomers);
}

absl::StatusOr<Report<domain::RfmSegmentRow>> SqliteReports::RfmSegments(
    const SegmentationQuery& query) {
  return Answer(query.scope, query, reports::RfmSegments);
}

absl::StatusOr<Report<domain::RfmCellRow>> SqliteReports::RfmMatrix(
    const SegmentationQuery& query) {
  return Answer(query.scope, query, reports::RfmMatrix);
}

absl::StatusOr<Report<domain::TotalCustomerValueRow>> SqliteReports::TotalCustomerValue(
    const CustomerValueQuery& query) {
  return Answer(query.scope, query, reports::TotalCustomerValue);
}

}  // namespace clv::storage
