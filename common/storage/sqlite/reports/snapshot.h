// common/storage/sqlite/reports/snapshot.h: one report's view of clv.db, and the statements that
// read it.
#ifndef CLV_COMMON_STORAGE_SQLITE_REPORTS_SNAPSHOT_H_
#define CLV_COMMON_STORAGE_SQLITE_REPORTS_SNAPSHOT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "common/domain/average_model.h"
#include "common/storage/reports.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/reports/shared_sql.h"
#include "common/storage/sqlite/stored_models.h"

namespace clv::storage::reports {

// A running statement with parameters by name. Thread-compatible.
class ReportStatement {
 public:
  // `rows_read` grows when the statement has come to its end; it outlives the statement.
  ReportStatement(Statement statement, uint64_t* rows_read)
      : statement_(std::move(statement)), rows_read_(rows_read) {}

  // Binds the parameter `:name`; nothing happens when the statement has none.
  void Bind(const char* name, int64_t value);
  void Bind(const char* name, std::string_view text);
  void BindBlob(const char* name, std::string_view bytes);
  // As JsonList, or NULL (no filter) when empty.
  void BindList(const char* name, const std::vector<std::string>& values);

  // Steps to the next row; false at the end.
  absl::StatusOr<bool> Next();

  // Runs it again with other parameters.
  void Reset() { statement_.Reset(); }

  // Columns of the present row, from 0.
  int64_t Int(int column) const { return statement_.Int(column); }
  uint64_t Count(int column) const { return static_cast<uint64_t>(statement_.Int(column)); }
  std::optional<int64_t> OptionalInt(int column) const { return statement_.OptionalInt(column); }
  std::string Text(int column) const { return std::string(statement_.Text(column)); }
  std::optional<std::string> OptionalText(int column) const;
  absl::int128 Sum(int column) const;               // of sum128
  std::vector<int64_t> Integers(int column) const;  // of sorted_integers
  std::vector<double> Reals(int column) const;      // of sorted_reals

 private:
  Statement statement_;
  uint64_t* rows_read_;
};

// A read transaction on a connection, and the instant that its report is about. Lives within one
// call of Reports.
class Snapshot {
 public:
  // Which instant stands for an absent `as_of`: the data's horizon, or that of predictions (see
  // scoring_as_of_seconds).
  enum class DefaultAsOf { kHorizon, kScoring };

  // Begins a read transaction on `db`, which outlives the snapshot. UNAVAILABLE while the store has
  // no reporting currency.
  static absl::StatusOr<Snapshot> Open(Database& db, const ReportScope& scope,
                                       DefaultAsOf default_as_of);

  int64_t as_of_seconds() const { return as_of_seconds_; }

  // Latest date in the data; absent without data.
  std::optional<int64_t> horizon_seconds() const { return horizon_seconds_; }

  // Instant of predictions: the request's as_of, else the end of the day of the last complete
  // scoring, else of the horizon's day, else now.
  int64_t scoring_as_of_seconds() const { return scoring_as_of_seconds_; }

  // Day of the prediction of one customer: that of scoring_as_of_seconds, and where the request has
  // no as_of not before that of the customer's latest activity.
  int64_t ScoringDayOf(int64_t last_activity_date) const;

  // The model of the last complete scoring; absent where none has been.
  absl::StatusOr<std::optional<ServingState>> Serving() const { return ReadServingState(*db_); }

  // Prepares SharedSql and then `sql`, which goes on with ", name AS (...) ... SELECT ..." or
  // "SELECT ...", and binds :as_of, :currency and the window (:start and :end; a missing bound is
  // the end of the integers). `$filters` in `sql` stands for the condition that a row with the
  // three attributes passes the filters.
  absl::StatusOr<ReportStatement> Query(std::string_view sql);

  // Likewise without SharedSql.
  absl::StatusOr<ReportStatement> QueryFacts(std::string_view sql);

  // Sums over the whole population, for the average model at scoring_as_of_seconds(), and the day
  // of its first order.
  struct Population {
    domain::PopulationTotals totals;
    int64_t first_day = 0;
  };
  absl::StatusOr<Population> PopulationTotals();

  // What the context says once the report is done; warnings and model version are the report's own.
  absl::StatusOr<ReportContext> Context();

 private:
  Snapshot(Database& db, Transaction transaction, const ReportScope& scope)
      : db_(&db), scope_(&scope), transaction_(std::move(transaction)) {}

  absl::Status ReadMoment(DefaultAsOf default_as_of);

  Database* db_;
  const ReportScope* scope_;
  Transaction transaction_;
  StateSource source_ = StateSource::kKept;
  int64_t as_of_seconds_ = 0;
  int64_t facts_as_of_seconds_ = 0;  // what is dated later is invisible
  int64_t scoring_as_of_seconds_ = 0;
  std::optional<int64_t> horizon_seconds_;
  std::string reporting_currency_;
  uint64_t folded_position_ = 0;
  uint64_t page_visits_before_ = 0;
  // On the heap, for statements point to it and the snapshot moves.
  std::unique_ptr<uint64_t> rows_read_ = std::make_unique<uint64_t>(0);
};

// Whether row `index` of the ordered rows lies in the range.
bool InRange(const RowRange& range, uint64_t index);

// Keeps the rows of `report` (all of them, in order) that lie in the range, and their number
// before.
template <typename Row>
void CutToRange(const RowRange& range, Report<Row>& report) {
  report.total_rows = report.rows.size();
  std::vector<Row> kept;
  for (uint64_t index = range.offset; index < report.rows.size() && InRange(range, index);
       ++index) {
    kept.push_back(std::move(report.rows[index]));
  }
  report.rows = std::move(kept);
}

}  // namespace clv::storage::reports

#endif  // CLV_COMMON_STORAGE_SQLITE_REPORTS_SNAPSHOT_H_
