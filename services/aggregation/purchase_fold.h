// services/aggregation/purchase_fold.h: merging many purchases into the facts, customer by
// customer.
//
// Internal to the fold. The way of nearly all rows: each customer's page is read, merged,
// summarised and written once. What needs the order of the whole log goes row by row instead
// (batch_fold.h): purchases that name several customers in turn, versions of erased customers, and
// everything while a customer's sums may come near the end of int64.
#ifndef CLV_SERVICES_AGGREGATION_PURCHASE_FOLD_H_
#define CLV_SERVICES_AGGREGATION_PURCHASE_FOLD_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/storage/clv_store.h"
#include "common/storage/fact_orders.h"
#include "services/aggregation/fold.h"

namespace clv::aggregation {

// A purchase row of a run of records.
struct PurchasePlace {
  uint32_t record = 0;  // of the run
  uint32_t row = 0;     // of its purchases

  auto operator<=>(const PurchasePlace&) const = default;
};

// One fold of purchases in the making.
class PurchaseFold {
 public:
  PurchaseFold(const std::string& reporting_currency, storage::FoldTransaction& transaction)
      : reporting_currency_(reporting_currency), transaction_(transaction) {}

  // Merges the records' purchases, versions of one key in their order, and recomputes every
  // customer touched, with `position` as the fold that wrote the rows. Counts what became of the
  // rows in `outcomes`, one for each record. Result: the rows, in log order, that it left to the
  // other way; no key is among them in part.
  absl::StatusOr<std::vector<PurchasePlace>> Run(absl::Span<const LoggedRows> records,
                                                 storage::LogPosition position,
                                                 absl::Span<storage::FoldOutcome> outcomes);

  uint64_t winners() const { return winners_; }
  uint64_t customers() const { return customers_; }

 private:
  // The rows of one customer: a range of by_customer_.
  struct Group {
    std::string_view customer_id;
    uint64_t id_prefix = 0;  // compares like the id, as far as it goes
    uint32_t begin = 0;
    uint32_t end = 0;

    // In the order of the ids.
    bool operator<(const Group& other) const {
      return id_prefix != other.id_prefix ? id_prefix < other.id_prefix
                                          : customer_id < other.customer_id;
    }
  };
  // A row that wants to be a winner.
  struct Version {
    storage::PurchaseFact fact;
    uint32_t index = 0;  // into places_
  };

  absl::Status Gather(absl::Span<const LoggedRows> records);
  void LeaveSharedKeys(absl::Span<const uint64_t> key_hashes);
  // From by_customer_, which has all rows.
  void GroupByCustomer(absl::Span<const uint64_t> customer_hashes);
  template <typename HashOf>
  std::vector<Group> GroupsOf(uint32_t begin, uint32_t end, const HashOf& hash_of) const;
  wire::PurchaseBatch::Row RowAt(uint32_t index) const {
    return records_[places_[index].record].purchases.RowAt(places_[index].row);
  }
  storage::PurchaseFact FactOf(const wire::PurchaseBatch::Row& row, uint32_t record) const;
  // The group's rows by key, those of one key in log order, into versions_.
  void ReadVersions(const Group& group);
  // Rows of a group lie anywhere in memory, so those of the groups that follow are fetched ahead.
  void PrefetchAfter(size_t group) const;
  absl::StatusOr<bool> FoldGroup(const Group& group, storage::LogPosition position,
                                 storage::CustomerInFold& customer,
                                 std::vector<storage::PurchaseChange>& changes);
  absl::StatusOr<bool> MergeKey(absl::Span<const Version> versions,
                                const storage::PurchaseFact* stored,
                                std::vector<storage::PurchaseChange>& changes);
  domain::CustomerSummary Summarize(storage::CustomerInFold& customer);
  void Recompute(int64_t received_at_seconds, storage::LogPosition position,
                 storage::CustomerInFold& customer);

  const std::string& reporting_currency_;
  storage::FoldTransaction& transaction_;
  absl::Span<const LoggedRows> records_;
  absl::Span<storage::FoldOutcome> outcomes_;
  storage::TextId reporting_text_ = 0;
  // Of each record, the numbers of its batch's texts.
  std::vector<std::vector<storage::TextId>> texts_;
  // Of all rows, in log order; few bytes each, for they may be millions.
  std::vector<PurchasePlace> places_;
  std::vector<bool> may_be_stored_;
  std::vector<bool> is_left_;
  absl::int128 absolute_micros_ = 0;
  std::vector<uint32_t> by_customer_;  // into places_: by customer, log order
  std::vector<Group> groups_;          // by customer_id
  // Of FoldGroup, kept for their memory.
  std::vector<Version> versions_;
  int64_t received_at_seconds_ = 0;  // greatest of the group's winners
  std::vector<storage::PurchaseFact> merged_;
  uint64_t winners_ = 0;
  uint64_t customers_ = 0;
};

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_PURCHASE_FOLD_H_
