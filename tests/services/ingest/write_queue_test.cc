#include "services/ingest/write_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/event_reader.h"
#include "services/ingest/json_batch.h"
#include "tests/common/storage/manual_fold_progress.h"
#include "tests/services/ingest/gated_log.h"
#include "tests/services/ingest/temp_directory.h"

namespace clv::ingest {
namespace {

using storage::LogPosition;

PreparedWrite Rows(int good, int bad) {
  std::string body;
  for (int i = 0; i < good; ++i) body += "{\"customer_id\":\"c" + std::to_string(i) + "\"}\n";
  for (int i = 0; i < bad; ++i) body += "{}\n";
  return ReadJsonBatch(body, {.received_at_seconds = SystemClock().NowSeconds(), .import_id = "i"})
      .value();
}

class WriteQueueTest : public ::testing::Test {
 protected:
  WriteQueue::Options Options() {
    return {.log = &gated_, .progress = &progress_, .clock = &SystemClock()};
  }

  // Submits and returns what the write will be told.
  std::future<absl::StatusOr<LogPosition>> Submit(WriteQueue& queue, PreparedWrite write) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<LogPosition>>>();
    const absl::Status status = queue.Submit(
        std::move(write),
        [promise](const absl::StatusOr<LogPosition>& position) { promise->set_value(position); });
    if (!status.ok()) promise->set_value(status);
    return promise->get_future();
  }

  // One write, whose commit takes so long: as long as that, others are awaited before the next.
  void CommitSlowly(WriteQueue& queue, std::chrono::milliseconds time) {
    gated_.Close();
    auto slow = Submit(queue, Rows(1, 0));
    std::this_thread::sleep_for(time);
    gated_.Open();
    EXPECT_TRUE(slow.get().ok());
  }

  TempDirectory directory_;
  std::string path_ = directory_.path() + "/event_log.db";
  std::unique_ptr<storage::SqliteEventLog> log_ =
      storage::SqliteEventLog::Open({.path = path_}).value();
  GatedLog gated_{log_.get()};
  storage::ManualFoldProgress progress_;
};

TEST_F(WriteQueueTest, TellsThePositionOfADurableWrite) {
  WriteQueue queue(Options());
  EXPECT_EQ(Submit(queue, Rows(2, 1)).get().value(), 1u);
  EXPECT_EQ(Submit(queue, Rows(1, 0)).get().value(), 2u);
  EXPECT_EQ(log_->LastPosition(), 2u);
  EXPECT_EQ(log_->quarantine_counts()[storage::DataSource::kCustomers].rows, 1u);
  EXPECT_EQ(queue.status().accepted_rows, 3u);
  EXPECT_EQ(queue.status().refused_rows, 1u);
  EXPECT_EQ(queue.status().queued_rows, 0u);
}

TEST_F(WriteQueueTest, AWriteOfRefusedRowsOnlyHasNoPosition) {
  WriteQueue queue(Options());
  EXPECT_EQ(Submit(queue, Rows(0, 2)).get().value(), 0u);
  EXPECT_EQ(log_->quarantine_counts()[storage::DataSource::kCustomers].rows, 2u);
}

TEST_F(WriteQueueTest, WritesThatWaitShareOneCommit) {
  WriteQueue queue(Options());
  gated_.Close();
  std::vector<std::future<absl::StatusOr<LogPosition>>> answers;
  answers.push_back(Submit(queue, Rows(1, 0)));
  while (gated_.appends() == 0) std::this_thread::yield();
  for (int i = 0; i < 10; ++i) answers.push_back(Submit(queue, Rows(1, 0)));
  gated_.Open();
  for (size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i].get().value(), i + 1);
  EXPECT_EQ(gated_.appends(), 2);
}

TEST_F(WriteQueueTest, WritesThatComeSoonAfterACommitShareTheNext) {
  WriteQueue::Options options = Options();
  options.least_gathered = 1;
  options.longest_gathering = std::chrono::minutes(1);
  WriteQueue queue(options);
  CommitSlowly(queue, std::chrono::milliseconds(400));
  std::vector<std::future<absl::StatusOr<LogPosition>>> soon;
  for (int i = 0; i < 3; ++i) soon.push_back(Submit(queue, Rows(1, 0)));
  for (auto& answer : soon) EXPECT_TRUE(answer.get().ok());
  EXPECT_EQ(gated_.appends(), 2);
}

