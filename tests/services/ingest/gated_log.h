// tests/services/ingest/gated_log.h: a log that is slow or fails when the test wants it.
#ifndef CLV_TESTS_SERVICES_INGEST_GATED_LOG_H_
#define CLV_TESTS_SERVICES_INGEST_GATED_LOG_H_

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/storage/storage.h"

namespace clv::ingest {

// A real log whose appends a test can hold back or let fail.
class GatedLog final : public storage::EventLog {
 public:
  explicit GatedLog(storage::EventLog* log) : log_(log) {}

  void Close() { gate_.lock(); }
  void Open() { gate_.unlock(); }
  void FailWith(absl::Status status) {
    std::lock_guard lock(gate_);
    failure_ = std::move(status);
  }
  int appends() const { return appends_; }

  absl::StatusOr<std::vector<storage::LogPosition>> Append(
      const std::vector<storage::LogBatch>& batches) override {
    ++appends_;
    std::lock_guard lock(gate_);
    if (!failure_.ok()) return failure_;
    return log_->Append(batches);
  }
  absl::Status TrimThrough(storage::LogPosition position) override {
    return log_->TrimThrough(position);
  }
  absl::Status LimitQuarantine(int64_t now_seconds, uint64_t max_bytes) override {
    return log_->LimitQuarantine(now_seconds, max_bytes);
  }
  storage::LogPosition LastPosition() const override { return log_->LastPosition(); }
  storage::LogPosition FirstRetainedPosition() const override {
    return log_->FirstRetainedPosition();
  }
  std::map<storage::DataSource, storage::QuarantineCounts> quarantine_counts() const override {
    return log_->quarantine_counts();
  }
  storage::LogPosition LoadStart(const std::string& load_id) const override {
    return log_->LoadStart(load_id);
  }
  absl::Status AbandonLoad(const std::string& load_id) override {
    return log_->AbandonLoad(load_id);
  }
  absl::Status ReplaceRecords(const std::vector<storage::RewrittenRecord>& records) override {
    return log_->ReplaceRecords(records);
  }
  std::vector<storage::LogPosition> OpenErasures() const override { return log_->OpenErasures(); }
  absl::Status FinishErasure(const storage::RewrittenRecord& record) override {
    return log_->FinishErasure(record);
  }
  absl::StatusOr<uint64_t> RemoveQuarantined(
      storage::DataSource data_source,
      const std::function<bool(const storage::QuarantinedRow&)>& is_meant) override {
    return log_->RemoveQuarantined(data_source, is_meant);
  }
  absl::Status Scrub() override { return log_->Scrub(); }
  std::string ErasureKey() const override { return log_->ErasureKey(); }
  absl::StatusOr<std::vector<std::string>> ErasedHashes() override { return log_->ErasedHashes(); }
  storage::ErasedCounts erased_counts() const override { return log_->erased_counts(); }
  uint64_t SizeBytes() const override { return log_->SizeBytes(); }

 private:
  storage::EventLog* log_;
  std::mutex gate_;
  absl::Status failure_;
  std::atomic<int> appends_ = 0;
};

}  // namespace clv::ingest

#endif  // CLV_TESTS_SERVICES_INGEST_GATED_LOG_H_
