// common/storage/sqlite/customer_changes.h: which customers the last folds have changed, and what
// they became, for those who keep a copy of all.
#ifndef CLV_COMMON_STORAGE_SQLITE_CUSTOMER_CHANGES_H_
#define CLV_COMMON_STORAGE_SQLITE_CUSTOMER_CHANGES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/storage/coming_changes.h"
#include "common/storage/orders_change.h"
#include "common/storage/projected_customer.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {

// How much is told of changes.
struct ChangeLimits {
  // Customers of one transaction; of more none is named.
  size_t most_named = 131'072;
  // Bytes of facts of one transaction, but no more than are kept of all; beyond, customers are
  // named only.
  size_t most_fact_bytes = size_t{16} << 20;
  // Transactions that are kept, and their bytes: a 32nd of the database, between the two. Facts go
  // first.
  size_t most_rows = 1'024;
  size_t least_bytes = size_t{256} << 10;
  size_t most_bytes = size_t{32} << 20;
};

// The table `customer_changes`: a row for each transaction that changed values, numbered 1, 2, 3,
// ... in the order of commits. It names the customers; when there are too many to name, it says so.
// `customer_change_facts` holds what customers became, where who changed them had that at hand.
// Only the newest rows are kept. Thread-compatible.
class CustomerChanges {
 public:
  // The connection must outlive the changes, and so must `coming`, which is told of folds that are
  // under way; null: nobody is.
  static absl::StatusOr<std::unique_ptr<CustomerChanges>> Prepare(Database& db,
                                                                  const ChangeLimits& limits,
                                                                  ComingChanges* coming = nullptr);

  // A writing transaction begins; what an earlier one noted and did not flush is forgotten.
  absl::Status Begin();
  // From now on what is noted is told before the commit, as long as each customer comes once and
  // with facts. Nothing may be noted yet.
  void TellComing(const std::string& reporting_currency);

  // The value of a customer is written or removed.
  void Note(std::string_view customer_id) { Note(customer_id, {}); }
  // It is written, and this is the customer now, or what the transaction has changed of it so far
  // (projected_customer_codec.h); empty: not told.
  void Note(std::string_view customer_id, std::string packed_facts);
  // A row of `customers` is written or removed: `checkpoint` keeps the number of the last change
  // that did so.
  void NoteDescription() {
    has_changed_ = true;
    has_described_ = true;
  }
  // Whether there is room for the facts of one more.
  bool WantsFacts() const {
    return !are_too_many_ && fact_bytes_ < std::min(limits_.most_fact_bytes, most_bytes_);
  }

  // A customer is erased: no row may name one any more, the present one included.
  void ForgetNames() {
    EndTelling(false);
    names_are_forgotten_ = true;
    NoteDescription();
  }

  // Writes the rows. Before the commit.
  absl::Status Flush();
  // The commit is next, and moves the checkpoint and the latest date to these.
  void Complete(LogPosition position, std::optional<int64_t> horizon_seconds);
  // The commit has succeeded.
  void Committed();
  // There will be none, or no more of it is told before.
  void Abandon() { EndTelling(false); }

 private:
  struct KeptRow {
    int64_t change_id = 0;
    size_t name_bytes = 0;
    size_t fact_bytes = 0;
  };

  // A customer, with its packed facts.
  struct Change {
    std::string customer_id;
    std::string facts;
  };

  CustomerChanges() = default;
  void Forget();
  void TellWaiting();
  void EndTelling(bool is_committed);
  // Leaves one change of each customer, by id; and none where they are too many.
  void Unify();
  absl::Status ReadKept();
  absl::Status Insert();
  absl::Status Trim();

  ChangeLimits limits_;
  Statement insert_, insert_facts_, trim_, trim_facts_, remove_all_, remove_all_facts_;
  Statement described_;
  Statement kept_, database_bytes_;
  std::vector<Change> customers_;  // as they were noted, some several times
  bool are_by_id_ = true;          // each once, by id: as folds note them
  size_t fact_bytes_ = 0;          // of customers_
  size_t most_bytes_ = 0;          // that are kept, as of Begin
  bool has_changed_ = false;
  bool has_described_ = false;
  bool are_too_many_ = false;
  bool names_are_forgotten_ = false;

  ComingChanges* coming_ = nullptr;
  bool is_telling_ = false;
  std::vector<std::string> untold_;  // facts that were noted since something was told

  std::deque<KeptRow> rows_;  // that the tables hold
  bool kept_are_known_ = false;
};

// Reads the tables. Thread-compatible.
class CustomerChangesReader {
 public:
  static absl::StatusOr<std::unique_ptr<CustomerChangesReader>> Prepare(Database& db);

  // Number of the last change; 0 when there was none.
  absl::StatusOr<uint64_t> LastChange();

  // The customers that changes after number `change` name, each once; absent when some are not
  // named, or rows are not kept that far back.
  absl::StatusOr<std::optional<std::vector<std::string>>> ChangedAfter(uint64_t change);

  // Whether changes after number `change` name one of the customers, or may do so: rows name fewer
  // than they have changed, or are not kept that far back.
  absl::StatusOr<bool> HasChangedAfter(uint64_t change,
                                       absl::Span<const std::string_view> customer_ids);

  // Likewise, whether their rows of `customers` may be others since.
  absl::StatusOr<bool> MayBeDescribedAnewAfter(uint64_t change,
                                               absl::Span<const std::string_view> customer_ids);

  // The last change after which rows of `customers` may be others.
  absl::StatusOr<uint64_t> LastDescription();

  // As ChangedAfter, each with one call: of `visit` where it is told what the customer is now, of
  // `visit_change` where it is told what has changed since, else of `visit_name`. False, and no
  // call, where absent is said above.
  using Visit = absl::FunctionRef<absl::Status(ProjectedCustomer& customer)>;
  using VisitChange = absl::FunctionRef<absl::Status(OrdersChange& change)>;
  using VisitName = absl::FunctionRef<absl::Status(std::string_view customer_id)>;
  absl::StatusOr<bool> VisitAfter(uint64_t change, Visit visit, VisitChange visit_change,
                                  VisitName visit_name);

  // Bytes that these changes name their customers in, four to ten each; absent as above.
  absl::StatusOr<std::optional<uint64_t>> NameBytesAfter(uint64_t change);

 private:
  CustomerChangesReader() = default;
  // `last`: of LastChange.
  absl::StatusOr<bool> AreAllNamed(uint64_t change, uint64_t last);
  // Calls `see(customer_id, packed_facts)` for each customer that rows after `change` name, the
  // oldest row first; no facts: not told.
  template <typename See>
  absl::Status SeeAfter(uint64_t change, const See& see);
  Statement last_, named_, name_bytes_, after_, described_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_CUSTOMER_CHANGES_H_
