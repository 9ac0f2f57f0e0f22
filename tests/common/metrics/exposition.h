// tests/common/metrics/exposition.h: reads what /metrics serves.
#ifndef CLV_TESTS_COMMON_METRICS_EXPOSITION_H_
#define CLV_TESTS_COMMON_METRICS_EXPOSITION_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace clv::metrics {

// A text in Prometheus's format, read.
struct Exposition {
  // By name and labels as they stand there: `clv_x_total{code="OK",method="A"}`; labels are sorted.
  std::map<std::string, double> values;
  // By name: `counter`, `gauge`, `histogram`, `summary`.
  std::map<std::string, std::string> types;
  // Names in the order of their TYPE lines.
  std::vector<std::string> names;

  // The value of a series; a missing one fails the test and reads as -1.
  double At(const std::string& series) const;
  bool Has(const std::string& series) const { return values.contains(series); }

  // The sum over all series of a metric whose text contains `part`.
  double Sum(const std::string& name, std::string_view part = "") const;
};

// A line that is neither comment nor sample fails the test, and so does a series that comes twice.
Exposition ReadExposition(const std::string& text);

// GET over a connection of its own: the whole answer, head included; empty when nobody listens.
std::string HttpGet(const std::string& address, const std::string& path);

// Reads /metrics at `address` (host:port); anything but 200 fails the test.
Exposition ScrapeOverHttp(const std::string& address);

}  // namespace clv::metrics

#endif  // CLV_TESTS_COMMON_METRICS_EXPOSITION_H_
