#include "common/storage/sqlite/reports/snapshot.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_replace.h"
#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/reports/sql_functions.h"

namespace clv::storage::reports {
namespace {

constexpr char kMoment[] = R"sql(
SELECT (SELECT value FROM settings WHERE key = 'reporting_currency'),
       (SELECT folded_position FROM checkpoint WHERE id = 1),
       (SELECT date FROM latest_activity),
       (SELECT day FROM scoring)
)sql";

// Only customers that have such rows are looked at, by the primary key.
constexpr char kUnconverted[] = R"sql(
SELECT COUNT(*)
  FROM customer_clv k CROSS JOIN purchases p ON p.customer_id = k.customer_id
 WHERE k.unconverted_rows > 0 AND p.currency <> :currency AND p.purchase_date <= :as_of
   AND $filters
)sql";

constexpr char kPassesFilters[] = R"sql((
  (:country IS NULL OR country IN (SELECT value FROM json_each(:country)))
  AND (:customer_segment IS NULL
       OR customer_segment IN (SELECT value FROM json_each(:customer_segment)))
  AND (:acquisition_source IS NULL
       OR acquisition_source IN (SELECT value FROM json_each(:acquisition_source)))
))sql";

constexpr char kPopulationTotals[] = R"sql(
SELECT COUNT(*), SUM(repeat_order_days >= 1), sum128(repeat_order_days),
       sum128(:scoring_day - first_purchase_date / 86400), sum128(total_spend_micros),
       sum128(purchase_count), MIN(first_purchase_date / 86400)
  FROM population
)sql";

int64_t EndOfDay(int64_t day) { return (day + 1) * kSecondsPerDay - 1; }

uint64_t PageVisits(Database& db) {
  uint64_t visits = 0;
  for (const int counter : {SQLITE_DBSTATUS_CACHE_HIT, SQLITE_DBSTATUS_CACHE_MISS}) {
    int current = 0;
    int highest = 0;
    sqlite3_db_status(db.raw(), counter, &current, &highest, 0);
    visits += static_cast<uint32_t>(current);
  }
  return visits;
}

}  // namespace

void ReportStatement::Bind(const char* name, int64_t value) {
  const int index = sqlite3_bind_parameter_index(statement_.raw(), name);
  if (index > 0) statement_.Bind(index, value);
}

void ReportStatement::Bind(const char* name, std::string_view text) {
  const int index = sqlite3_bind_parameter_index(statement_.raw(), name);
  if (index > 0) statement_.Bind(index, text);
}

void ReportStatement::BindBlob(const char* name, std::string_view bytes) {
  const int index = sqlite3_bind_parameter_index(statement_.raw(), name);
  if (index > 0) statement_.BindBlob(index, bytes);
}

void ReportStatement::BindList(const char* name, const std::vector<std::string>& values) {
  if (!values.empty()) Bind(name, JsonList(values));
}

absl::StatusOr<bool> ReportStatement::Next() {
  CLV_ASSIGN_OR_RETURN(const bool has_row, statement_.Step());
  if (has_row) {
    ++*rows_read_;
  } else {
    *rows_read_ += static_cast<uint32_t>(
        sqlite3_stmt_status(statement_.raw(), SQLITE_STMTSTATUS_FULLSCAN_STEP, 1));
  }
  return has_row;
}

std::optional<std::string> ReportStatement::OptionalText(int column) const {
  if (statement_.IsNull(column)) return std::nullopt;
  return Text(column);
}

absl::int128 ReportStatement::Sum(int column) const { return ReadSum(statement_.Blob(column)); }

std::vector<int64_t> ReportStatement::Integers(int column) const {
  return ReadIntegers(statement_.Blob(column));
}

std::vector<double> ReportStatement::Reals(int column) const {
  return ReadReals(statement_.Blob(column));
}

absl::StatusOr<Snapshot> Snapshot::Open(Database& db, const ReportScope& scope,
                                        DefaultAsOf default_as_of) {
  CLV_ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(db, Transaction::Kind::kDeferred));
  Snapshot snapshot(db, std::move(transaction), scope);
  snapshot.page_visits_before_ = PageVisits(db);
  CLV_RETURN_IF_ERROR(snapshot.ReadMoment(default_as_of));
  return snapshot;
}

