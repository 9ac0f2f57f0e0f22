#include "services/ingest/job_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "common/storage/sqlite/job_store.h"
#include "tests/services/ingest/temp_directory.h"

namespace clv::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr std::chrono::seconds kLong{30};

v1::Job Prototype(v1::JobKind kind, const std::string& data_source = "purchases") {
  v1::Job job;
  job.set_kind(kind);
  job.set_data_source(data_source);
  return job;
}

bool HasPosition(const v1::Job& job) { return job.folded_position() > 0; }

// Runs until it is told to go on; the destructor lets it.
class Gate {
 public:
  ~Gate() { Open(); }
  void Open() {
    if (!std::exchange(is_open_, true)) opened_.set_value();
  }
  JobBoard::Work Work() {
    return [future = future_](JobProgress& /*progress*/) {
      future.wait();
      return absl::OkStatus();
    };
  }

 private:
  bool is_open_ = false;
  std::promise<void> opened_;
  std::shared_future<void> future_ = opened_.get_future().share();
};

absl::Status WaitForStop(JobProgress& progress) {
  while (!progress.stopping()) std::this_thread::yield();
  return absl::CancelledError("told to stop");
}

class JobBoardTest : public ::testing::Test {
 protected:
  void OpenBoard() {
    board_.reset();
    board_ =
        JobBoard::Open({.store = store_.get(), .clock = &SystemClock(), .can_resume = &HasPosition})
            .value();
  }

  v1::Job Ended(const v1::Job& job) {
    return board_->WaitUntilEnded(job.job_id(), std::chrono::steady_clock::now() + kLong).value();
  }

