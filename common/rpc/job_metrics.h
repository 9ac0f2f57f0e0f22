// common/rpc/job_metrics.h: the jobs of a service in its metrics.
#ifndef CLV_COMMON_RPC_JOB_METRICS_H_
#define CLV_COMMON_RPC_JOB_METRICS_H_

#include <string>
#include <vector>

#include "clv/v1/job.pb.h"
#include "common/metrics/metrics.h"

namespace clv::rpc {

// The metrics of the jobs of one service, each with the label `kind`.
struct JobMetrics {
  const metrics::Metric& waiting;
  const metrics::Metric& running;
  const metrics::Metric& progress;
};

// Adds how many of `jobs` wait and run, for each of `kinds`, and how far those at work are.
void AddJobMetrics(const JobMetrics& job_metrics, const std::vector<v1::JobKind>& kinds,
                   const std::vector<v1::Job>& jobs, metrics::Scrape& scrape);

// `verify` of JOB_KIND_VERIFY.
std::string JobKindLabel(v1::JobKind kind);

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_JOB_METRICS_H_
