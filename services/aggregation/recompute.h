// services/aggregation/recompute.h: checking and rebuilding what the fold keeps.
#ifndef CLV_SERVICES_AGGREGATION_RECOMPUTE_H_
#define CLV_SERVICES_AGGREGATION_RECOMPUTE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/clv_store.h"
#include "common/storage/storage.h"

namespace clv::aggregation {

// A value that is stored otherwise than a recomputation gives it. Names, e-mails and other texts
// are not shown: they read `(text)`.
struct ValueDifference {
  std::string subject;  // table and key, `customer_clv c123`
  std::string column;
  std::string stored;
  std::string recomputed;
};

// What a check or a rebuild has done so far.
struct RecomputeProgress {
  uint64_t customers_done = 0;
  uint64_t customers_total = 0;
  uint64_t values_checked = 0;  // values compared, or rows written
  uint64_t difference_count = 0;
  std::vector<ValueDifference> differences;  // the first 20
  storage::LogPosition folded_position = 0;
};

// Called now and then with the progress; false stops the work (CANCELLED).
using ReportProgress = std::function<bool(const RecomputeProgress&)>;

// Compares every row of `customer_clv` in one consistent state with what follows from the facts.
absl::StatusOr<RecomputeProgress> VerifyFromFacts(storage::ClvStore& store,
                                                  const ReportProgress& report);

// Folds the log from its beginning up to the state's checkpoint into `scratch` (empty), and
// compares all facts, values and receipt times with it. FAILED_PRECONDITION when the log does not
// reach back to position 1.
absl::StatusOr<RecomputeProgress> VerifyFromLog(storage::ClvStore& store, storage::EventReader& log,
                                                storage::ClvStore& scratch,
                                                const std::string& reporting_currency,
                                                const ReportProgress& report);

// Writes every customer's row again from the facts, in transactions of a few hundred customers
// between which folds go on.
absl::StatusOr<RecomputeProgress> Rebuild(storage::ClvStore& store, const ReportProgress& report);

// Makes `currency` the reporting currency: nothing when it is, else every customer's row is written
// again in the same transaction, so that readers and crashes see the old or the new numbers.
absl::Status AdoptReportingCurrency(storage::ClvStore& store, const std::string& currency);

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_RECOMPUTE_H_
