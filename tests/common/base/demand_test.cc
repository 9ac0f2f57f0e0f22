#include "common/base/demand.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>

namespace clv {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

TEST(DemandTest, TimePassesWhereNobodyWaits) {
  Demand demand;
  const steady_clock::time_point begin = steady_clock::now();
  EXPECT_FALSE(demand.Await(milliseconds(20)));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(20));
}

TEST(DemandTest, NoTimePassesWhileSomebodyWaits) {
  Demand demand;
  const Demand::Hold hold(&demand);
  const Demand::Hold other(&demand);
  const steady_clock::time_point begin = steady_clock::now();
  EXPECT_TRUE(demand.Await(seconds(60)));
  EXPECT_LT(steady_clock::now() - begin, seconds(60));
}

TEST(DemandTest, WhoBeginsToWaitEndsThePause) {
  Demand demand;
  bool is_awaited = false;
  std::thread worker([&] { is_awaited = demand.Await(seconds(60)); });
  const Demand::Hold hold(&demand);
  worker.join();
  EXPECT_TRUE(is_awaited);
}

TEST(DemandTest, NobodyWaitsOnceAllHaveEnded) {
  Demand demand;
  std::optional<Demand::Hold> first(&demand);
  std::optional<Demand::Hold> second(&demand);
  first.reset();
  EXPECT_TRUE(demand.Await(milliseconds(1)));
  second.reset();
  EXPECT_FALSE(demand.Await(milliseconds(1)));
}

TEST(DemandTest, AHoldOfNoDemandDoesNothing) { const Demand::Hold hold(nullptr); }

}  // namespace
}  // namespace clv
