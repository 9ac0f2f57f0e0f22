// tests/common/storage/contract/job_store_contract.h: what every backend's store of ingest's jobs
// keeps.
#ifndef CLV_TESTS_COMMON_STORAGE_CONTRACT_JOB_STORE_CONTRACT_H_
#define CLV_TESTS_COMMON_STORAGE_CONTRACT_JOB_STORE_CONTRACT_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "common/storage/storage.h"
#include "gtest/gtest.h"

namespace clv::storage {

// The place of one store; what is opened from it sees the same data. It outlives what it opens.
class JobStoreHome {
 public:
  virtual ~JobStoreHome() = default;

  virtual absl::StatusOr<std::unique_ptr<JobStore>> OpenStore() = 0;
  // The log that lies beside the jobs.
  virtual absl::StatusOr<std::unique_ptr<EventLog>> OpenLog() = 0;
};

using MakeJobStoreHome = std::function<std::unique_ptr<JobStoreHome>()>;

class JobStoreContract : public ::testing::TestWithParam<MakeJobStoreHome> {
 protected:
  void SetUp() override;
  void Reopen();

  std::unique_ptr<JobStoreHome> home_;
  std::unique_ptr<JobStore> store_;
};

}  // namespace clv::storage

#endif  // CLV_TESTS_COMMON_STORAGE_CONTRACT_JOB_STORE_CONTRACT_H_
