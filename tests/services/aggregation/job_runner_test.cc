// Verification and rebuilding as jobs.

#include "services/aggregation/job_runner.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/services/aggregation/fold_fixture.h"

namespace clv::aggregation {
namespace {

using ::testing::HasSubstr;
using Buys = std::vector<Buy>;

class FixedClock final : public Clock {
 public:
  int64_t NowMicros() const override { return kNewYear * 1'000'000; }
};

class JobRunnerTest : public LoggedFoldTest {
 protected:
  void SetUp() override {
    LoggedFoldTest::SetUp();
    Append(Record(Buys{{"p1", "c1", 10, 0}, {"p2", "c2", 5, 1}}));
    FoldLog();
    StartRunner();
  }

  void StartRunner() {
    auto runner = JobRunner::Start({.store = store_.get(),
                                    .clock = &clock_,
                                    .open_log = [this] { return OpenLog(); },
                                    .open_scratch = [this] { return OpenScratch(); }});
    ASSERT_TRUE(runner.ok()) << runner.status();
    runner_ = *std::move(runner);
  }

  v1::Job WaitFor(const absl::StatusOr<v1::Job>& started) {
    EXPECT_TRUE(started.ok()) << started.status();
    if (!started.ok()) return {};
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < until) {
      v1::Job job = runner_->GetJob(started->job_id()).value();
      if (job.has_end_time()) return job;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    ADD_FAILURE() << started->job_id() << " does not end";
    return {};
  }

  FixedClock clock_;
  std::unique_ptr<JobRunner> runner_;
};

TEST_F(JobRunnerTest, VerifiesFromFacts) {
  const v1::Job job = WaitFor(runner_->StartVerify(false));
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(job.kind(), v1::JOB_KIND_VERIFY);
  EXPECT_EQ(job.difference_count(), 0u);
  EXPECT_EQ(job.customers_done(), 2u);
  EXPECT_EQ(job.folded_position(), 1u);
  EXPECT_EQ(job.create_time().seconds(), kNewYear);
}

TEST_F(JobRunnerTest, VerifyingFromTheLogChecksTheFactsToo) {
  ChangePurchase("p1", [](domain::Purchase& purchase) { purchase.purchase_amount_micros = 1; });
  const v1::Job job = WaitFor(runner_->StartVerify(true));
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE);
  // The value row differs from the facts in two columns, the fact from the log in one.
  EXPECT_EQ(job.difference_count(), 3u);
  ASSERT_EQ(job.differences_size(), 3);
  EXPECT_EQ(job.differences(0).subject(), "customer_clv c1");
  EXPECT_EQ(job.differences(2).subject(), "purchases p1");
}

TEST_F(JobRunnerTest, RefusesToVerifyFromALogThatWasTrimmed) {
  ASSERT_TRUE(log_->TrimThrough(1).ok());
  EXPECT_EQ(runner_->StartVerify(true).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(JobRunnerTest, Rebuilds) {
  storage::RunRawSql(clv_path_, "UPDATE customer_clv SET purchase_count = 9");
  EXPECT_EQ(WaitFor(runner_->StartRebuild()).state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(WaitFor(runner_->StartVerify(false)).difference_count(), 0u);
}

TEST_F(JobRunnerTest, AFailingJobEndsAsAnError) {
  storage::RunRawSql(log_path_, "UPDATE log_records SET payload = x'00'");
  const v1::Job job = WaitFor(runner_->StartVerify(true));
  EXPECT_EQ(job.state(), v1::JOB_STATE_ERROR);
  EXPECT_THAT(job.error(), HasSubstr("checksum"));
}

TEST_F(JobRunnerTest, ListsJobsNewestFirst) {
  const v1::Job first = WaitFor(runner_->StartVerify(false));
  const v1::Job second = WaitFor(runner_->StartRebuild());
  const std::vector<v1::Job> jobs = runner_->ListJobs(10);
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0].job_id(), second.job_id());
  EXPECT_EQ(jobs[1].job_id(), first.job_id());
  EXPECT_EQ(runner_->ListJobs(1).size(), 1u);
}

TEST_F(JobRunnerTest, KnowsNoOtherJob) {
  EXPECT_EQ(runner_->GetJob("job_x").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(JobRunnerTest, KeepsEndedJobsOverARestart) {
  storage::RunRawSql(clv_path_,
                     "UPDATE customer_clv SET purchase_count = 9 "
                     "WHERE customer_id = 'c1'");
  const v1::Job before = WaitFor(runner_->StartVerify(false));
  runner_.reset();
  StartRunner();
  EXPECT_EQ(runner_->GetJob(before.job_id())->SerializeAsString(), before.SerializeAsString());
  EXPECT_EQ(before.difference_count(), 1u);
}

TEST_F(JobRunnerTest, UnfinishedJobsAreErrorsAfterARestart) {
  runner_.reset();
  for (const auto& [id, state] :
       {std::pair("waiting", v1::JOB_STATE_WAITING), std::pair("working", v1::JOB_STATE_WORKING)}) {
    ASSERT_TRUE(
        store_
            ->PutJob(
                {.job_id = id, .kind = v1::JOB_KIND_VERIFY, .state = state, .differences = "{}"})
            .ok());
  }
  StartRunner();
  for (const char* id : {"waiting", "working"}) {
    const auto job = runner_->GetJob(id);
    ASSERT_TRUE(job.ok()) << job.status();
    EXPECT_EQ(job->state(), v1::JOB_STATE_ERROR) << id;
    EXPECT_THAT(job->error(), HasSubstr("process ended"));
    EXPECT_EQ(job->end_time().seconds(), kNewYear);
  }
  runner_.reset();
  StartRunner();
  EXPECT_EQ(runner_->GetJob("working")->state(), v1::JOB_STATE_ERROR);
}

}  // namespace
}  // namespace clv::aggregation
