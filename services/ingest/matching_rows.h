// services/ingest/matching_rows.h: how many rows a condition would remove now.
#ifndef CLV_SERVICES_INGEST_MATCHING_ROWS_H_
#define CLV_SERVICES_INGEST_MATCHING_ROWS_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/domain/row_condition.h"
#include "common/storage/clv_store.h"

namespace clv::ingest {

// Counts the facts of a data source that meet the condition. Looks at the customers that the
// condition names only, or else at all facts, a slice at a time; after each slice it asks
// `may_go_on` and returns its error, if it has one.
absl::StatusOr<uint64_t> CountMatchingRows(storage::ClvReadTransaction& state,
                                           domain::DataSource data_source,
                                           const domain::RowCondition& condition,
                                           const std::function<absl::Status()>& may_go_on);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_MATCHING_ROWS_H_