TEST_F(WriteQueueTest, TheDrainEndsTheWaitForOthers) {
  WriteQueue::Options options = Options();
  options.least_gathered = 1;
  options.longest_gathering = std::chrono::hours(1);
  WriteQueue queue(options);
  CommitSlowly(queue, std::chrono::milliseconds(100));
  auto last = Submit(queue, Rows(1, 0));
  queue.Drain();
  EXPECT_EQ(last.get().value(), 2u);
}

TEST_F(WriteQueueTest, RefusesWritesWhileItIsFull) {
  WriteQueue::Options options = Options();
  options.max_rows = 10;
  WriteQueue queue(options);
  gated_.Close();
  auto large = Submit(queue, Rows(12, 0));
  EXPECT_EQ(queue.status().queued_rows, 12u);
  EXPECT_EQ(Submit(queue, Rows(1, 0)).get().status().code(), absl::StatusCode::kResourceExhausted);
  gated_.Open();
  EXPECT_TRUE(large.get().ok());
  EXPECT_TRUE(Submit(queue, Rows(1, 0)).get().ok());
  EXPECT_EQ(log_->LastPosition(), 2u);
}

TEST_F(WriteQueueTest, CountsBytesToo) {
  WriteQueue::Options options = Options();
  options.max_bytes = 10;
  WriteQueue queue(options);
  gated_.Close();
  auto first = Submit(queue, Rows(1, 0));
  EXPECT_EQ(Submit(queue, Rows(1, 0)).get().status().code(), absl::StatusCode::kResourceExhausted);
  gated_.Open();
  EXPECT_TRUE(first.get().ok());
}

TEST_F(WriteQueueTest, DrainWritesWhatWaitsAndRefusesTheRest) {
  WriteQueue queue(Options());
  gated_.Close();
  auto first = Submit(queue, Rows(1, 0));
  auto second = Submit(queue, Rows(1, 0));
  std::thread draining([&] { queue.Drain(); });
  while (true) {
    PreparedWrite write = Rows(1, 0);
    if (absl::IsUnavailable(
            queue.Submit(std::move(write), [](const absl::StatusOr<LogPosition>&) {})))
      break;
    std::this_thread::yield();
  }
  gated_.Open();
  draining.join();
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
  EXPECT_GE(log_->LastPosition(), 2u);
  EXPECT_EQ(queue.status().queued_rows, 0u);
}

TEST_F(WriteQueueTest, TellsFailuresToEverybodyAndGoesOn) {
  WriteQueue queue(Options());
  gated_.FailWith(absl::ResourceExhaustedError("disk full"));
  EXPECT_EQ(Submit(queue, Rows(1, 0)).get().status().code(), absl::StatusCode::kUnavailable);
  gated_.FailWith(absl::UnavailableError("busy"));
  EXPECT_EQ(Submit(queue, Rows(1, 0)).get().status().code(), absl::StatusCode::kUnavailable);
  gated_.FailWith(absl::OkStatus());
  EXPECT_EQ(Submit(queue, Rows(1, 0)).get().value(), 1u);
  EXPECT_EQ(queue.status().accepted_rows, 1u);
}

TEST_F(WriteQueueTest, TrimsWhatIsFoldedAndNoMore) {
  WriteQueue::Options options = Options();
  options.trim_interval = std::chrono::milliseconds(5);
  WriteQueue queue(options);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Submit(queue, Rows(1, 0)).get().ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 1u);
  progress_.FoldThrough(2);
  for (int i = 0; i < 2'000 && log_->FirstRetainedPosition() != 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(log_->FirstRetainedPosition(), 3u);
  EXPECT_EQ(log_->LastPosition(), 3u);
}

TEST_F(WriteQueueTest, KeepsTheWholeLogWhereToldTo) {
  WriteQueue::Options options = Options();
  options.trim_interval = std::chrono::milliseconds(1);
  options.log_retention = LogRetention::kAll;
  progress_.FoldThrough(100);
  WriteQueue queue(options);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Submit(queue, Rows(1, 0)).get().ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 1u);
}

TEST_F(WriteQueueTest, DropsTheOldestQuarantinedRowsAtTheStart) {
  ASSERT_TRUE(log_->Append(Rows(0, 3).batches).ok());
  WriteQueue::Options options = Options();
  options.max_quarantine_bytes = 4;
  WriteQueue queue(options);
  ASSERT_TRUE(Submit(queue, Rows(1, 0)).get().ok());
  EXPECT_EQ(log_->quarantine_counts()[storage::DataSource::kCustomers].rows, 2u);
  EXPECT_EQ(log_->quarantine_counts()[storage::DataSource::kCustomers].dropped_rows, 1u);
}

