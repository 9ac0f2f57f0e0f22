#include "services/ingest/quarantine_slices.h"

#include "common/base/status_macros.h"

namespace clv::ingest {

absl::Status VisitQuarantine(
    storage::QuarantineReader& quarantine, storage::DataSource data_source, uint64_t last_id,
    const std::function<absl::Status(const std::vector<storage::QuarantinedRow>&)>& visit) {
  uint64_t after = 0;
  while (after < last_id) {
    CLV_ASSIGN_OR_RETURN(std::vector<storage::QuarantinedRow> rows,
                         quarantine.ListAfter(data_source, after, kQuarantineSliceRows));
    while (!rows.empty() && rows.back().id > last_id) rows.pop_back();
    if (rows.empty()) return absl::OkStatus();
    after = rows.back().id;
    CLV_RETURN_IF_ERROR(visit(rows));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> NewestQuarantinedId(storage::QuarantineReader& quarantine,
                                             storage::DataSource data_source) {
  CLV_ASSIGN_OR_RETURN(const auto newest, quarantine.List(data_source, 1, 0));
  return newest.empty() ? 0 : newest.front().id;
}

}  // namespace clv::ingest
