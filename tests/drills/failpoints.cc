// What a program of the kill drill does at the places of common/base/failpoints.h, instead of
// nothing: CLV_FAILPOINT=name:n kills it where it is at `name` for the n-th time.
#include "common/base/failpoints.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

namespace clv {
namespace {

struct Plan {
  std::string name;
  int nth = 1;
};

Plan ReadPlan() {
  const char* text = std::getenv("CLV_FAILPOINT");
  if (text == nullptr) return {};
  const std::string plan(text);
  const size_t colon = plan.find(':');
  if (colon == std::string::npos) return {plan, 1};
  return {plan.substr(0, colon), std::atoi(plan.c_str() + colon + 1)};
}

}  // namespace

void ReachFailpoint(const char* name) {
  static const Plan plan = ReadPlan();
  static std::atomic<int> times = 0;
  if (std::string_view(name) == plan.name && ++times == plan.nth) std::raise(SIGKILL);
}

}  // namespace clv
