// services/aggregation/fold.h: merging log records into facts and recomputing the customers they
// touch.
#ifndef CLV_SERVICES_AGGREGATION_FOLD_H_
#define CLV_SERVICES_AGGREGATION_FOLD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/storage/clv_store.h"

namespace clv::aggregation {

// The rows of one log record, decoded.
struct LoggedRows {
  storage::LogPosition position = 0;
  int64_t received_at_seconds = 0;
  std::vector<domain::Customer> customers;
  std::vector<domain::Purchase> purchases;
  std::vector<domain::ImportedClv> customer_clvs;
  // Why the record could not be decoded; empty when it could. Such a record becomes one dead
  // letter.
  std::string undecodable;

  size_t size() const { return customers.size() + purchases.size() + customer_clvs.size(); }
};

// Decodes a record of the log; never fails (see `undecodable`).
LoggedRows DecodeRecord(const storage::LoggedRecord& record);

// What a fold did.
struct FoldCounts {
  uint64_t rows = 0;
  uint64_t winners = 0;    // rows that became a winner at their turn
  uint64_t customers = 0;  // customers recomputed
  uint64_t dead_letters = 0;
};

// Merges the records, one version at a time in log order, into the facts of `transaction`,
// recomputes every customer touched, and writes all of it; the caller commits. `records` must
// follow the transaction's checkpoint without a gap. A purchase without currency gets
// `reporting_currency`. A row that would take the sum of a customer's absolute amounts beyond int64
// micros, or the count of orders beyond 10^15, is refused to the dead letters and counts for
// nothing.
absl::StatusOr<FoldCounts> Fold(absl::Span<const LoggedRows> records,
                                const std::string& reporting_currency,
                                storage::FoldTransaction& transaction);

// The value row of a customer as it follows from the facts; `updated_at` and `folded_position` are
// the caller's.
storage::CustomerValue ValueOf(const std::string& customer_id, const storage::CustomerFacts& facts);

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_FOLD_H_
