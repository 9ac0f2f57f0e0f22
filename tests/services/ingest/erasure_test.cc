// Erasures as jobs: what is there when StartErase returns, how they end, and how they go on after a
// crash.

#include "services/ingest/erasure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "common/storage/sqlite/job_store.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/services/ingest/erasure_scene.h"

namespace clv::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::chrono::steady_clock::time_point In(std::chrono::seconds seconds) {
  return std::chrono::steady_clock::now() + seconds;
}

class ErasureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    scene_.Append({.received_at_seconds = 1,
                   .customers = {{.customer_id = kCanary, .name = "Canary", .email = "c@x.com"},
                                 {.customer_id = "other", .name = "Other"}}});
    scene_.FoldAll();
    Start();
  }

  // Ends the process, and starts one on the same data.
  void Stop() {
    jobs_.reset();
    erasure_.reset();
    erased_.reset();
  }
  void Start() {
    erased_ = std::make_unique<ErasedCustomers>(scene_.log().ErasureKey(),
                                                scene_.log().ErasedHashes().value());
    store_ = storage::SqliteJobStore::Open(log_path_).value();
    jobs_ = JobBoard::Open(
                {.store = store_.get(), .clock = &SystemClock(), .can_resume = &Erasure::CanResume})
                .value();
    erasure_ = std::make_unique<Erasure>(Erasure::Options{.queue = &scene_.queue(),
                                                          .log = &scene_.log(),
                                                          .facts = &facts_,
                                                          .erased = erased_.get(),
                                                          .steps = &scene_.steps(),
                                                          .jobs = jobs_.get(),
                                                          .clock = &SystemClock()});
    ASSERT_TRUE(erasure_->Resume().ok());
  }
  void TearDown() override { Stop(); }

  v1::Job EndOf(const std::string& job_id) {
    return jobs_->WaitUntilEnded(job_id, In(std::chrono::seconds(30))).value();
  }

  ErasureScene scene_;
  const std::string log_path_ = scene_.directory().path() + "/event_log.db";
  storage::SqliteClvReader facts_{scene_.directory().path() + "/clv.db"};
  std::unique_ptr<storage::SqliteJobStore> store_;
  std::unique_ptr<ErasedCustomers> erased_;
  std::unique_ptr<Erasure> erasure_;
  std::unique_ptr<JobBoard> jobs_;
};

TEST_F(ErasureTest, TheErasureIsSafeWhenItIsStarted) {
  const auto job = erasure_->StartErase(kCanary);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->kind(), v1::JOB_KIND_ERASE);
  EXPECT_THAT(job->ShortDebugString(), Not(HasSubstr(kCanary)));
  EXPECT_TRUE(erased_->Contains(kCanary));
  EXPECT_FALSE(erased_->Contains("other"));
  EXPECT_EQ(scene_.log().erased_counts().customers, 1u);
  EXPECT_THAT(scene_.log().OpenErasures(), ElementsAre(job->folded_position()));
  EXPECT_EQ(std::get<wire::CustomerErasure>(scene_.Records().back().command),
            (wire::CustomerErasure{kCanary, {"Canary", "c@x.com"}}));
}

TEST_F(ErasureTest, TheJobEndsWithItsCounts) {
  const v1::Job started = erasure_->StartErase(kCanary).value();
  scene_.FoldAll();
  const v1::Job job = EndOf(started.job_id());
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE) << job.error();
  EXPECT_EQ(job.removed_rows(), 1u);
  EXPECT_EQ(job.removed_log_rows(), 1u);
  EXPECT_EQ(job.removed_quarantined_rows(), 0u);
  EXPECT_EQ(job.progress(), 1);
  EXPECT_FALSE(scene_.FilesHold(kCanary));
  EXPECT_FALSE(scene_.FilesHold("c@x.com"));
}

