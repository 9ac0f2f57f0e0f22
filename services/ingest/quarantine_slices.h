// services/ingest/quarantine_slices.h: walking over a quarantine in constant memory.
#ifndef CLV_SERVICES_INGEST_QUARANTINE_SLICES_H_
#define CLV_SERVICES_INGEST_QUARANTINE_SLICES_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/storage.h"

namespace clv::ingest {

// Most rows of a slice: each may hold some 200 KB of text.
inline constexpr uint64_t kQuarantineSliceRows = 200;

// Shows all rows of a data source with an id up to `last_id` to `visit`, oldest first, a slice at a
// time; ends with the first error that it returns. Rows may come and go meanwhile.
absl::Status VisitQuarantine(
    storage::QuarantineReader& quarantine, storage::DataSource data_source, uint64_t last_id,
    const std::function<absl::Status(const std::vector<storage::QuarantinedRow>&)>& visit);

// The id of the newest row; 0 when there is none.
absl::StatusOr<uint64_t> NewestQuarantinedId(storage::QuarantineReader& quarantine,
                                             storage::DataSource data_source);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_QUARANTINE_SLICES_H_
