#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/clv_statements.h"

namespace clv::storage {
namespace {

domain::Customer ReadCustomer(const Statement& row) {
  return {.customer_id = std::string(row.Text(0)),
          .name = std::string(row.Text(1)),
          .email = std::string(row.Text(2)),
          .signup_date = row.OptionalInt(3),
          .country = std::string(row.Text(4)),
          .customer_segment = std::string(row.Text(5)),
          .acquisition_source = std::string(row.Text(6)),
          .active = row.Int(7) != 0,
          .created_at = row.OptionalInt(8)};
}

domain::ImportedClv ReadImport(const Statement& row) {
  return {.customer_id = std::string(row.Text(0)),
          .total_spend_micros = row.Int(1),
          .purchase_count = row.Int(2),
          .first_purchase_date = row.Int(3),
          .last_purchase_date = row.Int(4),
          .customer_segment = std::string(row.Text(5)),
          .country = std::string(row.Text(6)),
          .acquisition_source = std::string(row.Text(7)),
          .updated_at = row.Int(8)};
}

constexpr char kValueColumns[] =
    "SELECT customer_id, country, customer_segment, acquisition_source, described, imported, "
    "signup_date, purchase_count, total_spend_micros, refunded_micros, first_purchase_date, "
    "last_purchase_date, repeat_order_days, visible_rows, unconverted_rows, last_activity_date, "
    "gross_micros, updated_at, folded_position";
constexpr int kFoldedPosition = 18;
// Those that a stored customer has besides.
constexpr int kPageId = 19;
constexpr int kPurchases = 20;

CustomerValue ReadValue(const Statement& row) {
  return {.customer_id = std::string(row.Text(0)),
          .attributes = {.country = std::string(row.Text(1)),
                         .customer_segment = std::string(row.Text(2)),
                         .acquisition_source = std::string(row.Text(3))},
          .described = row.Int(4) != 0,
          .imported = row.Int(5) != 0,
          .signup_date = row.OptionalInt(6),
          .summary = {.purchase_count = row.Int(7),
                      .total_spend_micros = row.Int(8),
                      .refunded_micros = row.Int(9),
                      .first_purchase_date = row.OptionalInt(10),
                      .last_purchase_date = row.OptionalInt(11),
                      .repeat_order_days = row.Int(12),
                      .visible_rows = row.Int(13),
                      .unconverted_rows = row.Int(14),
                      .last_activity_date = row.OptionalInt(15),
                      .gross_micros = row.Int(16)},
          .updated_at = row.Int(17),
          .folded_position = static_cast<LogPosition>(row.Int(kFoldedPosition))};
}

FoldOutcome ReadOutcome(const Statement& row) {
  return {.rows = static_cast<uint64_t>(row.Int(0)),
          .duplicate_rows = static_cast<uint64_t>(row.Int(1)),
          .superseded_rows = static_cast<uint64_t>(row.Int(2)),
          .dead_letters = static_cast<uint64_t>(row.Int(3)),
          .removed_rows = static_cast<uint64_t>(row.Int(4))};
}

// All rows that `statement`, whose parameters are bound, gives.
template <typename Row>
absl::StatusOr<std::vector<Row>> ReadAll(Statement& statement, Row (*read)(const Statement&)) {
  std::vector<Row> rows;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Step());
    if (!has_row) break;
    rows.push_back(read(statement));
  }
  statement.Reset();
  return rows;
}

// The row that `statement`, which takes one key, gives; absent when none.
template <typename Row>
absl::StatusOr<std::optional<Row>> FindOne(Statement& statement, std::string_view key,
                                           Row (*read)(const Statement&)) {
  statement.Bind(1, key);
  CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Step());
  std::optional<Row> row;
  if (has_row) row = read(statement);
  statement.Reset();
  return row;
}

// The rows that `statement`, which takes one key, gives for each of `keys`.
template <typename Row>
absl::StatusOr<ByKey<Row>> FindEach(Statement& statement, const std::vector<std::string>& keys,
                                    Row (*read)(const Statement&)) {
  ByKey<Row> rows;
  for (const std::string& key : keys) {
    statement.Bind(1, key);
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Step());
    if (has_row) rows.emplace(key, read(statement));
    statement.Reset();
  }
  return rows;
}

