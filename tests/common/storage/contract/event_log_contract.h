// tests/common/storage/contract/event_log_contract.h: what every backend's event log keeps.
//
// A backend links the library and says INSTANTIATE_TEST_SUITE_P(Name, EventLogContract,
// ::testing::Values(factory)).
#ifndef CLV_TESTS_COMMON_STORAGE_CONTRACT_EVENT_LOG_CONTRACT_H_
#define CLV_TESTS_COMMON_STORAGE_CONTRACT_EVENT_LOG_CONTRACT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/storage.h"
#include "gtest/gtest.h"

namespace clv::storage {

// The place of one event log; what is opened from it sees the same data. It outlives what it opens.
class EventLogHome {
 public:
  virtual ~EventLogHome() = default;

  virtual absl::StatusOr<std::unique_ptr<EventLog>> OpenLog() = 0;
  virtual absl::StatusOr<std::unique_ptr<EventReader>> OpenReader() = 0;
  virtual std::unique_ptr<QuarantineReader> OpenQuarantine() = 0;

  // Changes a byte of a record's payload behind the log's back.
  virtual void DamagePayload(LogPosition position) = 0;
  // Takes a record away behind the log's back.
  virtual void LoseRecord(LogPosition position) = 0;
  // From now on the storage refuses to take a quarantined row with this raw text.
  virtual void RefuseQuarantined(const std::string& raw) = 0;
};

using MakeEventLogHome = std::function<std::unique_ptr<EventLogHome>()>;

class EventLogContract : public ::testing::TestWithParam<MakeEventLogHome> {
 protected:
  void SetUp() override;
  void Reopen();

  // A batch with one record of `rows` rows; its payload tells its number.
  LogBatch Batch(uint32_t rows = 1);
  static QuarantinedRow Refused(const std::string& raw, int64_t inserted_at_seconds = 1'000,
                                DataSource data_source = DataSource::kPurchases);
  // Appends and returns the positions; fails the test on an error.
  std::vector<LogPosition> Append(const std::vector<LogBatch>& batches);
  std::vector<LogPosition> PositionsAfter(LogPosition after, uint64_t max_rows = 1'000);
  // Raw texts, newest first.
  std::vector<std::string> Quarantined(DataSource data_source, uint64_t limit = 100,
                                       uint64_t offset = 0);

  std::unique_ptr<EventLogHome> home_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<EventReader> reader_;
  int batches_made_ = 0;
};

}  // namespace clv::storage

#endif  // CLV_TESTS_COMMON_STORAGE_CONTRACT_EVENT_LOG_CONTRACT_H_
