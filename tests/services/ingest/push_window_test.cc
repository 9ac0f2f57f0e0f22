#include "services/ingest/push_window.h"

#include <gtest/gtest.h>

namespace clv::ingest {
namespace {

v1::WriteResult RowsOf(uint64_t rows) {
  v1::WriteResult result;
  result.set_successful_rows(rows);
  return result;
}

// The rows of the acknowledgement that comes next, which must be that of `batch_id`.
uint64_t Acknowledge(PushWindow& window, uint64_t batch_id) {
  uint64_t named = 0;
  const v1::WriteResult result = window.TakeResult(&named);
  EXPECT_EQ(named, batch_id);
  window.Drop();
  return result.successful_rows();
}

TEST(PushWindowTest, AcknowledgesInTheOrderInWhichBatchesCame) {
  PushWindow window({});
  const PushWindow::Ticket first = window.Add(7, 10);
  const PushWindow::Ticket second = window.Add(3, 10);
  window.Settle(second, RowsOf(2));
  EXPECT_FALSE(window.HasAcknowledgement());
  window.Settle(first, RowsOf(1));
  ASSERT_TRUE(window.HasAcknowledgement());
  EXPECT_EQ(Acknowledge(window, 7), 1u);
  ASSERT_TRUE(window.HasAcknowledgement());
  EXPECT_EQ(Acknowledge(window, 3), 2u);
  EXPECT_TRUE(window.empty());
  // Tickets go on where they were.
  window.Settle(window.Add(9, 10), RowsOf(3));
  EXPECT_EQ(Acknowledge(window, 9), 3u);
}

TEST(PushWindowTest, TakesBatchesUpToTheirGreatestNumber) {
  PushWindow window({.max_batches = 2, .max_bytes = 100});
  EXPECT_TRUE(window.HasRoom());
  const PushWindow::Ticket first = window.Add(1, 1);
  EXPECT_TRUE(window.HasRoom());
  window.Add(2, 1);
  EXPECT_FALSE(window.HasRoom());
  // A batch is in flight until its acknowledgement is on the way.
  window.Settle(first, RowsOf(1));
  EXPECT_FALSE(window.HasRoom());
  Acknowledge(window, 1);
  EXPECT_TRUE(window.HasRoom());
}

TEST(PushWindowTest, TakesBatchesUpToTheirGreatestSizeAndOneOfAnySize) {
  PushWindow window({.max_batches = 10, .max_bytes = 100});
  const PushWindow::Ticket first = window.Add(1, 1'000);
  EXPECT_FALSE(window.HasRoom());
  window.Settle(first, RowsOf(1));
  Acknowledge(window, 1);
  window.Add(2, 99);
  EXPECT_TRUE(window.HasRoom());
  window.Add(3, 1);
  EXPECT_FALSE(window.HasRoom());
}

TEST(PushWindowTest, ABatchThatIsTakenBackHasNeverCome) {
  PushWindow window({.max_batches = 1});
  const PushWindow::Ticket first = window.Add(1, 5);
  window.TakeBackLast();
  EXPECT_TRUE(window.empty());
  EXPECT_EQ(window.unsettled(), 0u);
  EXPECT_TRUE(window.HasRoom());
  EXPECT_EQ(window.Add(1, 5), first);
}

TEST(PushWindowTest, AFailureCountsWhenTheBatchesBeforeItAreAcknowledged) {
  PushWindow window({});
  const PushWindow::Ticket first = window.Add(1, 5);
  const PushWindow::Ticket second = window.Add(2, 5);
  window.Settle(second, absl::UnavailableError("the disk"));
  EXPECT_TRUE(window.has_failure());
  EXPECT_TRUE(window.failure().ok());
  EXPECT_EQ(window.unsettled(), 1u);
  window.Settle(first, RowsOf(1));
  EXPECT_TRUE(window.failure().ok());
  EXPECT_EQ(Acknowledge(window, 1), 1u);
  EXPECT_EQ(window.failure(), absl::UnavailableError("the disk"));
  EXPECT_FALSE(window.HasAcknowledgement());
}

}  // namespace
}  // namespace clv::ingest