absl::StatusOr<LogPosition> ReadPosition(Statement& statement) {
  CLV_RETURN_IF_ERROR(statement.Step().status());
  const auto position = static_cast<LogPosition>(statement.Int(0));
  statement.Reset();
  return position;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ClvReadStatements>> ClvReadStatements::Prepare(
    Database& db, CustomerPlaces* places) {
  std::unique_ptr<ClvReadStatements> s(new ClvReadStatements(places));
  CLV_ASSIGN_OR_RETURN(s->checkpoint_, db.Prepare("SELECT folded_position FROM checkpoint"));
  CLV_ASSIGN_OR_RETURN(s->announced_, db.Prepare("SELECT announced_position FROM checkpoint"));
  CLV_ASSIGN_OR_RETURN(s->setting_, db.Prepare("SELECT value FROM settings WHERE key = ?"));
  CLV_ASSIGN_OR_RETURN(s->purchases_, PurchasePages::Prepare(db));
  constexpr char kCustomerColumns[] =
      "SELECT customer_id, name, email, signup_date, country, customer_segment, "
      "acquisition_source, active, created_at FROM customers ";
  CLV_ASSIGN_OR_RETURN(s->customer_,
                       db.Prepare(std::string(kCustomerColumns) + "WHERE customer_id = ?"));
  CLV_ASSIGN_OR_RETURN(s->scan_customers_,
                       db.Prepare(std::string(kCustomerColumns) +
                                  "WHERE customer_id > ? ORDER BY customer_id LIMIT ?"));
  constexpr char kImportColumns[] =
      "SELECT customer_id, total_spend_micros, purchase_count, first_purchase_date, "
      "last_purchase_date, customer_segment, country, acquisition_source, updated_at "
      "FROM customer_clv_imports ";
  CLV_ASSIGN_OR_RETURN(s->import_,
                       db.Prepare(std::string(kImportColumns) + "WHERE customer_id = ?"));
  CLV_ASSIGN_OR_RETURN(s->scan_imports_,
                       db.Prepare(std::string(kImportColumns) +
                                  "WHERE customer_id > ? ORDER BY customer_id LIMIT ?"));
  CLV_ASSIGN_OR_RETURN(s->value_,
                       db.Prepare(absl::StrCat(kValueColumns,
                                               " FROM customer_clv WHERE customer_id = ? "
                                               "AND folded_position >= 0")));
  constexpr char kPageColumns[] = ", page_id, purchases FROM customer_clv WHERE ";
  CLV_ASSIGN_OR_RETURN(s->stored_,
                       db.Prepare(absl::StrCat(kValueColumns, kPageColumns, "customer_id = ?")));
  CLV_ASSIGN_OR_RETURN(s->stored_by_page_,
                       db.Prepare(absl::StrCat(kValueColumns, kPageColumns, "page_id = ?")));
  CLV_ASSIGN_OR_RETURN(
      s->customers_after_,
      db.Prepare("SELECT customer_id FROM customers WHERE customer_id > ?1 "
                 "UNION SELECT customer_id FROM customer_clv_imports WHERE customer_id > ?1 "
                 "UNION SELECT customer_id FROM customer_clv WHERE customer_id > ?1 "
                 "ORDER BY customer_id LIMIT ?2"));
  // All of it is in the index.
  CLV_ASSIGN_OR_RETURN(s->places_of_all_,
                       db.Prepare("SELECT customer_id, page_id FROM customer_clv LIMIT ?"));
  // The purchases are summed from customer_clv: counting the rows themselves would scan the largest
  // table.
  CLV_ASSIGN_OR_RETURN(s->counts_, db.Prepare("SELECT customers, purchases, (SELECT COUNT(*) FROM "
                                              "dead_letters), customer_rows, import_rows, buyers, "
                                              "repeat_buyers FROM fact_counts"));
  CLV_ASSIGN_OR_RETURN(
      s->totals_, db.Prepare("SELECT row_count, duplicate_rows, superseded_rows, dead_letters, "
                             "removed_rows FROM fold_totals"));
  CLV_ASSIGN_OR_RETURN(
      s->outcome_, db.Prepare("SELECT row_count, duplicate_rows, superseded_rows, dead_letters, "
                              "removed_rows FROM fold_outcomes WHERE position = ? AND "
                              "position <= (SELECT announced_position FROM checkpoint)"));
  CLV_ASSIGN_OR_RETURN(
      s->jobs_, db.Prepare("SELECT job_id, kind, state, created_at, ended_at, customers_done, "
                           "customers_total, values_checked, difference_count, differences, error, "
                           "folded_position FROM jobs ORDER BY created_at DESC, job_id LIMIT ?"));
  return s;
}

absl::StatusOr<LogPosition> ClvReadStatements::Checkpoint() { return ReadPosition(checkpoint_); }

absl::StatusOr<LogPosition> ClvReadStatements::AnnouncedPosition() {
  return ReadPosition(announced_);
}

absl::StatusOr<std::string> ClvReadStatements::Setting(const std::string& key) {
  setting_.Bind(1, key);
  CLV_ASSIGN_OR_RETURN(const bool has_row, setting_.Step());
  std::string value = has_row ? std::string(setting_.Text(0)) : "";
  setting_.Reset();
  return value;
}

absl::StatusOr<ByKey<domain::Customer>> ClvReadStatements::FindCustomers(
    const std::vector<std::string>& ids) {
  return FindEach(customer_, ids, ReadCustomer);
}

absl::StatusOr<ByKey<domain::ImportedClv>> ClvReadStatements::FindImports(
    const std::vector<std::string>& ids) {
  return FindEach(import_, ids, ReadImport);
}

absl::StatusOr<ByKey<CustomerValue>> ClvReadStatements::FindValues(
    const std::vector<std::string>& ids) {
  return FindEach(value_, ids, ReadValue);
}

absl::Status ClvReadStatements::FindStored(std::string_view customer_id, TextArena* ids,
                                           StoredCustomer* stored) {
  const int64_t place = places_ != nullptr ? places_->Find(customer_id) : 0;
  if (place != 0) {
    stored_by_page_.Reset();  // an error may have left it at a row
    stored_by_page_.Bind(1, place);
    CLV_RETURN_IF_ERROR(ReadStored(stored_by_page_, customer_id, ids, stored));
    if (stored->page_id != 0) return absl::OkStatus();
  }
  stored_.Reset();  // likewise
  stored_.Bind(1, customer_id);
  CLV_RETURN_IF_ERROR(ReadStored(stored_, customer_id, ids, stored));
  if (places_ != nullptr) places_->Note(customer_id, stored->page_id);
  return absl::OkStatus();
}

absl::Status ClvReadStatements::FindStoredAt(int64_t page_id, TextArena* ids,
                                             StoredCustomer* stored) {
  stored_by_page_.Reset();  // likewise
  stored_by_page_.Bind(1, page_id);
  return ReadStored(stored_by_page_, std::nullopt, ids, stored);
}

absl::Status ClvReadStatements::ReadStored(Statement& row,
                                           std::optional<std::string_view> customer_id,
                                           TextArena* ids, StoredCustomer* stored) {
  stored->page_id = 0;
  stored->value.reset();
  stored->purchases.clear();
  stored->page.bytes = {};
  CLV_ASSIGN_OR_RETURN(const bool has_row, row.Step());
  absl::Status unpacked;
  if (has_row && (!customer_id || row.Text(0) == *customer_id)) {
    if (row.Int(kFoldedPosition) >= 0) stored->value = ReadValue(row);
    stored->page_id = row.Int(kPageId);
    if (const std::string_view page = row.Blob(kPurchases); !page.empty()) {
      unpacked = UnpackPurchases(ids->Keep(page), ids, &stored->purchases, &stored->page);
    }
  }
  // Before an error too: the statement would hold on to the state that it has read.
  row.Reset();
  return unpacked;
}

absl::StatusOr<std::optional<domain::ImportedClv>> ClvReadStatements::FindImport(
    std::string_view customer_id) {
  return FindOne(import_, customer_id, ReadImport);
}

absl::StatusOr<CustomerFacts> ClvReadStatements::FactsOf(const std::string& customer_id,
                                                         const std::string& currency) {
  CustomerFacts facts;
  CLV_ASSIGN_OR_RETURN(auto customers, FindCustomers({customer_id}));
  if (!customers.empty()) facts.customer = std::move(customers.begin()->second);
  CLV_ASSIGN_OR_RETURN(auto imports, FindImports({customer_id}));
  if (!imports.empty()) facts.imported = std::move(imports.begin()->second);
  CLV_ASSIGN_OR_RETURN(facts.purchases, purchases_->AmountsOf(customer_id, currency));
  return facts;
}

absl::Status ClvReadStatements::FindPlaces() {
  Statement& rows = places_of_all_;
  rows.Reset();
  rows.Bind(1, static_cast<int64_t>(places_->most_customers()));
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, rows.Step());
    if (!has_row) break;
    places_->Note(rows.Text(0), rows.Int(1));
  }
  rows.Reset();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ClvReadStatements::CustomersAfter(const std::string& after,
                                                                           int limit) {
  CLV_RETURN_IF_ERROR(purchases_->FlushPages());
  std::vector<std::string> ids;
  customers_after_.Bind(1, after);
  customers_after_.Bind(2, static_cast<int64_t>(limit));
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, customers_after_.Step());
    if (!has_row) break;
    ids.emplace_back(customers_after_.Text(0));
  }
  customers_after_.Reset();
  return ids;
}

