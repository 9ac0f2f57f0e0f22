// The thread that folds, alone and racing.

#include "services/aggregation/worker.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/storage/sqlite/event_reader.h"
#include "common/storage/sqlite/fold_progress.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/aggregation/recompute.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/services/aggregation/fold_fixture.h"

namespace clv::aggregation {
namespace {

using ::testing::HasSubstr;
using Buys = std::vector<Buy>;

class WorkerTest : public LoggedFoldTest {
 protected:
  std::unique_ptr<Worker> StartWorker(storage::ClvStore& store, uint64_t max_rows = 50'000) {
    auto worker = std::make_unique<Worker>(Worker::Options{
        .store = &store, .open_log = [this] { return OpenLog(); }, .max_rows_per_fold = max_rows});
    worker->Start();
    return worker;
  }

  void AppendMany(int records) {
    for (int i = 0; i < records; ++i) {
      Append(Record(Buys{{"p" + std::to_string(i % 50), "c" + std::to_string(i % 7), i, i % 30},
                         {"q" + std::to_string(i), "c" + std::to_string(i % 5), 1, i % 30}}));
    }
  }

  bool WaitUntilFolded(storage::LogPosition position) {
    storage::SqliteFoldProgress progress({.path = clv_path_, .folded = nullptr});
    return progress.WaitUntilFolded(position, std::chrono::seconds(60));
  }

