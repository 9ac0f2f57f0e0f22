// common/storage/clv_store.h: the contract between the aggregation worker and its store of facts
// and values.
//
// One writer. Everything a fold changes, its checkpoint included, is committed in one transaction.
// Errors as in storage.h.
#ifndef CLV_COMMON_STORAGE_CLV_STORE_H_
#define CLV_COMMON_STORAGE_CLV_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/domain/customer_summary.h"
#include "common/domain/records.h"
#include "common/storage/fact_orders.h"
#include "common/storage/purchase_fact.h"
#include "common/storage/storage.h"

namespace clv::storage {

// A row of `customer_clv`: a customer known in any way (described, with purchases, or imported).
struct CustomerValue {
  std::string customer_id;
  domain::CustomerAttributes attributes;
  bool described = false;
  bool imported = false;
  std::optional<int64_t> signup_date;
  domain::CustomerSummary summary;
  int64_t updated_at =
      0;  // greatest receipt time among the rows that became a winner touching the customer
  LogPosition folded_position = 0;  // the fold that last wrote the row

  bool operator==(const CustomerValue&) const = default;
};

// All winning facts of one customer.
struct CustomerFacts {
  std::optional<domain::Customer> customer;
  std::optional<domain::ImportedClv> imported;
  std::vector<domain::PurchaseAmount> purchases;

  bool empty() const { return !customer && !imported && purchases.empty(); }
};

// One customer in the hands of a fold: what is stored, and what it becomes.
struct CustomerInFold {
  std::string_view customer_id;
  const domain::ImportedClv* imported = nullptr;  // null: none
  std::optional<CustomerValue> value;
  std::vector<PurchaseFact> purchases;  // by purchase_id, which they differ in
  FactOrders orders;                    // of the purchases, once they are folded
};

// An event that could not be folded.
struct DeadLetter {
  LogPosition position = 0;
  uint32_t row_index = 0;
  DataSource data_source = DataSource::kCustomers;
  std::string key;
  std::string reason;
};

// How many facts there are.
struct FactCounts {
  uint64_t customers = 0;  // rows of customer_clv
  uint64_t purchases = 0;
  uint64_t dead_letters = 0;
  uint64_t customer_rows = 0;  // rows of `customers`
  uint64_t import_rows = 0;    // rows of `customer_clv` that clients sent
  uint64_t buyers = 0;         // customers with an order
  uint64_t repeat_buyers = 0;  // with orders on two days
};

// What the fold of one record did to the rows that it holds or ends.
struct FoldOutcome {
  uint64_t rows = 0;             // looked at
  uint64_t duplicate_rows = 0;   // equal to the present winner of their key
  uint64_t superseded_rows = 0;  // older than it
  uint64_t dead_letters = 0;
  uint64_t removed_rows = 0;  // facts removed by a command

  bool operator==(const FoldOutcome&) const = default;
};

// A key of `purchases` in the order in which they are scanned.
struct PurchaseKey {
  std::string customer_id;
  std::string purchase_id;
};

// A found or stored piece of long work; the words of proto/clv/v1/aggregation_service.proto.
struct JobRecord {
  std::string job_id;
  int kind = 0;
  int state = 0;
  int64_t created_at_seconds = 0;
  std::optional<int64_t> ended_at_seconds;
  uint64_t customers_done = 0;
  uint64_t customers_total = 0;
  uint64_t values_checked = 0;
  uint64_t difference_count = 0;
  std::string differences;  // a serialised list; opaque here
  std::string error;
  LogPosition folded_position = 0;
};

// Half of what a customer's gross may be.
inline constexpr int64_t kLargeGross = int64_t{1} << 62;

template <typename Row>
using ByKey = std::unordered_map<std::string, Row>;

// Reads within one consistent state.
class ClvReadTransaction {
 public:
  virtual ~ClvReadTransaction() = default;

  // Last folded log position of this state.
  virtual LogPosition checkpoint() const = 0;
  // The last one that was announced, see ClvStore::Announce.
  virtual absl::StatusOr<LogPosition> AnnouncedPosition() = 0;

  // The currency that facts are summed in; empty in a new store.
  virtual const std::string& reporting_currency() const = 0;

