// services/aggregation/row_gathering.h: which rows of the log a fold takes.
#ifndef CLV_SERVICES_AGGREGATION_ROW_GATHERING_H_
#define CLV_SERVICES_AGGREGATION_ROW_GATHERING_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/storage.h"
#include "services/aggregation/fold.h"

namespace clv::aggregation {

// While rows come faster than folds take them, a fold that begins at once only makes its customers
// be read and written twice, for the next one has nearly the same: it waits for the end of the
// burst.
struct GatheringOptions {
  uint64_t max_rows = 2'750'000;
  size_t max_bytes = size_t{256} << 20;  // of their payloads, about
  // So many rows within a step are a burst: 200,000 a second.
  uint64_t burst_rows = 8'000;
  std::chrono::milliseconds step{40};
  // In which those have come that are there: the time since others were gathered.
  std::chrono::nanoseconds first_step{0};
  int most_steps = 25;
  // Lets a step pass; false: the rows so far are all. Must be set.
  std::function<bool(std::chrono::milliseconds step)> wait;
  // So many records since the last gathering, within `trickle_time`, are a trickle of small ones. A
  // fold costs as much as some twenty of them: so it lets more come.
  size_t trickle_records = 16;
  std::chrono::milliseconds trickle_time{100};
  // Lets a short time pass, or none where somebody waits for a fold; may be empty.
  std::function<void()> linger = {};
};

// The records behind `after`, decoded: what is there and what comes in a burst or while a trickle
// is lingered over, within the bounds.
// At least one if there is one. Errors of EventReader::ReadAfter.
absl::StatusOr<std::vector<LoggedRows>> GatherRows(storage::EventReader& log,
                                                   storage::LogPosition after,
                                                   const GatheringOptions& options);

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_ROW_GATHERING_H_
