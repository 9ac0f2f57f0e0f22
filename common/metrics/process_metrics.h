// common/metrics/process_metrics.h: what the system knows of this process.
#ifndef CLV_COMMON_METRICS_PROCESS_METRICS_H_
#define CLV_COMMON_METRICS_PROCESS_METRICS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/metrics/metrics.h"

namespace clv::metrics {

// The state of this process.
struct ProcessState {
  double start_time_seconds = 0;  // since 1970-01-01 UTC
  double cpu_seconds = 0;         // used, in user and system mode
  uint64_t resident_bytes = 0;
};

// Reads it from /proc. INTERNAL when that is not as Linux has it.
absl::StatusOr<ProcessState> ReadProcessState();

// Collects it, and which version of `program` runs.
std::unique_ptr<Collection> CollectProcessMetrics(Registry* registry, const std::string& program);

}  // namespace clv::metrics

#endif  // CLV_COMMON_METRICS_PROCESS_METRICS_H_