  void ExpectEqualToTheLog() {
    const auto log = OpenLog();
    const auto scratch = OpenScratch();
    const auto progress = VerifyFromLog(*store_, **log, **scratch, "USD",
                                        [](const RecomputeProgress&) { return true; });
    ASSERT_TRUE(progress.ok()) << progress.status();
    EXPECT_EQ(progress->difference_count, 0u);
  }
};

TEST_F(WorkerTest, FoldsWhatIsThereAndWhatComes) {
  AppendMany(10);
  const auto worker = StartWorker(*store_);
  EXPECT_TRUE(WaitUntilFolded(10));
  Append(Record(Buys{{"last", "c1", 1, 1}}));
  EXPECT_TRUE(WaitUntilFolded(11));
  EXPECT_EQ(worker->folded_rows(), 21u);
  EXPECT_EQ(worker->stopped_because(), "");
  ExpectEqualToTheLog();
}

// What lingers for nobody ends as well; what somebody waits for does not linger, which the time of
// the benchmarks shows and no test.
TEST_F(WorkerTest, FoldsATrickleWhetherSomebodyWaitsForItOrNot) {
  Demand awaited;
  Worker worker(
      {.store = store_.get(), .open_log = [this] { return OpenLog(); }, .awaited = &awaited});
  AppendMany(20);
  worker.Start();
  EXPECT_TRUE(WaitUntilFolded(20));
  AppendMany(40);
  EXPECT_TRUE(WaitUntilFolded(60));
  const Demand::Hold hold(&awaited);
  AppendMany(40);
  EXPECT_TRUE(WaitUntilFolded(100));
  worker.Stop();
  ExpectEqualToTheLog();
}

TEST_F(WorkerTest, WhoWaitsForAFoldHoldsTheDemandForIt) {
  Demand awaited;
  storage::SqliteFoldProgress progress({.path = clv_path_, .awaited = &awaited});
  EXPECT_FALSE(awaited.Await(std::chrono::milliseconds(1)));
  std::thread waiter([&] { EXPECT_TRUE(progress.WaitUntilFolded(1, std::chrono::seconds(60))); });
  EXPECT_TRUE(awaited.Await(std::chrono::seconds(60)));
  const auto worker = StartWorker(*store_);
  AppendMany(1);
  waiter.join();
  EXPECT_FALSE(awaited.Await(std::chrono::milliseconds(1)));
}

TEST_F(WorkerTest, TwoWorkersOnTwoStoresLeaveOneConsistentState) {
  const auto other_store = storage::SqliteClvStore::Open({.path = clv_path_});
  ASSERT_TRUE(other_store.ok()) << other_store.status();
  const auto one = StartWorker(*store_, 5);
  const auto two = StartWorker(**other_store, 3);
  AppendMany(150);
  EXPECT_TRUE(WaitUntilFolded(150));
  one->Stop();
  two->Stop();
  EXPECT_EQ(one->folded_rows() + two->folded_rows(), 300u);
  ExpectEqualToTheLog();
}

TEST_F(WorkerTest, TwoWorkersOnOneStoreLeaveOneConsistentState) {
  const auto one = StartWorker(*store_, 5);
  const auto two = StartWorker(*store_, 3);
  AppendMany(150);
  EXPECT_TRUE(WaitUntilFolded(150));
  one->Stop();
  two->Stop();
  EXPECT_EQ(one->folded_rows() + two->folded_rows(), 300u);
  ExpectEqualToTheLog();
}

TEST_F(WorkerTest, WorkersThatStopAndStartAgainLoseNothing) {
  AppendMany(120);
  for (int i = 0; i < 20; ++i) StartWorker(*store_, 4)->Stop();
  const auto last = StartWorker(*store_);
  EXPECT_TRUE(WaitUntilFolded(120));
  ExpectEqualToTheLog();
}

TEST_F(WorkerTest, WaitsForALogThatIsNotThereYet) {
  int attempts = 0;
  Worker worker({.store = store_.get(),
                 .open_log = [&]() -> absl::StatusOr<std::unique_ptr<storage::EventReader>> {
                   if (++attempts < 3) return absl::UnavailableError("not there yet");
                   return OpenLog();
                 }});
  AppendMany(1);
  worker.Start();
  EXPECT_TRUE(WaitUntilFolded(1));
  worker.Stop();
  EXPECT_EQ(attempts, 3);
}

TEST_F(WorkerTest, StopsAndSaysWhyWhenTheLogIsDamaged) {
  AppendMany(3);
  storage::RunRawSql(log_path_, "UPDATE log_records SET payload = x'00' WHERE position = 2");
  const auto worker = StartWorker(*store_, 1);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (worker->stopped_because().empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_THAT(worker->stopped_because(), HasSubstr("position 2 has a wrong checksum"));
}

TEST_F(WorkerTest, ABadEventDoesNotStopIt) {
  ASSERT_TRUE(log_->Append({{.record = storage::NewRecord{domain::DataSource::kPurchases, 1, 1,
                                                          "\xff\xff garbage"},
                             .quarantined = {}}})
                  .ok());
  ++last_position_;
  Append(Record(Buys{{"p1", "c1", 1, 1}}));
  const auto worker = StartWorker(*store_);
  EXPECT_TRUE(WaitUntilFolded(2));
  EXPECT_EQ(Summary("c1").purchase_count, 1);
  EXPECT_EQ(store_->Read().value()->CountFacts()->dead_letters, 1u);
}

TEST_F(WorkerTest, GivesWayUntilItHasFallenBehind) {
  const auto nice = [] { return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); };
  const int own = nice();
  if (own >= 10) GTEST_SKIP() << "the whole test gives way: nice is " << own;
  constexpr int kMany = 50'000;
  std::vector<Buy> buys;
  for (int i = 0; i < kMany; ++i) {
    buys.push_back({"p" + std::to_string(i), "c" + std::to_string(i % 100), 1, 0});
  }
  Append(Record(buys));
  Append(Record(Buys{{"last", "c1", 1, 1}}));
  // Of whoever asks how far the projection is: the start, and each fold before its commit.
  std::mutex mutex;
  std::vector<int> of_questions;
  Worker worker({.store = store_.get(),
                 .open_log = [this] { return OpenLog(); },
                 .max_rows_per_fold = kMany,
                 .applied = [&]() -> storage::LogPosition {
                   std::lock_guard lock(mutex);
                   of_questions.push_back(nice());
                   return UINT64_MAX;
                 }});
  worker.Start();
  ASSERT_TRUE(WaitUntilFolded(2));
  Append(Record(Buys{{"one more", "c1", 1, 1}}));
  ASSERT_TRUE(WaitUntilFolded(3));
  worker.Stop();
  EXPECT_THAT(of_questions, ::testing::ElementsAre(10, 10, own, 10));
  EXPECT_EQ(Summary("c1").purchase_count, kMany / 100 + 2);
}

// Folds that the projection takes long to apply are announced once it has, those of others at once.
class WorkersAnnouncementsTest : public WorkerTest {
 protected:
  std::unique_ptr<Worker> Start() {
    auto worker =
        std::make_unique<Worker>(Worker::Options{.store = store_.get(),
                                                 .open_log = [this] { return OpenLog(); },
                                                 .applied = [this] { return applied_.load(); }});
    worker->Start();
    return worker;
  }

