#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/clv_statements.h"

namespace clv::storage {
namespace {

constexpr int64_t kKeptOutcomePositions = 100'000;

void BindOutcome(const FoldOutcome& outcome, Statement* statement) {
  statement->Bind(1, static_cast<int64_t>(outcome.rows));
  statement->Bind(2, static_cast<int64_t>(outcome.duplicate_rows));
  statement->Bind(3, static_cast<int64_t>(outcome.superseded_rows));
  statement->Bind(4, static_cast<int64_t>(outcome.dead_letters));
  statement->Bind(5, static_cast<int64_t>(outcome.removed_rows));
}

// Binds what a fold of purchases changes, from parameter `first` on.
void BindSummary(const CustomerValue& value, int first, Statement* statement) {
  const domain::CustomerSummary& summary = value.summary;
  statement->Bind(first, summary.purchase_count);
  statement->Bind(first + 1, summary.total_spend_micros);
  statement->Bind(first + 2, summary.refunded_micros);
  statement->Bind(first + 3, summary.first_purchase_date);
  statement->Bind(first + 4, summary.last_purchase_date);
  statement->Bind(first + 5, summary.repeat_order_days);
  statement->Bind(first + 6, summary.visible_rows);
  statement->Bind(first + 7, summary.unconverted_rows);
  statement->Bind(first + 8, summary.last_activity_date);
  statement->Bind(first + 9, summary.gross_micros);
  statement->Bind(first + 10, value.updated_at);
  statement->Bind(first + 11, static_cast<int64_t>(value.folded_position));
}

void BindValue(const CustomerValue& value, Statement* statement) {
  statement->Bind(1, value.customer_id);
  statement->Bind(2, value.attributes.country);
  statement->Bind(3, value.attributes.customer_segment);
  statement->Bind(4, value.attributes.acquisition_source);
  statement->Bind(5, int64_t{value.described});
  statement->Bind(6, int64_t{value.imported});
  statement->Bind(7, value.signup_date);
  BindSummary(value, 8, statement);
}

constexpr char kInsertCustomer[] =
    "INSERT INTO customer_clv (customer_id, country, customer_segment, acquisition_source, "
    "described, imported, signup_date, purchase_count, total_spend_micros, refunded_micros, "
    "first_purchase_date, last_purchase_date, repeat_order_days, visible_rows, unconverted_rows, "
    "last_activity_date, gross_micros, updated_at, folded_position, purchases) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, "
    "?20) ";

}  // namespace

absl::StatusOr<std::unique_ptr<ClvWriteStatements>> ClvWriteStatements::Prepare(Database& db) {
  std::unique_ptr<ClvWriteStatements> s(new ClvWriteStatements(db));
  CLV_ASSIGN_OR_RETURN(s->customer_,
                       db.Prepare("INSERT OR REPLACE INTO customers (customer_id, name, email, "
                                  "signup_date, country, customer_segment, acquisition_source, "
                                  "active, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  CLV_ASSIGN_OR_RETURN(
      s->import_,
      db.Prepare("INSERT OR REPLACE INTO customer_clv_imports (customer_id, total_spend_micros, "
                 "purchase_count, first_purchase_date, last_purchase_date, customer_segment, "
                 "country, acquisition_source, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  CLV_ASSIGN_OR_RETURN(s->remove_customer_,
                       db.Prepare("DELETE FROM customers WHERE customer_id = ?"));
  CLV_ASSIGN_OR_RETURN(s->remove_import_,
                       db.Prepare("DELETE FROM customer_clv_imports WHERE customer_id = ?"));
  CLV_ASSIGN_OR_RETURN(s->remove_dead_letters_,
                       db.Prepare("DELETE FROM dead_letters WHERE key = ?"));
  CLV_ASSIGN_OR_RETURN(s->forget_differences_,
                       db.Prepare("UPDATE jobs SET differences = '' WHERE differences <> ''"));
  CLV_ASSIGN_OR_RETURN(
      s->totals_,
      db.Prepare(
          "UPDATE fold_totals SET row_count = row_count + ?, duplicate_rows = duplicate_rows "
          "+ ?, superseded_rows = superseded_rows + ?, dead_letters = dead_letters + ?, "
          "removed_rows = removed_rows + ? WHERE id = 1"));
  CLV_ASSIGN_OR_RETURN(
      s->outcome_,
      db.Prepare(
          "INSERT OR REPLACE INTO fold_outcomes (row_count, duplicate_rows, superseded_rows, "
          "dead_letters, removed_rows, position) VALUES (?, ?, ?, ?, ?, ?)"));
  CLV_ASSIGN_OR_RETURN(s->forget_outcomes_,
                       db.Prepare("DELETE FROM fold_outcomes WHERE position BETWEEN 0 AND ?"));
  CLV_ASSIGN_OR_RETURN(
      s->publish_outcomes_,
      db.Prepare("UPDATE OR REPLACE fold_outcomes SET position = -position WHERE position < 0"));
  CLV_ASSIGN_OR_RETURN(
      s->value_,
      db.Prepare(absl::StrCat(
          kInsertCustomer,
          "ON CONFLICT (customer_id) DO UPDATE SET country = ?2, customer_segment = ?3, "
          "acquisition_source = ?4, described = ?5, imported = ?6, signup_date = ?7, "
          "purchase_count = ?8, total_spend_micros = ?9, refunded_micros = ?10, "
          "first_purchase_date = ?11, last_purchase_date = ?12, repeat_order_days = ?13, "
          "visible_rows = ?14, unconverted_rows = ?15, last_activity_date = ?16, "
          "gross_micros = ?17, updated_at = ?18, folded_position = ?19")));
  CLV_ASSIGN_OR_RETURN(s->insert_customer_, db.Prepare(kInsertCustomer));
  constexpr char kUpdateSummary[] =
      "UPDATE customer_clv SET purchase_count = ?1, total_spend_micros = ?2, refunded_micros = ?3, "
      "first_purchase_date = ?4, last_purchase_date = ?5, repeat_order_days = ?6, "
      "visible_rows = ?7, unconverted_rows = ?8, last_activity_date = ?9, gross_micros = ?10, "
      "updated_at = ?11, folded_position = ?12";
  CLV_ASSIGN_OR_RETURN(s->update_summary_,
                       db.Prepare(absl::StrCat(kUpdateSummary, " WHERE page_id = ?13")));
  CLV_ASSIGN_OR_RETURN(
      s->update_customer_,
      db.Prepare(absl::StrCat(kUpdateSummary, ", purchases = ?14 WHERE page_id = ?13")));
  CLV_ASSIGN_OR_RETURN(s->remove_prediction_,
                       db.Prepare("DELETE FROM customer_predictions WHERE customer_id = ?"));
  CLV_ASSIGN_OR_RETURN(
      s->remove_row_,
      db.Prepare("DELETE FROM customer_clv WHERE customer_id = ? AND purchases IS NULL"));
  CLV_ASSIGN_OR_RETURN(
      s->remove_value_,
      db.Prepare("UPDATE customer_clv SET folded_position = -1 WHERE customer_id = ?"));
  CLV_ASSIGN_OR_RETURN(
      s->dead_letter_,
      db.Prepare("INSERT OR REPLACE INTO dead_letters (log_position, row_index, data_source, key, "
                 "reason) VALUES (?, ?, ?, ?, ?)"));
  CLV_ASSIGN_OR_RETURN(
      s->job_,
      db.Prepare("INSERT OR REPLACE INTO jobs (job_id, kind, state, created_at, ended_at, "
                 "customers_done, customers_total, values_checked, difference_count, differences, "
                 "error, folded_position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  CLV_ASSIGN_OR_RETURN(s->setting_,
                       db.Prepare("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)"));
  CLV_ASSIGN_OR_RETURN(
      s->checkpoint_,
      db.Prepare("UPDATE checkpoint SET folded_position = ?2 WHERE folded_position = ?1"));
  CLV_ASSIGN_OR_RETURN(
      s->announce_,
      db.Prepare("UPDATE checkpoint SET announced_position = MIN(?1, folded_position), "
                 "announced_change = CASE WHEN ?1 < folded_position THEN announced_change "
                 "ELSE last_change END "
                 "FROM (SELECT COALESCE(MAX(change_id), 0) AS last_change FROM customer_changes) "
                 "WHERE announced_position < MIN(?1, folded_position) "
                 "OR (?1 >= folded_position AND announced_change < last_change)"));
  CLV_ASSIGN_OR_RETURN(s->durable_, db.Prepare("UPDATE checkpoint SET durable_position = ?1 WHERE "
                                               "durable_position < ?1"));
  return s;
}

absl::Status ClvWriteStatements::PutCustomer(const domain::Customer& customer) {
  Statement& s = customer_;
  s.Bind(1, customer.customer_id);
  s.BindTextOrNull(2, customer.name);
  s.BindTextOrNull(3, customer.email);
  s.Bind(4, customer.signup_date);
  s.BindTextOrNull(5, customer.country);
  s.BindTextOrNull(6, customer.customer_segment);
  s.BindTextOrNull(7, customer.acquisition_source);
  s.Bind(8, int64_t{customer.active});
  s.Bind(9, customer.created_at);
  return s.Run();
}

absl::Status ClvWriteStatements::PutImport(const domain::ImportedClv& imported) {
  Statement& s = import_;
  s.Bind(1, imported.customer_id);
  s.Bind(2, imported.total_spend_micros);
  s.Bind(3, imported.purchase_count);
  s.Bind(4, imported.first_purchase_date);
  s.Bind(5, imported.last_purchase_date);
  s.BindTextOrNull(6, imported.customer_segment);
  s.BindTextOrNull(7, imported.country);
  s.BindTextOrNull(8, imported.acquisition_source);
  s.Bind(9, imported.updated_at);
  return s.Run();
}

absl::Status ClvWriteStatements::RemoveCustomer(const std::string& customer_id) {
  remove_customer_.Bind(1, customer_id);
  return remove_customer_.Run();
}

absl::Status ClvWriteStatements::RemoveImport(const std::string& customer_id) {
  remove_import_.Bind(1, customer_id);
  return remove_import_.Run();
}

absl::Status ClvWriteStatements::PutValue(const CustomerValue& value) {
  BindValue(value, &value_);
  return value_.Run();
}

absl::StatusOr<int64_t> ClvWriteStatements::InsertCustomer(const CustomerValue& value,
                                                           std::string_view packed) {
  BindValue(value, &insert_customer_);
  if (packed.empty()) {
    insert_customer_.BindNull(20);
  } else {
    insert_customer_.BindBlob(20, packed);
  }
  CLV_RETURN_IF_ERROR(insert_customer_.Run());
  return db_.last_insert_rowid();
}

absl::Status ClvWriteStatements::UpdateCustomer(int64_t page_id, const CustomerValue& value,
                                                std::string_view packed) {
  BindSummary(value, 1, &update_customer_);
  update_customer_.Bind(13, page_id);
  update_customer_.BindBlob(14, packed);
  return update_customer_.Run();
}

absl::Status ClvWriteStatements::UpdateSummary(int64_t page_id, const CustomerValue& value) {
  BindSummary(value, 1, &update_summary_);
  update_summary_.Bind(13, page_id);
  return update_summary_.Run();
}

absl::Status ClvWriteStatements::RemoveValue(const std::string& customer_id) {
  remove_row_.Bind(1, customer_id);
  CLV_RETURN_IF_ERROR(remove_row_.Run());
  remove_value_.Bind(1, customer_id);
  CLV_RETURN_IF_ERROR(remove_value_.Run());
  remove_prediction_.Bind(1, customer_id);
  return remove_prediction_.Run();
}

absl::Status ClvWriteStatements::AddDeadLetter(const DeadLetter& letter) {
  Statement& s = dead_letter_;
  s.Bind(1, static_cast<int64_t>(letter.position));
  s.Bind(2, static_cast<int64_t>(letter.row_index));
  s.Bind(3, static_cast<int64_t>(letter.data_source));
  s.Bind(4, letter.key);
  s.Bind(5, letter.reason);
  return s.Run();
}

absl::Status ClvWriteStatements::RemoveTraces(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    remove_dead_letters_.Bind(1, key);
    CLV_RETURN_IF_ERROR(remove_dead_letters_.Run());
  }
  return forget_differences_.Run();
}

absl::Status ClvWriteStatements::AddToTotals(const FoldOutcome& outcome) {
  BindOutcome(outcome, &totals_);
  return totals_.Run();
}

absl::Status ClvWriteStatements::InsertOutcome(int64_t position, const FoldOutcome& outcome) {
  BindOutcome(outcome, &outcome_);
  outcome_.Bind(6, position);
  return outcome_.Run();
}

absl::Status ClvWriteStatements::PutOutcome(LogPosition position, const FoldOutcome& outcome) {
  CLV_RETURN_IF_ERROR(InsertOutcome(static_cast<int64_t>(position), outcome));
  forget_outcomes_.Bind(1, static_cast<int64_t>(position) - kKeptOutcomePositions);
  return forget_outcomes_.Run();
}

absl::Status ClvWriteStatements::PutOutcomeAfterScrub(LogPosition position,
                                                      const FoldOutcome& outcome) {
  return InsertOutcome(-static_cast<int64_t>(position), outcome);
}

absl::Status ClvWriteStatements::PublishOutcomes() { return publish_outcomes_.Run(); }

absl::Status ClvWriteStatements::PutJob(const JobRecord& job) {
  Statement& s = job_;
  s.Bind(1, job.job_id);
  s.Bind(2, int64_t{job.kind});
  s.Bind(3, int64_t{job.state});
  s.Bind(4, job.created_at_seconds);
  s.Bind(5, job.ended_at_seconds);
  s.Bind(6, static_cast<int64_t>(job.customers_done));
  s.Bind(7, static_cast<int64_t>(job.customers_total));
  s.Bind(8, static_cast<int64_t>(job.values_checked));
  s.Bind(9, static_cast<int64_t>(job.difference_count));
  s.Bind(10, job.differences);
  s.Bind(11, job.error);
  s.Bind(12, static_cast<int64_t>(job.folded_position));
  return s.Run();
}

absl::Status ClvWriteStatements::PutSetting(const std::string& key, const std::string& value) {
  setting_.Bind(1, key);
  setting_.Bind(2, value);
  return setting_.Run();
}

absl::Status ClvWriteStatements::PublishDurable(LogPosition position) {
  durable_.Bind(1, static_cast<int64_t>(position));
  return durable_.Run();
}

absl::Status ClvWriteStatements::MoveCheckpoint(LogPosition from, LogPosition to) {
  checkpoint_.Bind(1, static_cast<int64_t>(from));
  checkpoint_.Bind(2, static_cast<int64_t>(to));
  CLV_RETURN_IF_ERROR(checkpoint_.Run());
  if (db_.changes() != 1) {
    return absl::AbortedError("another worker has moved the checkpoint");
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ClvWriteStatements::Announce(LogPosition position) {
  announce_.Bind(1, static_cast<int64_t>(position));
  CLV_RETURN_IF_ERROR(announce_.Run());
  return db_.changes() > 0;
}

}  // namespace clv::storage
