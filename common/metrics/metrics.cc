#include "common/metrics/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <list>
#include <map>
#include <mutex>
#include <utility>

#include "absl/strings/str_split.h"
#include "common/base/log.h"
#include "common/metrics/catalogue.h"

namespace clv::metrics {
namespace {

std::vector<std::string> LabelNames(const Metric& metric) {
  return absl::StrSplit(metric.labels, ' ', absl::SkipEmpty());
}

prometheus::Labels LabelsOf(const Metric& metric, const LabelValues& values) {
  const std::vector<std::string> names = LabelNames(metric);
  prometheus::Labels labels;
  for (size_t i = 0; i < std::min(names.size(), values.size()); ++i) labels[names[i]] = values[i];
  return labels;
}

prometheus::Histogram::BucketBoundaries BucketsOf(const Metric& metric) {
  if (metric.type == Type::kCountHistogram) {
    return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
  }
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
          0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
}

// Gathers what collectors add, a family for each metric.
class FamilyScrape final : public Scrape {
 public:
  void Add(const Metric& metric, const LabelValues& labels, double value) override {
    prometheus::MetricFamily& family = families_[metric.name];
    prometheus::ClientMetric& series = family.metric.emplace_back();
    for (const auto& [name, label] : LabelsOf(metric, labels))
      series.label.push_back({name, label});
    family.name = metric.name;
    family.help = metric.help;
    if (metric.type == Type::kCounter) {
      family.type = prometheus::MetricType::Counter;
      series.counter.value = value;
    } else {
      family.type = prometheus::MetricType::Gauge;
      series.gauge.value = value;
    }
  }

  std::vector<prometheus::MetricFamily> Take() {
    std::vector<prometheus::MetricFamily> families;
    for (auto& [name, family] : families_) families.push_back(std::move(family));
    return families;
  }

 private:
  std::map<std::string, prometheus::MetricFamily> families_;
};

}  // namespace

class Registry::State final : public prometheus::Collectable {
 public:
  struct Named {
    std::string name;
    Collector collect;
  };
  class Handle;

  std::vector<prometheus::MetricFamily> Collect() const override {
    FamilyScrape scrape;
    {
      std::lock_guard lock(mutex_);
      for (const Named& collector : collectors_) {
        const absl::Status status = collector.collect(scrape);
        if (status.ok()) continue;
        spdlog::warn("metrics of {} are missing: {}", collector.name,
                     std::string(status.message()));
        failures_.Add({{"collector", collector.name}}).Increment();
      }
    }
    std::vector<prometheus::MetricFamily> families = scrape.Take();
    for (prometheus::MetricFamily& family : series.Collect()) {
      if (!family.metric.empty()) families.push_back(std::move(family));
    }
    for (prometheus::MetricFamily& family : families) {
      std::sort(family.metric.begin(), family.metric.end(),
                [](const auto& a, const auto& b) { return a.label < b.label; });
    }
    std::sort(families.begin(), families.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return families;
  }

  std::list<Named>::iterator Insert(Named collector) {
    std::lock_guard lock(mutex_);
    return collectors_.insert(collectors_.end(), std::move(collector));
  }

  void Erase(std::list<Named>::iterator place) {
    std::lock_guard lock(mutex_);
    collectors_.erase(place);
  }

  prometheus::Registry series;

 private:
  prometheus::Family<prometheus::Counter>& failures_ = prometheus::BuildCounter()
                                                           .Name(kProcessFailedCollections.name)
                                                           .Help(kProcessFailedCollections.help)
                                                           .Register(series);
  mutable std::mutex mutex_;  // held while collectors run
  std::list<Named> collectors_;
};

class Registry::State::Handle final : public Collection {
 public:
  Handle(std::shared_ptr<State> state, Named collector)
      : state_(std::move(state)), place_(state_->Insert(std::move(collector))) {}
  ~Handle() override { state_->Erase(place_); }

 private:
  const std::shared_ptr<State> state_;
  const std::list<Named>::iterator place_;
};

void Counter::Add(double amount) const {
  if (series_ != nullptr) series_->Increment(amount);
}

void Histogram::Observe(double value) const {
  if (series_ != nullptr) series_->Observe(value);
}

void Histogram::Observe(std::chrono::steady_clock::duration took) const {
  Observe(std::chrono::duration<double>(took).count());
}

Registry::Registry() : state_(std::make_shared<State>()) {}

Registry::~Registry() = default;

Counter Registry::GetCounter(const Metric& metric, const LabelValues& labels) {
  return Counter(&prometheus::BuildCounter()
                      .Name(metric.name)
                      .Help(metric.help)
                      .Register(state_->series)
                      .Add(LabelsOf(metric, labels)));
}

Histogram Registry::GetHistogram(const Metric& metric, const LabelValues& labels) {
  return Histogram(&prometheus::BuildHistogram()
                        .Name(metric.name)
                        .Help(metric.help)
                        .Register(state_->series)
                        .Add(LabelsOf(metric, labels), BucketsOf(metric)));
}

std::unique_ptr<Collection> Registry::Collect(const std::string& name, Collector collector) {
  return std::make_unique<State::Handle>(state_, State::Named{name, std::move(collector)});
}

std::string Registry::Text() const {
  return prometheus::TextSerializer().Serialize(state_->Collect());
}

std::shared_ptr<prometheus::Collectable> Registry::collectable() const { return state_; }

Counter CounterIn(Registry* registry, const Metric& metric, const LabelValues& labels) {
  return registry == nullptr ? Counter() : registry->GetCounter(metric, labels);
}

Histogram HistogramIn(Registry* registry, const Metric& metric, const LabelValues& labels) {
  return registry == nullptr ? Histogram() : registry->GetHistogram(metric, labels);
}

std::unique_ptr<Collection> CollectInto(Registry* registry, const std::string& name,
                                        Registry::Collector collector) {
  return registry == nullptr ? nullptr : registry->Collect(name, std::move(collector));
}

}  // namespace clv::metrics
