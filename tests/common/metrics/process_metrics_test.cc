#include "common/metrics/process_metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "common/base/version.h"
#include "tests/common/metrics/exposition.h"

namespace clv::metrics {
namespace {

// VmRSS of /proc/self/status, which proc(5) calls the same number.
double ResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib * 1024;
  }
  return 0;
}

double ProcessorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

TEST(ProcessMetricsTest, KnowTheMemoryThatIsHeld) {
  const double before = static_cast<double>(ReadProcessState()->resident_bytes);
  EXPECT_NEAR(before, ResidentBytes(), 8 << 20);
  const std::vector<char> held(64 << 20, 'x');
  const double after = static_cast<double>(ReadProcessState()->resident_bytes);
  EXPECT_NEAR(after - before, static_cast<double>(held.size()), 8 << 20);
}

TEST(ProcessMetricsTest, KnowTheProcessorTimeThatWasUsed) {
  const double before = ReadProcessState()->cpu_seconds;
  const double until = ProcessorSeconds() + 0.2;
  while (ProcessorSeconds() < until) {
  }
  const double after = ReadProcessState()->cpu_seconds;
  EXPECT_GE(after - before, 0.15);
  // Counted in hundredths.
  EXPECT_NEAR(after, ProcessorSeconds(), 0.1);
}

TEST(ProcessMetricsTest, KnowWhenTheProcessBegan) {
  const auto now = static_cast<double>(std::time(nullptr));
  const double began = ReadProcessState()->start_time_seconds;
  // The time of boot is in whole seconds.
  EXPECT_LE(began, now + 2);
  EXPECT_GT(began, now - 600);
}

TEST(ProcessMetricsTest, SayWhatRuns) {
  Registry registry;
  const auto collection = CollectProcessMetrics(&registry, "clv-test");
  const Exposition exposition = ReadExposition(registry.Text());
  EXPECT_EQ(exposition.At(std::string(R"(clv_process_build_info{program="clv-test",version=")") +
                          Version() + "\"}"),
            1);
  EXPECT_GT(exposition.At("clv_process_resident_memory_bytes"), 1 << 20);
  EXPECT_GT(exposition.At("clv_process_start_time_seconds"), 1.7e9);
  EXPECT_GE(exposition.At("clv_process_cpu_seconds_total"), 0);
}

}  // namespace
}  // namespace clv::metrics
