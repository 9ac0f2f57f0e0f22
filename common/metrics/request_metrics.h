// common/metrics/request_metrics.h: counting requests by how they end, and their durations.
#ifndef CLV_COMMON_METRICS_REQUEST_METRICS_H_
#define CLV_COMMON_METRICS_REQUEST_METRICS_H_

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "common/metrics/metrics.h"

namespace clv::metrics {

// Counters that differ in their last label, such as a status. Each appears when it first counts.
// Thread-safe.
class CounterByLabel {
 public:
  // `labels`: all but the last. `registry`: null, or outlives this object.
  CounterByLabel(Registry* registry, const Metric& metric, LabelValues labels);

  void Add(std::string_view last_label);

 private:
  Registry* const registry_;
  const Metric& metric_;
  const LabelValues labels_;
  std::mutex mutex_;
  std::map<std::string, Counter, std::less<>> counters_;  // guarded by mutex_
};

// Requests of one kind (a method, a route, a report): how often they ended how, and how long they
// took. Its series appear with the first request. Thread-safe.
class RequestMetrics {
 public:
  // `requests` has the labels of `durations` and one more: how a request ended.
  struct Kind {
    const Metric& requests;
    const Metric& durations;
  };

  // `labels`: of `durations`.
  RequestMetrics(Registry* registry, const Kind& kind, LabelValues labels);

  void Count(std::string_view ended, std::chrono::steady_clock::duration took);

 private:
  Registry* const registry_;
  const Metric& durations_metric_;
  const LabelValues labels_;
  CounterByLabel requests_;
  std::once_flag first_;
  Histogram durations_;  // since first_
};

}  // namespace clv::metrics

#endif  // CLV_COMMON_METRICS_REQUEST_METRICS_H_
