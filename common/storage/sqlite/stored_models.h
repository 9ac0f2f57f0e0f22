// common/storage/sqlite/stored_models.h: the fits and the state of the scoring in `clv.db`.
//
//   clv_models(model_version, ..., fit)   one row a fit; `fit` is PackFittedModels, the other
//   columns
//                                         are for people
//   scoring(id, model_version, day, scored_change)  the last complete scoring; no row: the average
//   answers
//   customer_predictions(customer_id, ...)  the default predictions, for people: reports compute
//   the
//                                         same from the fit and the facts
#ifndef CLV_COMMON_STORAGE_SQLITE_STORED_MODELS_H_
#define CLV_COMMON_STORAGE_SQLITE_STORED_MODELS_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/domain/served_model.h"
#include "common/storage/model_store.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {

// Reads on one connection; within a transaction of that connection, in its state.
// Thread-compatible.
class StoredModelStatements {
 public:
  static absl::StatusOr<std::unique_ptr<StoredModelStatements>> Prepare(Database& db);

  // As the methods of ModelReader.
  absl::StatusOr<std::optional<StoredModels>> Find(uint64_t version);
  absl::StatusOr<std::vector<StoredModels>> List(uint32_t limit);
  absl::StatusOr<std::optional<ScoringState>> Scoring();

 private:
  StoredModelStatements() = default;
  Statement find_, list_, scoring_;
};

// What answers by default: the fit of the last complete scoring, and its day. Absent: the average.
struct ServingState {
  domain::ServingFit fit;
  int64_t day = 0;
};
absl::StatusOr<std::optional<ServingState>> ReadServingState(Database& db);

// Opens `clv.db` for itself.
class SqliteModelReader final : public ModelReader {
 public:
  explicit SqliteModelReader(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::optional<StoredModels>> FindModels(uint64_t version) override;
  absl::StatusOr<std::vector<StoredModels>> ListModels(uint32_t limit) override;
  absl::StatusOr<std::optional<ScoringState>> Scoring() override;

 private:
  // With mutex_ held.
  absl::StatusOr<StoredModelStatements*> Statements();

  const std::string path_;
  std::mutex mutex_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<StoredModelStatements> statements_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_STORED_MODELS_H_
