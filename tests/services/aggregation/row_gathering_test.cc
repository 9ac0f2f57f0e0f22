#include "services/aggregation/row_gathering.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/services/aggregation/fold_fixture.h"

namespace clv::aggregation {
namespace {

using Buys = std::vector<Buy>;

class RowGatheringTest : public LoggedFoldTest {
 protected:
  void SetUp() override {
    LoggedFoldTest::SetUp();
    reader_ = OpenLog().value();
  }

  void AppendRows(int rows) {
    Buys buys;
    for (int i = 0; i < rows; ++i) buys.push_back({"p" + std::to_string(next_++), "c1", 1, 1});
    Append(Record(buys));
  }

  // What is gathered from the begin of the log, while each wait appends as many rows as the next of
  // `coming` says, and is the last when there are no more.
  std::vector<LoggedRows> Gather(std::vector<int> coming, GatheringOptions options = {}) {
    options.burst_rows = 10;
    options.wait = [&](std::chrono::milliseconds) {
      ++waits_;
      if (coming.empty()) return false;
      AppendRows(coming.front());
      coming.erase(coming.begin());
      return true;
    };
    return GatherRows(*reader_, 0, options).value();
  }

  std::unique_ptr<storage::EventReader> reader_;
  int next_ = 0;
  int waits_ = 0;
};

TEST_F(RowGatheringTest, AnEmptyLogGivesNothingAndIsNotWaitedFor) {
  EXPECT_TRUE(Gather({}).empty());
  EXPECT_EQ(waits_, 0);
}

TEST_F(RowGatheringTest, FewRowsAreNotWaitedFor) {
  AppendRows(9);
  EXPECT_EQ(Gather({100}).size(), 1u);
  EXPECT_EQ(waits_, 0);
}

TEST_F(RowGatheringTest, ManyRowsThatTookLongToComeAreNoBurst) {
  const std::chrono::milliseconds step{40};
  AppendRows(19);
  EXPECT_EQ(Gather({100}, {.step = step, .first_step = 2 * step}).size(), 1u);
  EXPECT_EQ(waits_, 0);
  AppendRows(1);
  EXPECT_EQ(Gather({9}, {.step = step, .first_step = 2 * step}).size(), 3u);
  EXPECT_EQ(waits_, 1);
}

TEST_F(RowGatheringTest, ABurstIsGatheredInOrderUntilItEnds) {
  AppendRows(10);
  const std::vector<LoggedRows> rows = Gather({20, 10, 3, 50});
  EXPECT_EQ(waits_, 3);
  ASSERT_EQ(rows.size(), 4u);
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].position, i + 1);
  EXPECT_EQ(rows[1].purchases.size(), 20u);
  EXPECT_EQ(rows[3].purchases.size(), 3u);
}

TEST_F(RowGatheringTest, NoMoreRowsAreGatheredThanMayBe) {
  AppendRows(10);
  EXPECT_EQ(Gather({10, 10, 10}, {.max_rows = 25}).size(), 2u);
  waits_ = 0;
  EXPECT_EQ(Gather({}, {.max_rows = 20}).size(), 2u);
  EXPECT_EQ(waits_, 0);
}

TEST_F(RowGatheringTest, ARecordOfMoreRowsThanMayBeIsGatheredAlone) {
  AppendRows(50);
  AppendRows(1);
  EXPECT_EQ(Gather({}, {.max_rows = 20}).size(), 1u);
}

TEST_F(RowGatheringTest, NoMoreBytesAreGatheredThanMayBe) {
  AppendRows(10);
  EXPECT_EQ(Gather({10, 10}, {.max_bytes = 1}).size(), 1u);
}

TEST_F(RowGatheringTest, ABurstWithoutEndIsNotWaitedForForEver) {
  AppendRows(10);
  EXPECT_EQ(Gather(std::vector<int>(9, 10), {.most_steps = 5}).size(), 6u);
  EXPECT_EQ(waits_, 5);
}

TEST_F(RowGatheringTest, ATrickleOfRecordsIsLingeredOverOnce) {
  int lingers = 0;
  const auto linger = [&] {
    ++lingers;
    for (int i = 0; i < 5; ++i) AppendRows(1);
  };
  for (int i = 0; i < 4; ++i) AppendRows(1);
  EXPECT_EQ(Gather({}, {.trickle_records = 4, .linger = linger}).size(), 9u);
  EXPECT_EQ(lingers, 1);
  EXPECT_EQ(waits_, 0);
}

TEST_F(RowGatheringTest, FewRecordsThoseOfALongTimeAndABurstAreNotLingeredOver) {
  int lingers = 0;
  const auto linger = [&] { ++lingers; };
  for (int i = 0; i < 4; ++i) AppendRows(1);
  EXPECT_EQ(Gather({}, {.trickle_records = 5, .linger = linger}).size(), 4u);
  EXPECT_EQ(Gather({}, {.first_step = std::chrono::milliseconds(100),
                        .trickle_records = 4,
                        .trickle_time = std::chrono::milliseconds(100),
                        .linger = linger})
                .size(),
            4u);
  AppendRows(6);
  EXPECT_EQ(Gather({}, {.trickle_records = 4, .linger = linger}).size(), 5u);
  EXPECT_EQ(lingers, 0);
  EXPECT_EQ(waits_, 1);
}

TEST_F(RowGatheringTest, ATrickleThatIsAllThatMayBeIsNotLingeredOver) {
  int lingers = 0;
  const auto linger = [&] { ++lingers; };
  for (int i = 0; i < 8; ++i) AppendRows(1);
  EXPECT_EQ(Gather({}, {.max_rows = 4, .trickle_records = 4, .linger = linger}).size(), 4u);
  EXPECT_EQ(Gather({}, {.max_bytes = 1, .trickle_records = 4, .linger = linger}).size(), 8u);
  EXPECT_EQ(lingers, 0);
}

TEST_F(RowGatheringTest, WhoEndsIsNotKeptWaiting) {
  AppendRows(10);
  EXPECT_EQ(Gather({}).size(), 1u);
  EXPECT_EQ(waits_, 1);
}

}  // namespace
}  // namespace clv::aggregation
