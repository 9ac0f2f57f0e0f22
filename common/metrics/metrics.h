// common/metrics/metrics.h: what a process counts and measures, for Prometheus.
//
// Every metric is described once, in catalogue.h. Series that events move (Counter, Histogram) are
// fetched once and kept; numbers that have a source of their own are collected when somebody looks,
// so that nothing is paid for them otherwise. There is no global registry: it comes with the
// options of whoever counts, and a null one means that nothing is counted.
//
// Example:
//   const Counter refused = CounterIn(options.metrics, kIngestFailedAppends);
//   refused.Add();
//   const std::unique_ptr<Collection> positions =
//       CollectInto(options.metrics, "ingest", [log](Scrape& scrape) {
//         scrape.Add(kIngestLogPosition, {}, log->LastPosition());
//         return absl::OkStatus();
//       });
#ifndef CLV_COMMON_METRICS_METRICS_H_
#define CLV_COMMON_METRICS_METRICS_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace prometheus {
class Collectable;
class Counter;
class Histogram;
}  // namespace prometheus

namespace clv::metrics {

enum class Type {
  kCounter,           // only grows while the process lives
  kGauge,             // a present state
  kSecondsHistogram,  // durations, in buckets from 0.1 ms to 10 s
  kCountHistogram,    // sizes, in buckets from 1 to 4096
};

// What a metric is.
struct Metric {
  const char* name;    // `clv_<service>_<noun>_<unit>[_total]`
  const char* labels;  // names of its labels, separated by a space each; empty: none
  Type type;
  const char* help;
};

// Values of a metric's labels, in the order in which it names them. A value must come from a small
// closed set: never a path, a token, or anything of a customer.
using LabelValues = std::vector<std::string>;

// A series that counts. Made by CounterIn; a default one counts nothing. Copies count together.
// Thread-safe.
class Counter {
 public:
  Counter() = default;
  // `amount` >= 0.
  void Add(double amount = 1) const;

 private:
  friend class Registry;
  explicit Counter(prometheus::Counter* series) : series_(series) {}
  prometheus::Counter* series_ = nullptr;
};

// A series that sorts what it observes into buckets. Made by HistogramIn; a default one observes
// nothing. Thread-safe.
class Histogram {
 public:
  Histogram() = default;
  void Observe(double value) const;
  // In seconds.
  void Observe(std::chrono::steady_clock::duration took) const;

 private:
  friend class Registry;
  explicit Histogram(prometheus::Histogram* series) : series_(series) {}
  prometheus::Histogram* series_ = nullptr;
};

// Takes the numbers that a collector finds. Thread-compatible.
class Scrape {
 public:
  virtual ~Scrape() = default;

  // `metric`: a counter or a gauge that nobody else counts.
  virtual void Add(const Metric& metric, const LabelValues& labels, double value) = 0;
};

// Collects until it is destroyed; then no call of the collector runs or will.
class Collection {
 public:
  virtual ~Collection() = default;
};

// All that a process counts. Thread-safe. Must outlive every series and collection made in it.
class Registry {
 public:
  // Adds the numbers of one part of the process to a scrape. When it fails, what it has not added
  // is missing, and clv_process_failed_collections_total counts. Called by one thread at a time.
  using Collector = std::function<absl::Status(Scrape&)>;

  Registry();
  ~Registry();

  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The series with these labels, made when it is first asked for; the same at every call.
  Counter GetCounter(const Metric& metric, const LabelValues& labels);
  Histogram GetHistogram(const Metric& metric, const LabelValues& labels);

  // `name`: of the collector, for the log and the count of failures.
  std::unique_ptr<Collection> Collect(const std::string& name, Collector collector);

  // Everything in Prometheus's text format, by name and labels, as /metrics serves it.
  std::string Text() const;

  // The same for Prometheus's own library.
  std::shared_ptr<prometheus::Collectable> collectable() const;

 private:
  class State;
  const std::shared_ptr<State> state_;
};

// The same where there may be no registry: a series that does nothing, a null collection.
Counter CounterIn(Registry* registry, const Metric& metric, const LabelValues& labels = {});
Histogram HistogramIn(Registry* registry, const Metric& metric, const LabelValues& labels = {});
std::unique_ptr<Collection> CollectInto(Registry* registry, const std::string& name,
                                        Registry::Collector collector);

}  // namespace clv::metrics

#endif  // CLV_COMMON_METRICS_METRICS_H_
