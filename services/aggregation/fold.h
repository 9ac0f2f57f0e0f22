// services/aggregation/fold.h: merging log records into facts, carrying out the log's commands, and
// recomputing the customers that they touch.
#ifndef CLV_SERVICES_AGGREGATION_FOLD_H_
#define CLV_SERVICES_AGGREGATION_FOLD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/storage/clv_store.h"
#include "common/wire/log_codec.h"

namespace clv::aggregation {

// The rows of one log record, decoded.
struct LoggedRows {
  storage::LogPosition position = 0;
  int64_t received_at_seconds = 0;
  std::vector<domain::Customer> customers;
  wire::PurchaseBatch purchases;
  std::vector<domain::ImportedClv> customer_clvs;
  std::string load_id;         // not empty: staged, see wire::LoadCommit
  bool wants_outcome = false;  // the store keeps what became of the rows
  wire::LogCommand command;
  // Why the record could not be decoded; empty when it could. Such a record becomes one dead
  // letter.
  std::string undecodable;

  size_t size() const { return customers.size() + purchases.size() + customer_clvs.size(); }
  bool IsCommand() const { return !std::holds_alternative<std::monostate>(command); }
};

// Decodes a record of the log; never fails (see `undecodable`).
LoggedRows DecodeRecord(storage::LoggedRecord record);

// What a fold did.
struct FoldCounts {
  storage::FoldOutcome outcome;
  uint64_t winners = 0;    // rows that became a winner at their turn
  uint64_t customers = 0;  // customers recomputed, each as often as it was
  uint64_t erasures = 0;   // customers removed: ClvStore::Scrub is due
};

// What a fold needs besides the records.
struct FoldOptions {
  // Given to a purchase without currency.
  std::string reporting_currency;
  // Reads the log after a position, as EventReader::ReadAfter: where a load ends, its staged
  // records are read again.
  std::function<absl::StatusOr<std::vector<storage::LoggedRecord>>(storage::LogPosition)> read_log;
  // As EventReader::OpenErasures: rows that were staged before such an erasure count for nothing.
  std::function<absl::StatusOr<std::vector<storage::LogPosition>>()> open_erasures;
  // Rows that are merged one by one at a time, as far as records allow: about 1 KB each.
  size_t rows_one_by_one = 500'000;
};

// Merges the records, one version at a time in log order, into the facts of `transaction`, carries
// out commands at their place, recomputes every customer touched, and writes all of it; the caller
// commits. `records` must follow the transaction's checkpoint without a gap. A row that would take
// the sum of a customer's absolute amounts beyond int64 micros, or the count of orders beyond
// 10^15, is refused to the dead letters and counts for nothing.
absl::StatusOr<FoldCounts> Fold(absl::Span<const LoggedRows> records, const FoldOptions& options,
                                storage::FoldTransaction& transaction);

// The value row of a customer as it follows from the facts; `updated_at` and `folded_position` are
// the caller's.
storage::CustomerValue ValueOf(const std::string& customer_id, const storage::CustomerFacts& facts);

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_FOLD_H_
