// common/storage/sqlite/fold_outcomes.h: what folds did, read from `clv.db`.
#ifndef CLV_COMMON_STORAGE_SQLITE_FOLD_OUTCOMES_H_
#define CLV_COMMON_STORAGE_SQLITE_FOLD_OUTCOMES_H_

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "common/storage/clv_store.h"
#include "common/storage/sqlite/clv_statements.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {

// Keeps one read-only connection, opened at the first question and again after an error. A question
// is one statement by key in a transaction of its own, so it holds nothing back.
class SqliteFoldOutcomes final : public FoldOutcomes {
 public:
  explicit SqliteFoldOutcomes(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::optional<FoldOutcome>> OutcomeOf(LogPosition position) override;

 private:
  absl::Status OpenOnce();  // mutex_ is held

  const std::string path_;
  std::mutex mutex_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<ClvReadStatements> reads_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_FOLD_OUTCOMES_H_
