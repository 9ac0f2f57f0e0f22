#include "common/metrics/process_metrics.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "common/base/status_macros.h"
#include "common/base/version.h"
#include "common/metrics/catalogue.h"

namespace clv::metrics {
namespace {

// Places in /proc/self/stat behind the program's name, whose own number in proc(5) is 2.
constexpr size_t kUserTicks = 14 - 3;
constexpr size_t kSystemTicks = 15 - 3;
constexpr size_t kStartTicks = 22 - 3;
constexpr size_t kResidentPages = 24 - 3;

std::string ReadFile(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

absl::StatusOr<std::vector<uint64_t>> StatNumbers() {
  const std::string stat = ReadFile("/proc/self/stat");
  // The name is in parentheses and may hold some itself.
  const size_t name_end = stat.rfind(')');
  std::istringstream words(name_end == std::string::npos ? "" : stat.substr(name_end + 1));
  std::vector<uint64_t> numbers;
  for (std::string word; words >> word;) {
    uint64_t number = 0;
    // The state is a letter, and a few numbers are below zero; they are not asked for.
    (void)absl::SimpleAtoi(word, &number);
    numbers.push_back(number);
  }
  if (numbers.size() <= kResidentPages) return absl::InternalError("/proc/self/stat is too short");
  return numbers;
}

absl::StatusOr<double> BootTimeSeconds() {
  std::istringstream lines(ReadFile("/proc/stat"));
  for (std::string name; lines >> name;) {
    double seconds = 0;
    if (name == "btime" && lines >> seconds) return seconds;
  }
  return absl::InternalError("/proc/stat has no btime");
}

}  // namespace

absl::StatusOr<ProcessState> ReadProcessState() {
  CLV_ASSIGN_OR_RETURN(const std::vector<uint64_t> stat, StatNumbers());
  CLV_ASSIGN_OR_RETURN(const double boot_time, BootTimeSeconds());
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  return ProcessState{
      .start_time_seconds = boot_time + static_cast<double>(stat[kStartTicks]) / ticks_per_second,
      .cpu_seconds = static_cast<double>(stat[kUserTicks] + stat[kSystemTicks]) / ticks_per_second,
      .resident_bytes = stat[kResidentPages] * static_cast<uint64_t>(sysconf(_SC_PAGESIZE))};
}

std::unique_ptr<Collection> CollectProcessMetrics(Registry* registry, const std::string& program) {
  return CollectInto(registry, "process", [program](Scrape& scrape) -> absl::Status {
    scrape.Add(kProcessBuildInfo, {program, Version()}, 1);
    CLV_ASSIGN_OR_RETURN(const ProcessState state, ReadProcessState());
    scrape.Add(kProcessStartTime, {}, state.start_time_seconds);
    scrape.Add(kProcessCpu, {}, state.cpu_seconds);
    scrape.Add(kProcessResidentMemory, {}, static_cast<double>(state.resident_bytes));
    return absl::OkStatus();
  });
}

}  // namespace clv::metrics
