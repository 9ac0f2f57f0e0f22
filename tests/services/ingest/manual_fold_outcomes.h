// tests/services/ingest/manual_fold_outcomes.h: folds that did what the test says.
#ifndef CLV_TESTS_SERVICES_INGEST_MANUAL_FOLD_OUTCOMES_H_
#define CLV_TESTS_SERVICES_INGEST_MANUAL_FOLD_OUTCOMES_H_

#include <map>
#include <mutex>

#include "common/storage/clv_store.h"

namespace clv::ingest {

// Thread-safe.
class ManualFoldOutcomes final : public storage::FoldOutcomes {
 public:
  void Set(storage::LogPosition position, const storage::FoldOutcome& outcome) {
    std::lock_guard lock(mutex_);
    outcomes_[position] = outcome;
  }

  absl::StatusOr<std::optional<storage::FoldOutcome>> OutcomeOf(
      storage::LogPosition position) override {
    std::lock_guard lock(mutex_);
    const auto found = outcomes_.find(position);
    if (found == outcomes_.end()) return std::nullopt;
    return found->second;
  }

 private:
  std::mutex mutex_;
  std::map<storage::LogPosition, storage::FoldOutcome> outcomes_;
};

}  // namespace clv::ingest

#endif  // CLV_TESTS_SERVICES_INGEST_MANUAL_FOLD_OUTCOMES_H_