  // Present winners for keys; unknown keys are left out. Sorted keys are fastest.
  virtual absl::StatusOr<ByKey<domain::Purchase>> FindPurchases(
      const std::vector<std::string>& purchase_ids) = 0;
  virtual absl::StatusOr<ByKey<domain::Customer>> FindCustomers(
      const std::vector<std::string>& customer_ids) = 0;
  virtual absl::StatusOr<ByKey<domain::ImportedClv>> FindImports(
      const std::vector<std::string>& customer_ids) = 0;
  virtual absl::StatusOr<ByKey<CustomerValue>> FindValues(
      const std::vector<std::string>& customer_ids) = 0;

  // Everything known about one customer.
  virtual absl::StatusOr<CustomerFacts> FactsOf(const std::string& customer_id) = 0;

  // Ids of customers with facts or a row of `customer_clv`, greater than `after`, in byte order, at
  // most `limit`.
  virtual absl::StatusOr<std::vector<std::string>> CustomersAfter(const std::string& after,
                                                                  int limit) = 0;

  // All winning purchases of a customer, whole, by purchase_id.
  virtual absl::StatusOr<std::vector<domain::Purchase>> PurchasesOf(
      const std::string& customer_id) = 0;

  // Facts after a key (empty: from the first), in key order, at most `limit`.
  virtual absl::StatusOr<std::vector<domain::Customer>> ScanCustomers(const std::string& after,
                                                                      int limit) = 0;
  virtual absl::StatusOr<std::vector<domain::ImportedClv>> ScanImports(const std::string& after,
                                                                       int limit) = 0;
  virtual absl::StatusOr<std::vector<domain::Purchase>> ScanPurchases(const PurchaseKey& after,
                                                                      int limit) = 0;

  virtual absl::StatusOr<FactCounts> CountFacts() = 0;

  // Sums of all folds ever.
  virtual absl::StatusOr<FoldOutcome> Totals() = 0;

  // What the fold of a record that wanted its outcome did; absent when it is not folded and
  // announced, did not want it, or lies more than 100,000 positions back.
  virtual absl::StatusOr<std::optional<FoldOutcome>> OutcomeOf(LogPosition position) = 0;
};

// Reads and writes in one transaction; rolled back unless committed.
class FoldTransaction : public ClvReadTransaction {
 public:
  // Insert or replace by key. PutPurchase replaces the row of the same customer; when a purchase
  // moves, RemovePurchase comes first, else Commit may be the first to fail (ALREADY_EXISTS).
  virtual absl::Status PutCustomer(const domain::Customer& customer) = 0;
  virtual absl::Status PutImport(const domain::ImportedClv& imported) = 0;
  virtual absl::Status PutPurchase(const domain::Purchase& purchase) = 0;
  virtual absl::Status RemovePurchase(const std::string& customer_id,
                                      const std::string& purchase_id) = 0;
  virtual absl::Status RemoveCustomer(const std::string& customer_id) = 0;
  virtual absl::Status RemoveImport(const std::string& customer_id) = 0;
  virtual absl::Status PutValue(const CustomerValue& value) = 0;
  virtual absl::Status RemoveValue(const std::string& customer_id) = 0;
  virtual absl::Status AddDeadLetter(const DeadLetter& letter) = 0;

  // The way of many purchases, beside the row-wise one above.
  //
  // The number of a text, for PurchaseFact; 0 for "". It may be forgotten with the transaction.
  virtual absl::StatusOr<TextId> InternText(std::string_view text) = 0;
  // Whether some customer's purchases may hold an id; false is certain, and most absent ids get it.
  virtual absl::StatusOr<std::vector<bool>> MayHold(
      absl::Span<const std::string_view> purchase_ids) = 0;
  // Whether some customer's purchases, as they were before the FoldCustomers that is under way,
  // hold an id.
  virtual absl::StatusOr<bool> Holds(std::string_view purchase_id) = 0;
  // Calls `fold` for each of the customers, which are sorted and differ, with what is stored. It
  // replaces `purchases` and `value`, appends what it put to the changes, by purchase_id, and
  // returns whether the value is to be written; ids of its rows may point into the stored ones, or
  // live until the end of the call. No purchase may be put that another customer holds. `fold` may
  // be called on another thread, one call after another, and of the transaction it may call Holds
  // alone.
  using FoldOne = absl::FunctionRef<absl::StatusOr<bool>(size_t index, CustomerInFold& customer,
                                                         std::vector<PurchaseChange>& changes)>;
  virtual absl::Status FoldCustomers(absl::Span<const std::string_view> customer_ids,
                                     FoldOne fold) = 0;
  // Whether a value was ever written whose gross_micros exceeds kLargeGross. While none was, sums
  // within 2^62 can be added to any customer's gross.
  virtual bool has_large_gross() const = 0;