absl::Status Snapshot::ReadMoment(DefaultAsOf default_as_of) {
  CLV_ASSIGN_OR_RETURN(Statement moment, db_->Prepare(kMoment));
  CLV_RETURN_IF_ERROR(moment.Step().status());
  if (moment.IsNull(0)) {
    return absl::UnavailableError("the store has no reporting currency yet");
  }
  reporting_currency_ = std::string(moment.Text(0));
  folded_position_ = static_cast<uint64_t>(moment.Int(1));
  horizon_seconds_ = moment.OptionalInt(2);
  std::optional<int64_t> scoring_day = moment.OptionalInt(3);
  if (!scoring_day && horizon_seconds_) scoring_day = DayOf(*horizon_seconds_);
  scoring_as_of_seconds_ =
      scope_->as_of_seconds.value_or(scoring_day ? EndOfDay(*scoring_day) : scope_->now_seconds);
  as_of_seconds_ =
      default_as_of == DefaultAsOf::kScoring
          ? scoring_as_of_seconds_
          : scope_->as_of_seconds.value_or(horizon_seconds_.value_or(scope_->now_seconds));
  // The default shows all that is known, even what is later than the last complete scoring.
  facts_as_of_seconds_ = as_of_seconds_;
  if (!scope_->as_of_seconds && horizon_seconds_) {
    facts_as_of_seconds_ = std::max(as_of_seconds_, *horizon_seconds_);
  }
  if (horizon_seconds_ && facts_as_of_seconds_ < *horizon_seconds_) {
    source_ = StateSource::kComputed;
  }
  return absl::OkStatus();
}

int64_t Snapshot::ScoringDayOf(int64_t last_activity_date) const {
  const int64_t day = DayOf(scoring_as_of_seconds_);
  return scope_->as_of_seconds ? day : std::max(day, DayOf(last_activity_date));
}

absl::StatusOr<ReportStatement> Snapshot::Query(std::string_view sql) {
  return QueryFacts(std::string(SharedSql(source_)).append(sql));
}

absl::StatusOr<ReportStatement> Snapshot::QueryFacts(std::string_view sql) {
  const std::string text = absl::StrReplaceAll(absl::string_view(sql.data(), sql.size()),
                                               {{"$filters", kPassesFilters}});
  CLV_ASSIGN_OR_RETURN(Statement prepared, db_->Prepare(text));
  ReportStatement statement(std::move(prepared), rows_read_.get());
  const TimeWindow window = scope_->window.value_or(TimeWindow{});
  statement.Bind(":as_of", facts_as_of_seconds_);
  statement.Bind(":currency", reporting_currency_);
  statement.Bind(":start", window.start.value_or(std::numeric_limits<int64_t>::min()));
  statement.Bind(":end", window.end.value_or(std::numeric_limits<int64_t>::max()));
  statement.BindList(":country", scope_->filters.country);
  statement.BindList(":customer_segment", scope_->filters.customer_segment);
  statement.BindList(":acquisition_source", scope_->filters.acquisition_source);
  return statement;
}

absl::StatusOr<Snapshot::Population> Snapshot::PopulationTotals() {
  CLV_ASSIGN_OR_RETURN(ReportStatement statement, Query(kPopulationTotals));
  statement.Bind(":scoring_day", DayOf(scoring_as_of_seconds_));
  CLV_RETURN_IF_ERROR(statement.Next().status());
  return Population{.totals = {.customers = statement.Count(0),
                               .repeat_customers = statement.Count(1),
                               .repeat_order_days = statement.Sum(2),
                               .tenure_days = statement.Sum(3),
                               .total_spend_micros = statement.Sum(4),
                               .purchase_count = statement.Sum(5)},
                    .first_day = statement.Int(6)};
}

absl::StatusOr<ReportContext> Snapshot::Context() {
  CLV_ASSIGN_OR_RETURN(ReportStatement unconverted, QueryFacts(kUnconverted));
  ReportContext context;
  bool has_row = true;
  while (has_row) {
    CLV_ASSIGN_OR_RETURN(has_row, unconverted.Next());
    if (has_row) context.unconverted_purchases = unconverted.Count(0);
  }
  CLV_ASSIGN_OR_RETURN(Statement page_size, db_->Prepare("PRAGMA page_size"));
  CLV_RETURN_IF_ERROR(page_size.Step().status());
  context.as_of_seconds = as_of_seconds_;
  context.reporting_currency = reporting_currency_;
  context.folded_position = folded_position_;
  context.rows_read = *rows_read_;
  context.bytes_read =
      (PageVisits(*db_) - page_visits_before_) * static_cast<uint64_t>(page_size.Int(0));
  return context;
}

bool InRange(const RowRange& range, uint64_t index) {
  return index >= range.offset && (!range.limit || index - range.offset < *range.limit);
}

}  // namespace clv::storage::reports