  void AppendFoldOf(int rows) {
    std::vector<Buy> buys;
    for (int i = 0; i < rows; ++i) {
      buys.push_back({"p" + std::to_string(next_++), "c" + std::to_string(i), 1, 0});
    }
    Append(Record(buys));
  }

  void AwaitCheckpoint(storage::LogPosition position) {
    while (store_->Read().value()->checkpoint() < position) std::this_thread::yield();
  }
  storage::LogPosition Announced() { return store_->Read().value()->AnnouncedPosition().value(); }

  std::atomic<storage::LogPosition> applied_{0};
  int next_ = 0;
};

TEST_F(WorkersAnnouncementsTest, ComeWithSmallFolds) {
  const auto worker = Start();
  AppendFoldOf(200);
  AwaitCheckpoint(1);
  EXPECT_EQ(Announced(), 1u);
}

TEST_F(WorkersAnnouncementsTest, WaitForTheProjectionWhereFoldsAreLarge) {
  const auto worker = Start();
  const auto begin = std::chrono::steady_clock::now();
  AppendFoldOf(300);
  AwaitCheckpoint(1);
  const storage::LogPosition announced = Announced();
  const bool is_in_time = std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(400);
  EXPECT_EQ(announced, is_in_time ? 0u : announced);
  applied_ = 1;
  EXPECT_TRUE(WaitUntilFolded(1));
}

TEST_F(WorkersAnnouncementsTest, WaitHalfASecondWhereNobodyApplies) {
  const auto worker = Start();
  AppendFoldOf(300);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(WaitUntilFolded(1));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(400));
}

TEST_F(WorkersAnnouncementsTest, OfAnEarlierWorkerAreMadeUpFor) {
  AppendFoldOf(300);
  // It has folded the record to its end and then no more.
  ASSERT_TRUE(store_->Begin().value()->Commit(1, 0).ok());
  EXPECT_EQ(Announced(), 0u);
  const auto worker = Start();
  EXPECT_TRUE(WaitUntilFolded(1)) << "without a new row";
}

TEST_F(WorkersAnnouncementsTest, AreMadeByAWorkerThatCannotGoOn) {
  const auto worker = Start();
  AppendFoldOf(300);
  AwaitCheckpoint(1);
  storage::RunRawSql(log_path_,
                     "INSERT INTO log_records (position, data_source, received_at, row_count, "
                     "checksum, payload) SELECT 3, data_source, received_at, row_count, checksum, "
                     "payload FROM log_records WHERE position = 1");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (worker->stopped_because().empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_THAT(worker->stopped_because(), HasSubstr("position 2 is missing"));
  EXPECT_EQ(Announced(), 1u);
}

TEST_F(WorkersAnnouncementsTest, AreNotLeftToTheNextWorkerInAnOrderlyEnd) {
  auto worker = Start();
  AppendFoldOf(300);
  AwaitCheckpoint(1);
  worker->Stop();
  EXPECT_EQ(Announced(), 1u);
}

}  // namespace
}  // namespace clv::aggregation