absl::StatusOr<std::vector<domain::Customer>> ClvReadStatements::ScanCustomers(
    const std::string& after, int limit) {
  scan_customers_.Bind(1, after);
  scan_customers_.Bind(2, int64_t{limit});
  return ReadAll(scan_customers_, ReadCustomer);
}

absl::StatusOr<std::vector<domain::ImportedClv>> ClvReadStatements::ScanImports(
    const std::string& after, int limit) {
  scan_imports_.Bind(1, after);
  scan_imports_.Bind(2, int64_t{limit});
  return ReadAll(scan_imports_, ReadImport);
}

absl::StatusOr<FoldOutcome> ClvReadStatements::Totals() {
  CLV_RETURN_IF_ERROR(totals_.Step().status());
  const FoldOutcome totals = ReadOutcome(totals_);
  totals_.Reset();
  return totals;
}

absl::StatusOr<std::optional<FoldOutcome>> ClvReadStatements::OutcomeOf(LogPosition position) {
  outcome_.Bind(1, static_cast<int64_t>(position));
  CLV_ASSIGN_OR_RETURN(const bool has_row, outcome_.Step());
  std::optional<FoldOutcome> outcome;
  if (has_row) outcome = ReadOutcome(outcome_);
  outcome_.Reset();
  return outcome;
}

