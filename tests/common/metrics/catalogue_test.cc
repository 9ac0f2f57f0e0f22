// The names of the metrics follow one pattern, so that nobody has to look them up twice.

#include "common/metrics/catalogue.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

namespace clv::metrics {
namespace {

TEST(CatalogueTest, NamesAreOfOnePattern) {
  const std::regex pattern("clv_(rpc|ingest|aggregation|query|gateway|process)(_[a-z0-9]+)+");
  std::set<std::string> names;
  for (const Metric* metric : kAllMetrics) {
    EXPECT_TRUE(std::regex_match(metric->name, pattern)) << metric->name;
    EXPECT_TRUE(names.insert(metric->name).second) << metric->name << " is there twice";
  }
}

TEST(CatalogueTest, CountersAndOnlyTheyEndInTotal) {
  for (const Metric* metric : kAllMetrics) {
    EXPECT_EQ(std::string(metric->name).ends_with("_total"), metric->type == Type::kCounter)
        << metric->name;
  }
}

TEST(CatalogueTest, DurationsSayThatTheyAreSeconds) {
  for (const Metric* metric : kAllMetrics) {
    EXPECT_EQ(std::string(metric->name).ends_with("_duration_seconds"),
              metric->type == Type::kSecondsHistogram)
        << metric->name;
  }
}

TEST(CatalogueTest, LabelsAreWordsAndEveryMetricSaysWhatItMeans) {
  const std::regex labels("([a-z_]+( [a-z_]+)*)?");
  for (const Metric* metric : kAllMetrics) {
    EXPECT_TRUE(std::regex_match(metric->labels, labels)) << metric->name;
    EXPECT_GT(std::string(metric->help).size(), 5u) << metric->name;
  }
}

}  // namespace
}  // namespace clv::metrics
