#include "tests/services/aggregation/fold_fixture.h"

#include <utility>

#include "common/storage/sqlite/event_reader.h"
#include "common/wire/log_codec.h"
#include "services/aggregation/recompute.h"
#include "tests/common/storage/raw_sqlite.h"

namespace clv::aggregation {

domain::Purchase PurchaseOf(const Buy& buy) {
  domain::Purchase purchase{
      .purchase_id = buy.purchase_id,
      .customer_id = buy.customer_id,
      .order_id = buy.order_id.empty() ? buy.purchase_id : buy.order_id,
      .purchase_amount_micros = Units(buy.units),
      .purchase_date = kNewYear + buy.day * kDay,
      .currency = buy.currency,
  };
  if (buy.created_day) purchase.created_at = kNewYear + *buy.created_day * kDay;
  return purchase;
}

void FoldTest::SetUp() {
  auto store = storage::SqliteClvStore::Open({.path = clv_path_, .least_folded_ahead = 1});
  ASSERT_TRUE(store.ok()) << store.status();
  store_ = *std::move(store);
  ASSERT_TRUE(AdoptReportingCurrency(*store_, "USD").ok());
}

LoggedRows FoldTest::Record(const std::vector<Buy>& buys) {
  LoggedRows rows;
  rows.position = ++last_position_;
  rows.received_at_seconds = kNewYear + static_cast<int64_t>(rows.position);
  std::vector<domain::Purchase> purchases;
  for (const Buy& buy : buys) purchases.push_back(PurchaseOf(buy));
  rows.purchases = wire::BatchOf(purchases);
  return rows;
}

LoggedRows FoldTest::Record(const domain::Customer& customer) {
  LoggedRows rows = Record(std::vector<Buy>());
  rows.customers.push_back(customer);
  return rows;
}

LoggedRows FoldTest::Record(const domain::ImportedClv& imported) {
  LoggedRows rows = Record(std::vector<Buy>());
  rows.customer_clvs.push_back(imported);
  return rows;
}

LoggedRows FoldTest::Command(wire::LogCommand command) {
  LoggedRows rows = Record(std::vector<Buy>());
  rows.command = std::move(command);
  rows.wants_outcome = true;
  return rows;
}

FoldOptions FoldTest::Options() {
  return {
      .reporting_currency = "USD",
      .read_log = [](storage::LogPosition) -> absl::StatusOr<std::vector<storage::LoggedRecord>> {
        return absl::FailedPreconditionError("this test has no log");
      }};
}

storage::FoldOutcome FoldTest::Outcome(storage::LogPosition position) {
  const auto outcome = store_->Read().value()->OutcomeOf(position);
  EXPECT_TRUE(outcome.ok() && outcome->has_value()) << "no outcome of " << position;
  return outcome.ok() ? outcome->value_or(storage::FoldOutcome()) : storage::FoldOutcome();
}

FoldCounts FoldTest::FoldRecords(const std::vector<LoggedRows>& records) {
  const auto transaction = store_->Begin();
  EXPECT_TRUE(transaction.ok()) << transaction.status();
  if (!transaction.ok()) return {};
  const auto counts = Fold(records, Options(), **transaction);
  EXPECT_TRUE(counts.ok()) << counts.status();
  if (!counts.ok()) return {};
  const absl::Status committed = (*transaction)->Commit(records.back().position);
  EXPECT_TRUE(committed.ok()) << committed;
  return *counts;
}

storage::CustomerValue FoldTest::Value(const std::string& customer_id) {
  const auto values = store_->Read().value()->FindValues({customer_id});
  EXPECT_TRUE(values.ok() && values->contains(customer_id)) << customer_id << " is not known";
  if (!values.ok() || !values->contains(customer_id)) return {};
  return values->at(customer_id);
}

bool FoldTest::IsKnown(const std::string& customer_id) {
  return !store_->Read().value()->FindValues({customer_id})->empty();
}

domain::Purchase FoldTest::Purchase(const std::string& purchase_id) {
  const auto purchases = store_->Read().value()->FindPurchases({purchase_id});
  EXPECT_TRUE(purchases.ok() && purchases->contains(purchase_id)) << purchase_id;
  if (!purchases.ok() || !purchases->contains(purchase_id)) return {};
  return purchases->at(purchase_id);
}

void FoldTest::ChangePurchase(const std::string& purchase_id,
                              const std::function<void(domain::Purchase&)>& change) {
  const auto facts = store_->Begin().value();
  domain::Purchase purchase = facts->FindPurchases({purchase_id})->at(purchase_id);
  ASSERT_TRUE(facts->RemovePurchase(purchase.customer_id, purchase_id).ok());
  change(purchase);
  ASSERT_TRUE(facts->PutPurchase(purchase).ok());
  ASSERT_TRUE(facts->Commit(facts->checkpoint()).ok());
}

std::string FoldTest::DeadLetters() {
  return storage::DumpRawSql(clv_path_,
                             "SELECT log_position, row_index, data_source, key FROM dead_letters");
}

std::string FoldTest::StateOf(const std::string& clv_db_path, bool with_receipt) {
  std::string state;
  for (const char* table : {"customers", "purchases", "customer_clv_imports", "dead_letters"}) {
    state += std::string(table) + "\n" +
             storage::DumpClvSql(clv_db_path, "SELECT * FROM " + std::string(table));
  }
  constexpr char kValues[] =
      "SELECT customer_id, country, customer_segment, acquisition_source, described, imported, "
      "signup_date, purchase_count, total_spend_micros, refunded_micros, first_purchase_date, "
      "last_purchase_date, repeat_order_days, visible_rows, unconverted_rows, last_activity_date, "
      "gross_micros";
  return state + "customer_clv\n" +
         storage::DumpRawSql(clv_db_path, std::string(kValues) +
                                              (with_receipt ? ", updated_at" : "") +
                                              " FROM customer_clv ORDER BY customer_id");
}

void LoggedFoldTest::SetUp() {
  FoldTest::SetUp();
  auto log = storage::SqliteEventLog::Open({.path = log_path_, .appended = &appended_});
  ASSERT_TRUE(log.ok()) << log.status();
  log_ = *std::move(log);
}

FoldOptions LoggedFoldTest::Options() {
  return {
      .reporting_currency = "USD",
      .read_log =
          [this](storage::LogPosition after) { return OpenLog().value()->ReadAfter(after, 1'000); },
      .open_erasures = [this] { return OpenLog().value()->OpenErasures(); }};
}

void LoggedFoldTest::Append(const LoggedRows& rows) {
  const auto source = !rows.customers.empty()     ? domain::DataSource::kCustomers
                      : rows.purchases.size() > 0 ? domain::DataSource::kPurchases
                                                  : domain::DataSource::kCustomerClv;
  std::vector<domain::Purchase> purchases;
  for (size_t i = 0; i < rows.purchases.size(); ++i) {
    purchases.push_back(rows.purchases.PurchaseAt(i));
  }
  const wire::LogRows encoded{.received_at_seconds = rows.received_at_seconds,
                              .customers = rows.customers,
                              .purchases = std::move(purchases),
                              .customer_clvs = rows.customer_clvs,
                              .load_id = rows.load_id,
                              .wants_outcome = rows.wants_outcome,
                              .command = rows.command};
  const auto* commit = std::get_if<wire::LoadCommit>(&rows.command);
  std::optional<storage::Tombstone> tombstone;
  if (std::holds_alternative<wire::CustomerErasure>(rows.command)) tombstone.emplace();
  const auto positions = log_->Append(
      {{.record = storage::NewRecord{.data_source = source,
                                     .received_at_seconds = rows.received_at_seconds,
                                     .row_count = static_cast<uint32_t>(rows.size()),
                                     .payload = wire::EncodeLogRecord(encoded),
                                     .load_id = rows.load_id,
                                     .commits_load = commit != nullptr ? commit->load_id : ""},
        .tombstone = tombstone}});
  ASSERT_TRUE(positions.ok()) << positions.status();
  ASSERT_EQ(positions->front(), rows.position);
}

absl::StatusOr<std::unique_ptr<storage::EventReader>> LoggedFoldTest::OpenLog() {
  return storage::SqliteEventReader::Open({.path = log_path_, .appended = &appended_});
}

absl::StatusOr<std::shared_ptr<storage::ClvStore>> LoggedFoldTest::OpenScratch() {
  return storage::SqliteClvStore::Open(
      {.path = directory_.path() + "/scratch" + std::to_string(scratches_++) + ".db"});
}

void LoggedFoldTest::FoldLog() {
  const auto reader = OpenLog();
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto records = (*reader)->ReadAfter(store_->Checkpoint().value(), 1'000'000);
  ASSERT_TRUE(records.ok()) << records.status();
  std::vector<LoggedRows> rows;
  for (const storage::LoggedRecord& record : *records) rows.push_back(DecodeRecord(record));
  if (!rows.empty()) FoldRecords(rows);
}

}  // namespace clv::aggregation
