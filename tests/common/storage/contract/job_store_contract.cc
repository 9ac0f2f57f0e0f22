#include "tests/common/storage/contract/job_store_contract.h"

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"

namespace clv::storage {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JobStoreContract);

namespace {

std::vector<std::string> IdsOf(const absl::StatusOr<std::vector<StoredJob>>& jobs) {
  std::vector<std::string> ids;
  EXPECT_TRUE(jobs.ok()) << jobs.status();
  if (!jobs.ok()) return ids;
  for (const StoredJob& job : *jobs) ids.push_back(job.job_id);
  return ids;
}

}  // namespace

void JobStoreContract::SetUp() {
  home_ = GetParam()();
  Reopen();
}

void JobStoreContract::Reopen() {
  store_.reset();
  auto store = home_->OpenStore();
  ASSERT_TRUE(store.ok()) << store.status();
  store_ = *std::move(store);
}

TEST_P(JobStoreContract, BeginsEmpty) { EXPECT_THAT(*store_->ListJobs(10), IsEmpty()); }

TEST_P(JobStoreContract, KeepsAJobWhole) {
  const std::string job("\0\xff binary", 9);
  ASSERT_TRUE(store_->PutJob({.job_id = "a", .created_at_seconds = 7, .job = job}).ok());
  Reopen();
  const auto jobs = store_->ListJobs(10);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_EQ(jobs->size(), 1u);
  EXPECT_EQ(jobs->front().job_id, "a");
  EXPECT_EQ(jobs->front().created_at_seconds, 7);
  EXPECT_EQ(jobs->front().job, job);
}

TEST_P(JobStoreContract, ListsTheNewestFirstWhateverTheClockSays) {
  for (const char* id : {"b", "a", "c"}) {
    ASSERT_TRUE(store_->PutJob({.job_id = id, .created_at_seconds = 7}).ok());
  }
  ASSERT_TRUE(store_->PutJob({.job_id = "d", .created_at_seconds = 1}).ok());
  EXPECT_THAT(IdsOf(store_->ListJobs(10)), ElementsAre("d", "c", "a", "b"));
  EXPECT_THAT(IdsOf(store_->ListJobs(2)), ElementsAre("d", "c"));
}

TEST_P(JobStoreContract, AJobThatIsPutAgainIsReplacedAtItsPlace) {
  ASSERT_TRUE(store_->PutJob({.job_id = "a", .job = "old"}).ok());
  ASSERT_TRUE(store_->PutJob({.job_id = "b", .job = "other"}).ok());
  ASSERT_TRUE(store_->PutJob({.job_id = "a", .job = "new"}).ok());
  EXPECT_THAT(IdsOf(store_->ListJobs(10)), ElementsAre("b", "a"));
  EXPECT_EQ(store_->ListJobs(10)->back().job, "new");
}

TEST_P(JobStoreContract, KeepsTheNewestThousand) {
  for (int i = 0; i < 1'010; ++i) {
    ASSERT_TRUE(store_->PutJob({.job_id = std::to_string(i)}).ok());
  }
  const std::vector<std::string> ids = IdsOf(store_->ListJobs(2'000));
  ASSERT_EQ(ids.size(), 1'000u);
  EXPECT_EQ(ids.front(), "1009");
  EXPECT_EQ(ids.back(), "10");
}

TEST_P(JobStoreContract, IsWrittenBesideTheLog) {
  const auto log = home_->OpenLog();
  ASSERT_TRUE(log.ok()) << log.status();
  std::thread jobs([&] {
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(store_->PutJob({.job_id = std::to_string(i)}).ok());
    }
  });
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE((*log)->Append({{.record = NewRecord{.payload = "x"}}}).ok());
  }
  jobs.join();
  EXPECT_EQ((*log)->LastPosition(), 100u);
  EXPECT_EQ(store_->ListJobs(1'000)->size(), 100u);
}

}  // namespace clv::storage