  v1::Job Stored(const std::string& job_id) {
    const std::vector<storage::StoredJob> jobs = store_->ListJobs(1'000).value();
    for (const storage::StoredJob& stored : jobs) {
      v1::Job job;
      if (stored.job_id == job_id && job.ParseFromString(stored.job)) return job;
    }
    ADD_FAILURE() << job_id << " is not stored";
    return {};
  }

  TempDirectory directory_;
  std::unique_ptr<storage::SqliteJobStore> store_ =
      storage::SqliteJobStore::Open(directory_.path() + "/event_log.db").value();
  std::unique_ptr<JobBoard> board_;
};

TEST_F(JobBoardTest, AJobIsKnownFromItsStartToAfterItsEnd) {
  OpenBoard();
  Gate gate;
  const v1::Job started = board_->Start(Prototype(v1::JOB_KIND_DELETE), gate.Work()).value();
  EXPECT_THAT(started.job_id(), StartsWith("job_"));
  EXPECT_EQ(started.kind(), v1::JOB_KIND_DELETE);
  EXPECT_EQ(started.state(), v1::JOB_STATE_WAITING);
  EXPECT_EQ(started.data_source(), "purchases");
  EXPECT_GT(started.create_time().seconds(), 1'600'000'000);
  EXPECT_FALSE(board_->GetJob(started.job_id())->has_end_time());
  gate.Open();
  const v1::Job ended = Ended(started);
  EXPECT_EQ(ended.state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(ended.progress(), 1);
  EXPECT_GE(ended.end_time().seconds(), started.create_time().seconds());
  OpenBoard();
  EXPECT_EQ(board_->GetJob(started.job_id())->state(), v1::JOB_STATE_DONE);
}

TEST_F(JobBoardTest, AJobThatFailsTellsWhy) {
  OpenBoard();
  const v1::Job job = Ended(board_
                                ->Start(Prototype(v1::JOB_KIND_BACKUP),
                                        [](JobProgress& /*progress*/) {
                                          return absl::NotFoundError("there is no directory");
                                        })
                                .value());
  EXPECT_EQ(job.state(), v1::JOB_STATE_ERROR);
  EXPECT_EQ(job.error(), "there is no directory");
  EXPECT_LT(job.progress(), 1);
}

TEST_F(JobBoardTest, ProgressIsSeenWhileTheJobIsAtWork) {
  OpenBoard();
  std::promise<void> reported;
  Gate gate;
  const v1::Job job =
      board_
          ->Start(Prototype(v1::JOB_KIND_RETRY),
                  [&, wait = gate.Work()](JobProgress& progress) {
                    progress.Update([](v1::Job* job) { job->set_progress(0.25); });
                    progress.Update([](v1::Job* job) { job->set_successful_rows(7); },
                                    /*store_now=*/true);
                    reported.set_value();
                    return wait(progress);
                  })
          .value();
  reported.get_future().wait();
  const v1::Job seen = board_->GetJob(job.job_id()).value();
  EXPECT_EQ(seen.state(), v1::JOB_STATE_WORKING);
  EXPECT_EQ(seen.progress(), 0.25);
  EXPECT_EQ(Stored(job.job_id()).successful_rows(), 7u);
  EXPECT_EQ(Stored(job.job_id()).progress(), 0.25);
}

TEST_F(JobBoardTest, JobsOfOneKindAndDataSourceRunInTheOrderOfTheirStart) {
  OpenBoard();
  std::vector<int> order;
  std::vector<v1::Job> jobs;
  for (int i = 0; i < 20; ++i) {
    jobs.push_back(board_
                       ->Start(Prototype(v1::JOB_KIND_DELETE),
                               [&order, i](JobProgress& /*progress*/) {
                                 order.push_back(i);
                                 return absl::OkStatus();
                               })
                       .value());
  }
  for (const v1::Job& job : jobs) Ended(job);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(order.at(static_cast<size_t>(i)), i);
}

TEST_F(JobBoardTest, AJobThatWaitsHoldsUpNoOtherKindAndNoOtherDataSource) {
  OpenBoard();
  Gate gate;
  Gate open;
  open.Open();
  const v1::Job waiting = board_->Start(Prototype(v1::JOB_KIND_TRUNCATE), gate.Work()).value();
  const v1::Job behind = board_->Start(Prototype(v1::JOB_KIND_TRUNCATE), open.Work()).value();
  Ended(board_->Start(Prototype(v1::JOB_KIND_BACKUP, ""), open.Work()).value());
  Ended(board_->Start(Prototype(v1::JOB_KIND_TRUNCATE, "customers"), open.Work()).value());
  EXPECT_EQ(board_->GetJob(behind.job_id())->state(), v1::JOB_STATE_WAITING);
  gate.Open();
  EXPECT_EQ(Ended(waiting).state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(Ended(behind).state(), v1::JOB_STATE_DONE);
}

TEST_F(JobBoardTest, ListsJobsNewestFirst) {
  OpenBoard();
  Gate open;
  open.Open();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(board_->Start(Prototype(v1::JOB_KIND_DELETE), open.Work())->job_id());
  }
  const auto ids_of = [](const std::vector<v1::Job>& jobs) {
    std::vector<std::string> listed;
    for (const v1::Job& job : jobs) listed.push_back(job.job_id());
    return listed;
  };
  EXPECT_THAT(ids_of(board_->ListJobs(2)), ElementsAre(ids[2], ids[1]));
  OpenBoard();
  EXPECT_THAT(ids_of(board_->ListJobs(100)), ElementsAre(ids[2], ids[1], ids[0]));
}

TEST_F(JobBoardTest, AnUnknownJobIsNotFound) {
  OpenBoard();
  EXPECT_EQ(board_->GetJob("job_0").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(board_->WaitUntilEnded("job_0", std::chrono::steady_clock::now()).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(JobBoardTest, WaitingForAJobEndsWithItsTime) {
  OpenBoard();
  Gate gate;
  const v1::Job job = board_->Start(Prototype(v1::JOB_KIND_DELETE), gate.Work()).value();
  const auto now = std::chrono::steady_clock::now();
  EXPECT_FALSE(board_->WaitUntilEnded(job.job_id(), now)->has_end_time());
}

TEST_F(JobBoardTest, AJobThatIsEndedWithoutRunningHasEnded) {
  OpenBoard();
  const v1::Job job = board_->Create(Prototype(v1::JOB_KIND_DELETE)).value();
  board_->End(job.job_id(), absl::UnavailableError("the log is full"));
  EXPECT_EQ(board_->GetJob(job.job_id())->error(), "the log is full");
  EXPECT_EQ(Stored(job.job_id()).state(), v1::JOB_STATE_ERROR);
}

TEST_F(JobBoardTest, JobsThatTheEndOfTheProcessInterruptsBecomeErrors) {
  OpenBoard();
  const v1::Job running = board_->Start(Prototype(v1::JOB_KIND_RETRY), &WaitForStop).value();
  const v1::Job queued = board_->Start(Prototype(v1::JOB_KIND_RETRY), &WaitForStop).value();
  board_.reset();
  for (const v1::Job& job : {running, queued}) {
    EXPECT_EQ(Stored(job.job_id()).state(), v1::JOB_STATE_ERROR);
    EXPECT_EQ(Stored(job.job_id()).error(), "the process ended before the job did");
  }
}

TEST_F(JobBoardTest, JobsThatACrashInterruptedBecomeErrorsOrGoOn) {
  const auto leave = [&](const std::string& id, uint64_t position) {
    v1::Job job = Prototype(v1::JOB_KIND_DELETE);
    job.set_job_id(id);
    job.set_state(v1::JOB_STATE_WORKING);
    job.set_folded_position(position);
    ASSERT_TRUE(store_->PutJob({.job_id = id, .job = job.SerializeAsString()}).ok());
  };
  leave("job_1", 7);
  leave("job_2", 0);
  leave("job_3", 8);
  OpenBoard();
  EXPECT_EQ(board_->GetJob("job_2")->state(), v1::JOB_STATE_ERROR);
  EXPECT_TRUE(board_->GetJob("job_2")->has_end_time());
  EXPECT_EQ(Stored("job_2").state(), v1::JOB_STATE_ERROR);
  const std::vector<v1::Job> unfinished = board_->unfinished();
  ASSERT_THAT(unfinished, SizeIs(2));
  EXPECT_EQ(unfinished[0].job_id(), "job_1");
  EXPECT_EQ(unfinished[1].job_id(), "job_3");
  Gate open;
  open.Open();
  for (const v1::Job& job : unfinished) board_->Run(job.job_id(), open.Work());
  EXPECT_THAT(board_->unfinished(), IsEmpty());
  EXPECT_EQ(Ended(unfinished[1]).state(), v1::JOB_STATE_DONE);
}

TEST_F(JobBoardTest, AJobThatCanGoOnIsLeftUnfinishedWhenTheProcessEnds) {
  OpenBoard();
  v1::Job prototype = Prototype(v1::JOB_KIND_DELETE);
  prototype.set_folded_position(3);
  const v1::Job job = board_->Start(prototype, &WaitForStop).value();
  OpenBoard();
  ASSERT_THAT(board_->unfinished(), SizeIs(1));
  EXPECT_EQ(board_->unfinished()[0].job_id(), job.job_id());
}

// A store that takes nothing.
class FullJobStore final : public storage::JobStore {
 public:
  absl::Status PutJob(const storage::StoredJob& /*job*/) override {
    return absl::ResourceExhaustedError("disk full");
  }
  absl::StatusOr<std::vector<storage::StoredJob>> ListJobs(uint32_t /*limit*/) override {
    return std::vector<storage::StoredJob>();
  }
};

TEST(JobBoardStoreTest, AJobThatCannotBeStoredIsNotStarted) {
  FullJobStore store;
  const auto board = JobBoard::Open({.store = &store, .clock = &SystemClock()}).value();
  bool has_run = false;
  const auto job = board->Start(Prototype(v1::JOB_KIND_DELETE), [&](JobProgress& /*progress*/) {
    has_run = true;
    return absl::OkStatus();
  });
  EXPECT_EQ(job.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(board->ListJobs(10), IsEmpty());
  EXPECT_FALSE(has_run);
}

TEST_F(JobBoardTest, ADamagedRecordIsDataLoss) {
  ASSERT_TRUE(store_->PutJob({.job_id = "job_1", .job = "\xFF\xFF"}).ok());
  const auto board = JobBoard::Open({.store = store_.get(), .clock = &SystemClock()});
  EXPECT_EQ(board.status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace clv::ingest
