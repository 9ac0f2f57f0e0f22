#include "common/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "common/metrics/request_metrics.h"
#include "tests/common/metrics/exposition.h"

namespace clv::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Metric kCalls{"test_calls_total", "method code", Type::kCounter, "Calls"};
constexpr Metric kOther{"test_aaa_total", "", Type::kCounter, "Comes first"};
constexpr Metric kDepth{"test_depth", "queue", Type::kGauge, "Depth"};
constexpr Metric kTook{"test_took_seconds", "method", Type::kSecondsHistogram, "Took"};
constexpr Metric kSizes{"test_sizes", "", Type::kCountHistogram, "Sizes"};

Exposition Read(const Registry& registry) { return ReadExposition(registry.Text()); }

TEST(RegistryTest, CountsEachSetOfLabelsForItself) {
  Registry registry;
  registry.GetCounter(kCalls, {"A", "OK"}).Add();
  registry.GetCounter(kCalls, {"A", "OK"}).Add(2);
  registry.GetCounter(kCalls, {"A", "INTERNAL"}).Add();
  const Exposition exposition = Read(registry);
  EXPECT_EQ(exposition.At(R"(test_calls_total{code="OK",method="A"})"), 3);
  EXPECT_EQ(exposition.At(R"(test_calls_total{code="INTERNAL",method="A"})"), 1);
  EXPECT_EQ(exposition.Sum("test_calls_total"), 4);
  EXPECT_EQ(exposition.types.at("test_calls_total"), "counter");
  EXPECT_THAT(registry.Text(), HasSubstr("# HELP test_calls_total Calls\n"));
}

TEST(RegistryTest, ASeriesIsThereBeforeItCounts) {
  Registry registry;
  registry.GetCounter(kOther, {});
  EXPECT_EQ(Read(registry).At("test_aaa_total"), 0);
}

