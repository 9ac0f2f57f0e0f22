// common/storage/sqlite/clv_statements.h: the prepared statements on `clv.db`, and how rows of its
// tables are bound and read.
#ifndef CLV_COMMON_STORAGE_SQLITE_CLV_STATEMENTS_H_
#define CLV_COMMON_STORAGE_SQLITE_CLV_STATEMENTS_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/clv_store.h"
#include "common/storage/sqlite/customer_places.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/purchase_page.h"
#include "common/storage/sqlite/purchase_pages.h"

namespace clv::storage {

// A row of `customer_clv`: a customer's value and, packed in one page, the purchases. While a fold
// has put purchases and no value, and where it has removed the value and not yet the purchases, the
// row has folded_position -1 and is no value.
struct StoredCustomer {
  int64_t page_id = 0;  // 0: no row
  std::optional<CustomerValue> value;
  std::vector<PurchaseFact> purchases;  // by purchase_id
  UnpackedPage page;                    // that they were read from; of no bytes: none
};

// Reads of one connection; the methods are those of ClvReadTransaction. Thread-compatible.
class ClvReadStatements {
 public:
  // `places`, which may be null, must outlive the statements: FindStored looks there first.
  static absl::StatusOr<std::unique_ptr<ClvReadStatements>> Prepare(
      Database& db, CustomerPlaces* places = nullptr);

  absl::StatusOr<LogPosition> Checkpoint();
  absl::StatusOr<LogPosition> AnnouncedPosition();
  absl::StatusOr<std::string> Setting(const std::string& key);
  absl::StatusOr<ByKey<domain::Customer>> FindCustomers(const std::vector<std::string>& ids);
  absl::StatusOr<ByKey<domain::ImportedClv>> FindImports(const std::vector<std::string>& ids);
  absl::StatusOr<ByKey<CustomerValue>> FindValues(const std::vector<std::string>& ids);
  // The purchases' ids lie in `ids`. The pages in memory must be flushed.
  absl::Status FindStored(std::string_view customer_id, TextArena* ids, StoredCustomer* stored);
  absl::Status FindStoredAt(int64_t page_id, TextArena* ids, StoredCustomer* stored);
  absl::StatusOr<std::optional<domain::ImportedClv>> FindImport(std::string_view customer_id);
  // `currency`: the reporting currency.
  absl::StatusOr<CustomerFacts> FactsOf(const std::string& customer_id,
                                        const std::string& currency);
  absl::StatusOr<std::vector<std::string>> CustomersAfter(const std::string& after, int limit);
  absl::StatusOr<std::vector<domain::Customer>> ScanCustomers(const std::string& after, int limit);
  absl::StatusOr<std::vector<domain::ImportedClv>> ScanImports(const std::string& after, int limit);
  absl::StatusOr<FactCounts> CountFacts();
  absl::StatusOr<FoldOutcome> Totals();
  absl::StatusOr<std::optional<FoldOutcome>> OutcomeOf(LogPosition position);
  absl::StatusOr<std::vector<JobRecord>> ListJobs(uint32_t limit);
  PurchasePages& purchases() { return *purchases_; }
  // Notes the places of all customers, or of as many as are kept.
  absl::Status FindPlaces();

 private:
  explicit ClvReadStatements(CustomerPlaces* places) : places_(places) {}
  CustomerPlaces* const places_;
  std::unique_ptr<PurchasePages> purchases_;
  // What `row`, whose parameters are bound, gives; nothing where it is another customer's.
  absl::Status ReadStored(Statement& row, std::optional<std::string_view> customer_id,
                          TextArena* ids, StoredCustomer* stored);
  Statement checkpoint_, announced_, setting_, customer_, import_, value_, stored_, stored_by_page_,
      customers_after_, scan_customers_, scan_imports_, places_of_all_, counts_, totals_, outcome_,
      jobs_;
};

// Writes of one connection. Thread-compatible.
class ClvWriteStatements {
 public:
  static absl::StatusOr<std::unique_ptr<ClvWriteStatements>> Prepare(Database& db);

  absl::Status PutCustomer(const domain::Customer& customer);
  absl::Status PutImport(const domain::ImportedClv& imported);
  absl::Status RemoveCustomer(const std::string& customer_id);
  absl::Status RemoveImport(const std::string& customer_id);
  absl::Status PutValue(const CustomerValue& value);
  // Writes value and page of a customer who has no row; its page_id.
  absl::StatusOr<int64_t> InsertCustomer(const CustomerValue& value, std::string_view packed);
  // Of a value that is stored: all but the attributes, `described`, `imported` and `signup_date`;
  // and the page.
  absl::Status UpdateCustomer(int64_t page_id, const CustomerValue& value, std::string_view packed);
  // The same without the page.
  absl::Status UpdateSummary(int64_t page_id, const CustomerValue& value);
  absl::Status RemoveValue(const std::string& customer_id);
  absl::Status AddDeadLetter(const DeadLetter& letter);
  absl::Status RemoveTraces(const std::vector<std::string>& keys);
  absl::Status AddToTotals(const FoldOutcome& outcome);
  absl::Status PutOutcome(LogPosition position, const FoldOutcome& outcome);
  // Outcomes that wait for a scrub lie at their negated position.
  absl::Status PutOutcomeAfterScrub(LogPosition position, const FoldOutcome& outcome);
  absl::Status PublishOutcomes();
  absl::Status PutJob(const JobRecord& job);
  absl::Status PutSetting(const std::string& key, const std::string& value);
  // Folds up to the position are durable.
  absl::Status PublishDurable(LogPosition position);
  // Moves the checkpoint if it is at `from`; ABORTED when it is not.
  absl::Status MoveCheckpoint(LogPosition from, LogPosition to);
  // As ClvStore::Announce; returns whether something is new.
  absl::StatusOr<bool> Announce(LogPosition position);

 private:
  absl::Status InsertOutcome(int64_t position, const FoldOutcome& outcome);
  explicit ClvWriteStatements(Database& db) : db_(db) {}
  Database& db_;
  Statement customer_, import_, remove_customer_, remove_import_, value_, insert_customer_,
      update_customer_, update_summary_, remove_row_, remove_value_, remove_prediction_,
      dead_letter_, remove_dead_letters_, forget_differences_, totals_, outcome_, forget_outcomes_,
      publish_outcomes_, job_, setting_, checkpoint_, announce_, durable_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_CLV_STATEMENTS_H_
