// services/aggregation/row_removal.h: removing facts as a command of the log says.
#ifndef CLV_SERVICES_AGGREGATION_ROW_REMOVAL_H_
#define CLV_SERVICES_AGGREGATION_ROW_REMOVAL_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/storage/clv_store.h"
#include "common/wire/log_codec.h"

namespace clv::aggregation {

// Removes the facts that meet the deletion's condition (all without one) and recomputes their
// customers, in slices of constant memory within the transaction. `position`: of the command. The
// number of facts removed.
absl::StatusOr<uint64_t> RemoveRows(const wire::RowDeletion& deletion,
                                    storage::LogPosition position,
                                    storage::FoldTransaction& transaction);

// Removes everything that the store holds of a customer. The number of facts removed.
absl::StatusOr<uint64_t> RemoveCustomer(const std::string& customer_id,
                                        storage::FoldTransaction& transaction);

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_ROW_REMOVAL_H_