absl::StatusOr<FactCounts> ClvReadStatements::CountFacts() {
  CLV_RETURN_IF_ERROR(counts_.Step().status());
  const FactCounts counts{.customers = static_cast<uint64_t>(counts_.Int(0)),
                          .purchases = static_cast<uint64_t>(counts_.Int(1)),
                          .dead_letters = static_cast<uint64_t>(counts_.Int(2)),
                          .customer_rows = static_cast<uint64_t>(counts_.Int(3)),
                          .import_rows = static_cast<uint64_t>(counts_.Int(4)),
                          .buyers = static_cast<uint64_t>(counts_.Int(5)),
                          .repeat_buyers = static_cast<uint64_t>(counts_.Int(6))};
  counts_.Reset();
  return counts;
}

absl::StatusOr<std::vector<JobRecord>> ClvReadStatements::ListJobs(uint32_t limit) {
  std::vector<JobRecord> jobs;
  jobs_.Bind(1, static_cast<int64_t>(limit));
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, jobs_.Step());
    if (!has_row) break;
    jobs.push_back({.job_id = std::string(jobs_.Text(0)),
                    .kind = static_cast<int>(jobs_.Int(1)),
                    .state = static_cast<int>(jobs_.Int(2)),
                    .created_at_seconds = jobs_.Int(3),
                    .ended_at_seconds = jobs_.OptionalInt(4),
                    .customers_done = static_cast<uint64_t>(jobs_.Int(5)),
                    .customers_total = static_cast<uint64_t>(jobs_.Int(6)),
                    .values_checked = static_cast<uint64_t>(jobs_.Int(7)),
                    .difference_count = static_cast<uint64_t>(jobs_.Int(8)),
                    .differences = std::string(jobs_.Text(9)),
                    .error = std::string(jobs_.Text(10)),
                    .folded_position = static_cast<LogPosition>(jobs_.Int(11))});
  }
  jobs_.Reset();
  return jobs;
}

}  // namespace clv::storage
