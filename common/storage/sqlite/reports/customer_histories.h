// common/storage/sqlite/reports/customer_histories.h: the model that answers a report, and the
// histories of customers that it scores.
#ifndef CLV_COMMON_STORAGE_SQLITE_REPORTS_CUSTOMER_HISTORIES_H_
#define CLV_COMMON_STORAGE_SQLITE_REPORTS_CUSTOMER_HISTORIES_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/domain/customer_prediction.h"
#include "common/domain/served_model.h"
#include "common/storage/sqlite/reports/snapshot.h"

namespace clv::storage::reports {

// The model that answers, and what is said about it.
absl::StatusOr<domain::ServedModel> ServedModelOf(Snapshot& snapshot, domain::ModelFamily asked);

// One customer of the population, as far as predictions go.
struct CustomerToScore {
  domain::ClvPredictionRow row;  // its columns up to tenure_days
  domain::CustomerHistory history;
  int64_t day = 0;  // of the prediction
};

// Visits the population by customer_id: all (no ids), or those of the ids; those that pass the
// filters, or, with `whole`, whether they pass or not.
using VisitCustomer = absl::FunctionRef<void(CustomerToScore& customer)>;
absl::Status ForEachCustomer(Snapshot& snapshot, const std::vector<std::string>& customer_ids,
                             bool whole, VisitCustomer visit);

}  // namespace clv::storage::reports

#endif  // CLV_COMMON_STORAGE_SQLITE_REPORTS_CUSTOMER_HISTORIES_H_