TEST_F(WriteQueueTest, RunsATaskInItsTurn) {
  WriteQueue queue(Options());
  gated_.Close();
  auto first = Submit(queue, Rows(1, 0));
  while (gated_.appends() == 0) std::this_thread::yield();
  auto second = Submit(queue, Rows(1, 0));
  LogPosition seen = 0;
  std::thread runner([&] {
    EXPECT_EQ(queue
                  .RunOnWriter([&](storage::EventLog& log) {
                    seen = log.LastPosition();
                    return absl::DataLossError("what the task says");
                  })
                  .message(),
              "what the task says");
  });
  gated_.Open();
  runner.join();
  EXPECT_EQ(seen, 2u);
  EXPECT_EQ(first.get().value(), 1u);
  EXPECT_EQ(second.get().value(), 2u);
  EXPECT_EQ(Submit(queue, Rows(1, 0)).get().value(), 3u);
}

TEST_F(WriteQueueTest, WritesAroundATaskKeepTheirOrder) {
  WriteQueue queue(Options());
  gated_.Close();
  auto first = Submit(queue, Rows(1, 0));
  while (gated_.appends() == 0) std::this_thread::yield();
  std::vector<std::thread> runners;
  std::vector<std::future<absl::StatusOr<LogPosition>>> answers;
  for (int i = 0; i < 5; ++i) {
    answers.push_back(Submit(queue, Rows(1, 0)));
    runners.emplace_back([&] {
      EXPECT_TRUE(queue
                      .RunOnWriter([](storage::EventLog& log) {
                        return log.Append(Rows(1, 0).batches).status();
                      })
                      .ok());
    });
    answers.push_back(Submit(queue, Rows(1, 0)));
  }
  gated_.Open();
  for (std::thread& runner : runners) runner.join();
  LogPosition last = first.get().value();
  for (auto& answer : answers) {
    const LogPosition position = answer.get().value();
    EXPECT_GT(position, last);
    last = position;
  }
  EXPECT_EQ(log_->LastPosition(), 16u);
}

TEST_F(WriteQueueTest, RunsNoTaskAfterTheDrain) {
  WriteQueue queue(Options());
  queue.Drain();
  EXPECT_TRUE(absl::IsUnavailable(queue.RunOnWriter([](storage::EventLog&) {
    ADD_FAILURE() << "it was run";
    return absl::OkStatus();
  })));
}

TEST_F(WriteQueueTest, TrimsNothingWhileTrimmingIsHeld) {
  WriteQueue::Options options = Options();
  options.trim_interval = std::chrono::milliseconds(0);  // before every task
  WriteQueue queue(options);
  const auto let_it_trim = [&] {
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(queue.RunOnWriter([](storage::EventLog&) { return absl::OkStatus(); }).ok());
    }
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Submit(queue, Rows(1, 0)).get().ok());
  {
    const WriteQueue::TrimHold outer = queue.HoldTrimming();
    progress_.FoldThrough(2);
    {
      WriteQueue::TrimHold inner = queue.HoldTrimming();
      const WriteQueue::TrimHold moved = std::move(inner);
      let_it_trim();
      EXPECT_EQ(log_->FirstRetainedPosition(), 1u);
    }
    let_it_trim();
    EXPECT_EQ(log_->FirstRetainedPosition(), 1u);
  }
  let_it_trim();
  EXPECT_EQ(log_->FirstRetainedPosition(), 3u);
}

TEST_F(WriteQueueTest, ManySendersGetEachTheirOwnPosition) {
  WriteQueue queue(Options());
  std::vector<std::thread> senders;
  std::atomic<uint64_t> sum = 0;
  for (int sender = 0; sender < 8; ++sender) {
    senders.emplace_back([&] {
      for (int i = 0; i < 25; ++i) sum += Submit(queue, Rows(1, 1)).get().value();
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(sum, 200u * 201 / 2);
  auto reader = storage::SqliteEventReader::Open({.path = path_}).value();
  EXPECT_EQ(reader->ReadAfter(0, 1'000).value().size(), 200u);
}

}  // namespace
}  // namespace clv::ingest
