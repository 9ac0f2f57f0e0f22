// services/aggregation/batch_fold.h: merging a run of rows into the facts, one by one.
//
// Internal to the fold. The way of all customers and imported records, and of the purchases that
// purchase_fold.h leaves.
#ifndef CLV_SERVICES_AGGREGATION_BATCH_FOLD_H_
#define CLV_SERVICES_AGGREGATION_BATCH_FOLD_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/storage/clv_store.h"
#include "services/aggregation/fold.h"
#include "services/aggregation/purchase_fold.h"

namespace clv::aggregation {

// The present and the next winner of one key.
template <typename Row>
struct Contest {
  std::optional<Row> stored;
  std::optional<Row> winner;

  bool changed() const { return winner != stored; }
};

template <typename Row>
using Contests = storage::ByKey<Contest<Row>>;

// One fold of rows in the making. Everything it reads is read before anything is written.
class BatchFold {
 public:
  BatchFold(const std::string& reporting_currency, storage::FoldTransaction& transaction)
      : reporting_currency_(reporting_currency), transaction_(transaction) {}

  // Merges the records' rows, of the purchases only those at `places`, one version at a time in
  // their order, writes the winners and recomputes every customer touched, with `position` as the
  // fold that wrote the rows. Counts what became of the rows in `outcomes`, one for each record.
  absl::Status Run(absl::Span<const LoggedRows> records, absl::Span<const PurchasePlace> places,
                   storage::LogPosition position, absl::Span<storage::FoldOutcome> outcomes);

  uint64_t winners() const { return winners_; }
  uint64_t customers() const { return touched_.size(); }

 private:
  absl::Status ReadWinners(absl::Span<const LoggedRows> records,
                           absl::Span<const PurchasePlace> places);
  absl::Status Merge(absl::Span<const LoggedRows> records, absl::Span<const PurchasePlace> places);
  absl::Status MergeRecord(const LoggedRows& record, absl::Span<const PurchasePlace> places);
  void MergeCustomer(const LoggedRows& record, const domain::Customer& row);
  absl::Status MergePurchase(const LoggedRows& record, uint32_t index, domain::Purchase row);
  void EndErasedVersion(const LoggedRows& record, const domain::Purchase& row);
  absl::Status MergeImport(const LoggedRows& record, uint32_t index,
                           const domain::ImportedClv& row);
  absl::Status WriteFacts();
  absl::Status WritePurchases();

  // Whether the row becomes the winner; counts it as a duplicate or as superseded when not.
  template <typename Row>
  bool Wins(const std::optional<Row>& winner, const Row& row);
  absl::Status Refuse(const LoggedRows& record, uint32_t index, storage::DataSource data_source,
                      const std::string& key, std::string reason);
  // Whether the customer's gross stays within int64 when `added` joins and `removed` leaves.
  bool Fits(const std::string& customer_id, int64_t added, int64_t removed) const;
  void Touch(const std::string& customer_id, const LoggedRows& record);

  const std::string& reporting_currency_;
  storage::FoldTransaction& transaction_;
  Contests<domain::Customer> customers_;
  Contests<domain::Purchase> purchases_;
  Contests<domain::ImportedClv> imports_;
  storage::ByKey<storage::CustomerValue> values_;  // as stored
  storage::ByKey<int64_t> touched_;                // greatest receipt time
  storage::ByKey<int64_t> gross_;  // of the winners so far, for every customer that the batch names
  storage::FoldOutcome* outcome_ = nullptr;  // of the record that is being merged
  uint64_t winners_ = 0;
};

// Recomputes customers from their facts and writes their rows of `customer_clv`. `touched`: for
// each the greatest receipt time among the rows that became winners; 0 where rows only went.
// `values`: the rows as they are stored, as far as known.
absl::Status RecomputeCustomers(const storage::ByKey<int64_t>& touched,
                                const storage::ByKey<storage::CustomerValue>& values,
                                storage::LogPosition position,
                                storage::FoldTransaction& transaction);

// In byte order, which is that of the B-trees.
template <typename Row>
std::vector<std::string> SortedKeys(const storage::ByKey<Row>& rows) {
  std::vector<std::string> keys;
  keys.reserve(rows.size());
  for (const auto& [key, row] : rows) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_BATCH_FOLD_H_