TEST(RegistryTest, KeepsLargeIntegersExact) {
  Registry registry;
  registry.GetCounter(kOther, {}).Add(4'503'599'627'370'497);
  EXPECT_THAT(registry.Text(), HasSubstr("test_aaa_total 4503599627370497\n"));
}

TEST(RegistryTest, SortsWhatItObservesIntoBuckets) {
  Registry registry;
  const Histogram took = registry.GetHistogram(kTook, {"A"});
  took.Observe(std::chrono::milliseconds(3));
  took.Observe(std::chrono::seconds(60));
  const Histogram sizes = registry.GetHistogram(kSizes, {});
  for (const int size : {1, 2, 3, 5000}) sizes.Observe(size);
  const Exposition exposition = Read(registry);
  EXPECT_EQ(exposition.At(R"(test_took_seconds_bucket{method="A",le="0.0025"})"), 0);
  EXPECT_EQ(exposition.At(R"(test_took_seconds_bucket{method="A",le="0.005"})"), 1);
  EXPECT_EQ(exposition.At(R"(test_took_seconds_bucket{method="A",le="10"})"), 1);
  EXPECT_EQ(exposition.At(R"(test_took_seconds_bucket{method="A",le="+Inf"})"), 2);
  EXPECT_DOUBLE_EQ(exposition.At(R"(test_took_seconds_sum{method="A"})"), 60.003);
  EXPECT_EQ(exposition.At(R"(test_sizes_bucket{le="2"})"), 2);
  EXPECT_EQ(exposition.At(R"(test_sizes_bucket{le="4096"})"), 3);
  EXPECT_EQ(exposition.At("test_sizes_count"), 4);
}

TEST(RegistryTest, CollectsWhenItIsAskedAndAsLongAsTheCollectionLives) {
  Registry registry;
  int asked = 0;
  auto collection = registry.Collect("test", [&asked](Scrape& scrape) {
    scrape.Add(kDepth, {"a"}, ++asked);
    scrape.Add(kDepth, {"b"}, 0);
    scrape.Add(kOther, {}, 7);
    return absl::OkStatus();
  });
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(Read(registry).At(R"(test_depth{queue="a"})"), 1);
  const Exposition exposition = Read(registry);
  EXPECT_EQ(exposition.At(R"(test_depth{queue="a"})"), 2);
  EXPECT_EQ(exposition.At(R"(test_depth{queue="b"})"), 0);
  EXPECT_EQ(exposition.types.at("test_depth"), "gauge");
  EXPECT_EQ(exposition.types.at("test_aaa_total"), "counter");
  collection.reset();
  EXPECT_TRUE(Read(registry).values.empty());
  EXPECT_EQ(asked, 2);
}

TEST(RegistryTest, JoinsWhatTwoCollectorsAddToOneMetric) {
  Registry registry;
  const auto one = registry.Collect("one", [](Scrape& scrape) {
    scrape.Add(kDepth, {"one"}, 1);
    return absl::OkStatus();
  });
  const auto two = registry.Collect("two", [](Scrape& scrape) {
    scrape.Add(kDepth, {"two"}, 2);
    return absl::OkStatus();
  });
  EXPECT_EQ(Read(registry).Sum("test_depth"), 3);
}

TEST(RegistryTest, ShowsNamesInOrder) {
  Registry registry;
  registry.GetHistogram(kTook, {"A"});
  registry.GetCounter(kCalls, {"A", "OK"});
  registry.GetCounter(kOther, {});
  const auto collection = registry.Collect("test", [](Scrape& scrape) {
    scrape.Add(kDepth, {"a"}, 1);
    return absl::OkStatus();
  });
  EXPECT_THAT(Read(registry).names,
              ElementsAre("test_aaa_total", "test_calls_total", "test_depth", "test_took_seconds"));
}

TEST(RegistryTest, EscapesLabels) {
  Registry registry;
  registry.GetCounter(kCalls, {"a\"b\\c\nd", "OK"}).Add();
  EXPECT_THAT(registry.Text(), HasSubstr(R"(method="a\"b\\c\nd")"));
}

TEST(RegistryTest, AFailingCollectorIsCountedAndLeavesTheOthersAlone) {
  Registry registry;
  const auto broken = registry.Collect("broken", [](Scrape& scrape) {
    scrape.Add(kOther, {}, 1);
    return absl::UnavailableError("no store yet");
  });
  const auto well = registry.Collect("well", [](Scrape& scrape) {
    scrape.Add(kDepth, {"a"}, 5);
    return absl::OkStatus();
  });
  const Exposition exposition = Read(registry);
  EXPECT_EQ(exposition.At(R"(clv_process_failed_collections_total{collector="broken"})"), 1);
  EXPECT_EQ(exposition.At("test_aaa_total"), 1);
  EXPECT_EQ(exposition.At(R"(test_depth{queue="a"})"), 5);
  EXPECT_FALSE(exposition.Has(R"(clv_process_failed_collections_total{collector="well"})"));
  EXPECT_EQ(Read(registry).At(R"(clv_process_failed_collections_total{collector="broken"})"), 2);
}

TEST(RegistryTest, EndingACollectionWaitsForItsCollector) {
  Registry registry;
  std::promise<void> entered;
  std::promise<void> go;
  std::atomic<bool> left = false;
  auto collection = registry.Collect("slow", [&](Scrape&) {
    entered.set_value();
    go.get_future().wait();
    left = true;
    return absl::OkStatus();
  });
  std::thread scraper([&] { (void)registry.Text(); });
  entered.get_future().wait();
  std::thread ender([&] {
    collection.reset();
    EXPECT_TRUE(left);
  });
  go.set_value();
  ender.join();
  scraper.join();
}

TEST(RegistryTest, LosesNothingBetweenThreads) {
  Registry registry;
  CounterByLabel by_code(&registry, kCalls, {"A"});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 1000; ++n) {
        by_code.Add(i % 2 == 0 ? "OK" : "ABORTED");
        registry.GetHistogram(kSizes, {}).Observe(1);
        if (n % 100 == 0) (void)registry.Text();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Exposition exposition = Read(registry);
  EXPECT_EQ(exposition.At(R"(test_calls_total{code="OK",method="A"})"), 2000);
  EXPECT_EQ(exposition.At(R"(test_calls_total{code="ABORTED",method="A"})"), 2000);
  EXPECT_EQ(exposition.At("test_sizes_count"), 4000);
}

TEST(RegistryTest, WithoutOneNothingIsCounted) {
  CounterIn(nullptr, kOther).Add();
  HistogramIn(nullptr, kSizes).Observe(1);
  EXPECT_EQ(CollectInto(nullptr, "test", [](Scrape&) { return absl::OkStatus(); }), nullptr);
  CounterByLabel(nullptr, kCalls, {"A"}).Add("OK");
  RequestMetrics(nullptr, {kCalls, kTook}, {"A"}).Count("OK", std::chrono::seconds(1));
  Counter().Add();
  Histogram().Observe(1);
}

TEST(RequestMetricsTest, CountsHowRequestsEndAndHowLongTheyTake) {
  Registry registry;
  RequestMetrics requests(&registry, {kCalls, kTook}, {"A"});
  EXPECT_TRUE(Read(registry).values.empty());
  requests.Count("OK", std::chrono::milliseconds(1));
  requests.Count("OK", std::chrono::milliseconds(2));
  requests.Count("NOT_FOUND", std::chrono::milliseconds(3));
  const Exposition exposition = Read(registry);
  EXPECT_EQ(exposition.At(R"(test_calls_total{code="OK",method="A"})"), 2);
  EXPECT_EQ(exposition.At(R"(test_calls_total{code="NOT_FOUND",method="A"})"), 1);
  EXPECT_EQ(exposition.At(R"(test_took_seconds_count{method="A"})"), 3);
  EXPECT_NEAR(exposition.At(R"(test_took_seconds_sum{method="A"})"), 0.006, 1e-12);
}

}  // namespace
}  // namespace clv::metrics