TEST_F(ErasureTest, RefusesWhatNoCustomerIdCanBe) {
  for (const std::string& id : {std::string(), std::string(257, 'x'), std::string("a\nb"),
                                std::string("\xFF"), std::string("a\0b", 3)}) {
    const auto job = erasure_->StartErase(id);
    EXPECT_EQ(job.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(job.status().message(), HasSubstr("customer_id"));
  }
  EXPECT_TRUE(erasure_->StartErase(std::string(256, 'x')).ok());
  EXPECT_EQ(scene_.log().erased_counts().customers, 1u);
}

TEST_F(ErasureTest, AwaitsTheEndAndNoLonger) {
  const v1::Job started = erasure_->StartErase(kCanary).value();
  const auto await = [&](std::chrono::steady_clock::time_point until) {
    auto answer = std::make_shared<std::promise<v1::Job>>();
    erasure_->AwaitEnd(started, until, [answer](const absl::StatusOr<v1::Job>& job) {
      answer->set_value(job.value());
    });
    return answer->get_future();
  };
  EXPECT_NE(await(In(std::chrono::seconds(0))).get().state(), v1::JOB_STATE_DONE);
  auto end = await(In(std::chrono::seconds(30)));
  scene_.FoldAll();
  EXPECT_EQ(end.get().state(), v1::JOB_STATE_DONE);
}

TEST_F(ErasureTest, GoesOnUnderTheSameJobAfterACrash) {
  const v1::Job started = erasure_->StartErase(kCanary).value();
  Stop();
  scene_.FoldAll();
  Start();
  EXPECT_TRUE(erased_->Contains(kCanary));
  const v1::Job job = EndOf(started.job_id());
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE) << job.error();
  EXPECT_THAT(scene_.log().OpenErasures(), IsEmpty());
  EXPECT_FALSE(scene_.FilesHold(kCanary));
}

TEST_F(ErasureTest, GoesOnWithoutAJobThatIsLost) {
  ASSERT_TRUE(erasure_->StartErase(kCanary).ok());
  Stop();
  storage::RunRawSql(log_path_, "DELETE FROM jobs");
  scene_.FoldAll();
  Start();
  ASSERT_THAT(jobs_->ListJobs(10), SizeIs(1));
  EXPECT_EQ(EndOf(jobs_->ListJobs(10).front().job_id()).state(), v1::JOB_STATE_DONE);
  EXPECT_FALSE(scene_.FilesHold(kCanary));
}

TEST_F(ErasureTest, AJobWhoseErasureWasFinishedIsDone) {
  const v1::Job started = erasure_->StartErase(kCanary).value();
  Stop();
  scene_.FoldAll();
  ASSERT_TRUE(scene_.Erase(started.folded_position()).ok());
  Start();
  EXPECT_EQ(EndOf(started.job_id()).state(), v1::JOB_STATE_DONE);
}

TEST_F(ErasureTest, WhatMayPassIsTriedAgain) {
  const v1::Job started = erasure_->StartErase(kCanary).value();
  scene_.facts().FailNext(2);
  scene_.FoldAll();
  const v1::Job job = EndOf(started.job_id());
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE) << job.error();
  EXPECT_EQ(job.removed_log_rows(), 1u);
  EXPECT_EQ(scene_.facts().failures_left(), 0);
}

TEST_F(ErasureTest, AReaderOfTheLogIsWaitedFor) {
  auto reader =
      storage::Database::Open({.path = log_path_, .migrations = &storage::EventLogMigrations()})
          .value();
  ASSERT_TRUE(reader->Execute("BEGIN; SELECT * FROM log_records").ok());
  const v1::Job started = erasure_->StartErase(kCanary).value();
  scene_.FoldAll();
  while (jobs_->GetJob(started.job_id())->progress() < 0.9) std::this_thread::yield();
  EXPECT_THAT(scene_.log().OpenErasures(), SizeIs(1));
  reader.reset();
  EXPECT_EQ(EndOf(started.job_id()).state(), v1::JOB_STATE_DONE);
  EXPECT_FALSE(scene_.FilesHold(kCanary));
}

TEST_F(ErasureTest, ErasingAgainDoesNoHarm) {
  const v1::Job first = erasure_->StartErase(kCanary).value();
  const v1::Job second = erasure_->StartErase(kCanary).value();
  scene_.FoldAll();
  EXPECT_EQ(EndOf(first.job_id()).state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(EndOf(second.job_id()).state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(scene_.log().erased_counts().customers, 1u);
  EXPECT_FALSE(scene_.FilesHold(kCanary));
}

}  // namespace
}  // namespace clv::ingest
