#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/event_reader.h"
#include "services/ingest/json_batch.h"
#include "services/ingest/write_queue.h"
#include "tests/services/ingest/temp_directory.h"

namespace clv::ingest {
namespace {

using std::chrono::steady_clock;

class BusyQueueTest : public ::testing::Test {
 protected:
  PreparedWrite Rows(const std::string& body) {
    return ReadJsonBatch(body, {.received_at_seconds = SystemClock().NowSeconds(),
                                .import_id = "i",
                                .erased = &erased_})
        .value();
  }

  // Keeps the writing thread at a task until Release; what is submitted meanwhile waits.
  void Hold(WriteQueue& queue) {
    std::promise<void> begun;
    holder_ = std::async(std::launch::async, [&] {
      return queue.RunOnWriter([&](storage::EventLog&) {
        begun.set_value();
        release_.get_future().wait();
        if (at_release_) at_release_();
        return absl::OkStatus();
      });
    });
    begun.get_future().wait();
  }
  void Release() {
    release_.set_value();
    EXPECT_TRUE(holder_.get().ok());
    release_ = {};
  }

  static std::future<absl::StatusOr<Written>> Submit(WriteQueue& queue, PreparedWrite write) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<Written>>>();
    EXPECT_TRUE(
        queue
            .Submit(std::move(write),
                    [promise](absl::StatusOr<Written> written) { promise->set_value(written); })
            .ok());
    return promise->get_future();
  }

  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/event_log.db";
  std::unique_ptr<storage::SqliteEventLog> log_ =
      storage::SqliteEventLog::Open({.path = path_}).value();
  ErasedCustomers erased_{log_->ErasureKey()};
  std::promise<void> release_;
  std::function<void()> at_release_;
  std::future<absl::Status> holder_;
};

TEST_F(BusyQueueTest, RowsOfACustomerWhoIsErasedWhileTheyWaitAreNotWritten) {
  WriteQueue queue({.log = log_.get(), .clock = &SystemClock(), .erased = &erased_});
  at_release_ = [&] { erased_.Add(erased_.HashOf("late")); };
  Hold(queue);
  auto mixed = Submit(queue, Rows("{\"customer_id\":\"late\"}{\"customer_id\":\"c1\"}{}"));
  auto alone = Submit(queue, Rows("{\"customer_id\":\"late\"}"));
  auto other = Submit(queue, Rows("{\"customer_id\":\"c2\"}"));
  Release();
  const Written first = mixed.get().value();
  EXPECT_EQ(first.position, 1u);
  EXPECT_EQ(first.records, 1u);
  EXPECT_EQ(first.erased_rows, 1u);
  const Written second = alone.get().value();
  EXPECT_EQ(second.position, 0u);
  EXPECT_EQ(second.records, 0u);
  EXPECT_EQ(second.erased_rows, 1u);
  EXPECT_EQ(other.get().value().position, 2u);
  EXPECT_EQ(log_->erased_counts().refused_rows, 2u);
  EXPECT_EQ(log_->quarantine_counts()[storage::DataSource::kCustomers].rows, 1u);
  EXPECT_EQ(queue.status().accepted_rows, 2u);
  EXPECT_EQ(queue.status().refused_rows, 3u);
  EXPECT_EQ(queue.status().queued_rows, 0u);
  auto reader = storage::SqliteEventReader::Open({.path = path_}).value();
  const std::vector<storage::LoggedRecord> logged = reader->ReadAfter(0, 100).value();
  for (const storage::LoggedRecord& record : logged) {
    EXPECT_EQ(record.payload.find("late"), std::string::npos);
  }
}

TEST_F(BusyQueueTest, ARecordThatCannotBeReadFailsAloneWhenItMustBeLookedAtAgain) {
  WriteQueue queue({.log = log_.get(), .clock = &SystemClock(), .erased = &erased_});
  at_release_ = [&] { erased_.Add(erased_.HashOf("late")); };
  Hold(queue);
  PreparedWrite broken = Rows("{\"customer_id\":\"c1\"}");
  broken.batches[0].record->payload = "\xFF";
  auto bad = Submit(queue, std::move(broken));
  auto good = Submit(queue, Rows("{\"customer_id\":\"c2\"}"));
  Release();
  EXPECT_EQ(bad.get().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(good.get().value().position, 1u);
  EXPECT_EQ(queue.status().queued_rows, 0u);
}

TEST_F(BusyQueueTest, CountsTheRecordsOfAWrite) {
  WriteQueue queue({.log = log_.get(), .clock = &SystemClock()});
  BatchBuilder builder({.received_at_seconds = SystemClock().NowSeconds(), .max_record_rows = 1});
  domain::RawRow row;
  row[domain::CustomerColumn::kCustomerId] = domain::RawValue::Text("c");
  for (int i = 0; i < 3; ++i) builder.AddRow(row, std::nullopt);
  const Written written = Submit(queue, builder.Finish()).get().value();
  EXPECT_EQ(written.position, 3u);
  EXPECT_EQ(written.records, 3u);
}

TEST_F(BusyQueueTest, ASenderCanWaitForRoom) {
  WriteQueue queue({.log = log_.get(), .clock = &SystemClock(), .max_rows = 1});
  Hold(queue);
  auto first = Submit(queue, Rows("{\"customer_id\":\"c1\"}"));
  const auto nobody = [](const absl::StatusOr<Written>&) { ADD_FAILURE(); };
  EXPECT_TRUE(absl::IsResourceExhausted(
      queue.SubmitWhenRoom(Rows("{\"customer_id\":\"c2\"}"), steady_clock::now(), nobody)));
  std::promise<absl::StatusOr<Written>> second;
  auto queued = std::async(std::launch::async, [&] {
    return queue.SubmitWhenRoom(
        Rows("{\"customer_id\":\"c2\"}"), steady_clock::now() + std::chrono::seconds(30),
        [&](absl::StatusOr<Written> written) { second.set_value(std::move(written)); });
  });
  EXPECT_EQ(queued.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  Release();
  EXPECT_TRUE(queued.get().ok());
  EXPECT_EQ(first.get().value().position, 1u);
  EXPECT_EQ(second.get_future().get().value().position, 2u);
}

TEST_F(BusyQueueTest, WaitingForRoomEndsWhenTheQueueDoes) {
  WriteQueue queue({.log = log_.get(), .clock = &SystemClock(), .max_rows = 1});
  Hold(queue);
  auto first = Submit(queue, Rows("{\"customer_id\":\"c1\"}"));
  auto queued = std::async(std::launch::async, [&] {
    return queue.SubmitWhenRoom(Rows("{\"customer_id\":\"c2\"}"),
                                steady_clock::now() + std::chrono::seconds(30),
                                [](const absl::StatusOr<Written>&) {});
  });
  auto drained = std::async(std::launch::async, [&] { queue.Drain(); });
  EXPECT_TRUE(absl::IsUnavailable(queued.get()));
  Release();
  drained.get();
  EXPECT_TRUE(first.get().ok());
}

}  // namespace
}  // namespace clv::ingest
