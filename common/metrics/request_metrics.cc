#include "common/metrics/request_metrics.h"

#include <utility>

namespace clv::metrics {

CounterByLabel::CounterByLabel(Registry* registry, const Metric& metric, LabelValues labels)
    : registry_(registry), metric_(metric), labels_(std::move(labels)) {}

void CounterByLabel::Add(std::string_view last_label) {
  if (registry_ == nullptr) return;
  std::lock_guard lock(mutex_);
  auto found = counters_.find(last_label);
  if (found == counters_.end()) {
    LabelValues labels = labels_;
    labels.emplace_back(last_label);
    found = counters_.emplace(last_label, registry_->GetCounter(metric_, labels)).first;
  }
  found->second.Add();
}

RequestMetrics::RequestMetrics(Registry* registry, const Kind& kind, LabelValues labels)
    : registry_(registry),
      durations_metric_(kind.durations),
      labels_(std::move(labels)),
      requests_(registry, kind.requests, labels_) {}

void RequestMetrics::Count(std::string_view ended, std::chrono::steady_clock::duration took) {
  std::call_once(first_,
                 [this] { durations_ = HistogramIn(registry_, durations_metric_, labels_); });
  requests_.Add(ended);
  durations_.Observe(took);
}

}  // namespace clv::metrics
