#include "services/aggregation/row_gathering.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"

namespace clv::aggregation {

absl::StatusOr<std::vector<LoggedRows>> GatherRows(storage::EventReader& log,
                                                   storage::LogPosition after,
                                                   const GatheringOptions& options) {
  std::vector<LoggedRows> gathered;
  uint64_t rows = 0;
  size_t bytes = 0;
  bool lingers = false;
  for (int step = 0;; ++step) {
    CLV_ASSIGN_OR_RETURN(std::vector<storage::LoggedRecord> records,
                         log.ReadAfter(after, options.max_rows - rows));
    uint64_t rows_of_step = 0;
    for (const storage::LoggedRecord& record : records) rows_of_step += record.row_count;
    // A record of more rows than are left comes alone.
    if (!gathered.empty() && rows + rows_of_step > options.max_rows) return gathered;
    for (storage::LoggedRecord& record : records) {
      after = record.position;
      bytes += record.payload.size();
      // Each payload goes when its rows have come.
      gathered.push_back(DecodeRecord(std::move(record)));
    }
    rows += rows_of_step;
    const double steps =
        step == 0 ? std::max(1.0, options.first_step / std::chrono::duration<double>(options.step))
                  : 1.0;
    const bool is_burst =
        static_cast<double>(rows_of_step) >= steps * static_cast<double>(options.burst_rows);
    if (lingers || rows >= options.max_rows || bytes >= options.max_bytes) return gathered;
    lingers = step == 0 && !is_burst && records.size() >= options.trickle_records &&
              options.first_step < options.trickle_time && options.linger;
    if (lingers) {
      options.linger();
    } else if (!is_burst || step == options.most_steps || !options.wait(options.step)) {
      return gathered;
    }
  }
}

}  // namespace clv::aggregation