  // Removes dead letters with one of the keys, and every difference that jobs have found: what else
  // may name an erased customer.
  virtual absl::Status RemoveTraces(const std::vector<std::string>& keys) = 0;
  virtual absl::Status AddToTotals(const FoldOutcome& outcome) = 0;
  virtual absl::Status PutOutcome(LogPosition position, const FoldOutcome& outcome) = 0;
  // The same, but OutcomeOf knows it only after the next ClvStore::Scrub.
  virtual absl::Status PutOutcomeAfterScrub(LogPosition position, const FoldOutcome& outcome) = 0;
  // Makes CountFacts true again where the store was damaged.
  virtual absl::Status RecountFacts() = 0;
  // Counts for FactsOf at once.
  virtual absl::Status PutReportingCurrency(const std::string& currency) = 0;

  // Moves the checkpoint from the one this transaction began with to `position`, announces the
  // folds up to `announced`, as ClvStore::Announce does, and commits. ABORTED when another worker
  // moved it meanwhile (nothing was changed). Any other error means that the outcome is unknown:
  // call ClvStore::Reopen, read the checkpoint, go on from there.
  virtual absl::Status Commit(LogPosition position, LogPosition announced) = 0;
  absl::Status Commit(LogPosition position) { return Commit(position, position); }
};

// Opens states of the store for reading. Thread-safe.
class ClvReader {
 public:
  virtual ~ClvReader() = default;

  // Begins a reading transaction on a connection of its own. Keep it short: it holds back the
  // reclaiming of space. UNAVAILABLE while there is no store yet.
  virtual absl::StatusOr<std::unique_ptr<ClvReadTransaction>> Read() = 0;
};

// Answers for what became of records, for those who wait for their fold. Thread-safe.
class FoldOutcomes {
 public:
  virtual ~FoldOutcomes() = default;

  // As ClvReadTransaction::OutcomeOf, in the newest state. Meant to be asked often.
  virtual absl::StatusOr<std::optional<FoldOutcome>> OutcomeOf(LogPosition position) = 0;
};

// The store. Thread-compatible, except that Read() transactions may be used on another thread than
// Begin() ones, and MakeDurable() called on a third.
class ClvStore : public ClvReader {
 public:
  // Begins the only writing transaction.
  virtual absl::StatusOr<std::unique_ptr<FoldTransaction>> Begin() = 0;

  // Tells those who wait for folds up to `position` of them: every answer must contain them from
  // now on. With the last fold all is announced that is committed, whatever has no position
  // included. Nothing is written where it has been.
  virtual absl::Status Announce(LogPosition position) = 0;

  // Reads what the next fold would wait for: half a second at twenty million purchases. An error
  // means nothing; that fold will meet it again.
  virtual void WarmUp() = 0;

  // Makes the folds committed before the call survive power loss, and FoldProgress::DurablePosition
  // say so. Commit alone promises less: that readers see the fold, and that it is there after a
  // crash of the process. May be called on a thread of its own, which folds hardly wait for.
  virtual absl::Status MakeDurable() = 0;
  // Whether so much waits for MakeDurable that folds will soon have to do its work.
  virtual bool MustBeMadeDurableSoon() const = 0;

  // Throws the writing connection away and opens a new one, after an unknown outcome.
  virtual absl::Status Reopen() = 0;

  // Last folded position.
  virtual absl::StatusOr<LogPosition> Checkpoint() = 0;

  // Leaves nothing of removed content in the files: truncates the write-ahead file. UNAVAILABLE
  // while a reader holds it.
  virtual absl::Status Scrub() = 0;

  // Inserts or replaces a job; lists them newest first.
  virtual absl::Status PutJob(const JobRecord& job) = 0;
  virtual absl::StatusOr<std::vector<JobRecord>> ListJobs(uint32_t limit) = 0;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_CLV_STORE_H_
