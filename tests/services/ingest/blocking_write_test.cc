#include "services/ingest/blocking_write.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "common/storage/sqlite/event_log.h"
#include "services/ingest/json_batch.h"
#include "tests/services/ingest/temp_directory.h"

namespace clv::ingest {
namespace {

PreparedWrite OneRow() {
  return ReadJsonBatch("{\"customer_id\":\"c\"}", {.received_at_seconds = 1'700'000'000}).value();
}

class BlockingWriteTest : public ::testing::Test {
 protected:
  // Keeps the writing thread busy and the queue full until Release.
  void Fill() {
    std::promise<void> holding;
    ASSERT_TRUE(queue_
                    .Submit(OneRow(),
                            [&](const absl::StatusOr<storage::LogPosition>& /*position*/) {
                              holding.set_value();
                              release_.get_future().wait();
                            })
                    .ok());
    holding.get_future().wait();
    ASSERT_TRUE(queue_.Submit(OneRow(), [](const auto& /*position*/) {}).ok());
  }
  void Release() { release_.set_value(); }

  TempDirectory directory_;
  std::unique_ptr<storage::SqliteEventLog> log_ =
      storage::SqliteEventLog::Open({.path = directory_.path() + "/event_log.db"}).value();
  std::promise<void> release_;
  WriteQueue queue_{{.log = log_.get(), .clock = &SystemClock(), .max_rows = 1}};
};

TEST_F(BlockingWriteTest, ReturnsThePositionOfWhatIsDurable) {
  EXPECT_EQ(WriteAndBlock(queue_, OneRow(), [] { return false; }).value(), 1u);
  EXPECT_EQ(log_->LastPosition(), 1u);
  EXPECT_EQ(WriteAndBlock(queue_, PreparedWrite(), [] { return false; }).value(), 0u);
}

TEST_F(BlockingWriteTest, WithoutPatienceAFullQueueIsAnError) {
  Fill();
  EXPECT_EQ(WriteAndBlock(queue_, OneRow(), [] { return false; }).status().code(),
            absl::StatusCode::kResourceExhausted);
  Release();
}

TEST_F(BlockingWriteTest, WithPatienceItWaitsForRoom) {
  Fill();
  int waits = 0;
  const auto position = WriteAndBlock(queue_, OneRow(), [&] {
    if (++waits == 2) Release();
    return true;
  });
  EXPECT_EQ(position.value(), 3u);
  EXPECT_GE(waits, 2);
}

TEST_F(BlockingWriteTest, TheLogsErrorIsTheWritesError) {
  queue_.Drain();
  EXPECT_EQ(WriteAndBlock(queue_, OneRow(), [] { return true; }).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace clv::ingest
