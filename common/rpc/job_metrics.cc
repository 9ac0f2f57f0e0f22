#include "common/rpc/job_metrics.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace clv::rpc {

std::string JobKindLabel(v1::JobKind kind) {
  return absl::AsciiStrToLower(absl::StripPrefix(v1::JobKind_Name(kind), "JOB_KIND_"));
}

void AddJobMetrics(const JobMetrics& job_metrics, const std::vector<v1::JobKind>& kinds,
                   const std::vector<v1::Job>& jobs, metrics::Scrape& scrape) {
  for (const v1::JobKind kind : kinds) {
    uint64_t waiting = 0;
    uint64_t running = 0;
    std::optional<double> least;
    for (const v1::Job& job : jobs) {
      if (job.kind() != kind) continue;
      if (job.state() == v1::JOB_STATE_WAITING) ++waiting;
      if (job.state() != v1::JOB_STATE_WORKING) continue;
      ++running;
      least = std::min(least.value_or(1), job.progress());
    }
    const std::string label = JobKindLabel(kind);
    scrape.Add(job_metrics.waiting, {label}, static_cast<double>(waiting));
    scrape.Add(job_metrics.running, {label}, static_cast<double>(running));
    if (least) scrape.Add(job_metrics.progress, {label}, *least);
  }
}

}  // namespace clv::rpc
