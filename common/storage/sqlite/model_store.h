// common/storage/sqlite/model_store.h: fits, scores and what they are made from, in `clv.db`.
#ifndef CLV_COMMON_STORAGE_SQLITE_MODEL_STORE_H_
#define CLV_COMMON_STORAGE_SQLITE_MODEL_STORE_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/model_store.h"
#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/stored_models.h"

namespace clv::storage {

// Reads on a connection of its own, one call at a time, and writes on that of the fold.
class SqliteModelStore final : public ModelStore {
 public:
  // `store` writes the file at `path` and must outlive this.
  SqliteModelStore(SqliteClvStore* store, std::string path);
  ~SqliteModelStore() override;

  absl::StatusOr<std::optional<StoredModels>> FindModels(uint64_t version) override;
  absl::StatusOr<std::vector<StoredModels>> ListModels(uint32_t limit) override;
  absl::StatusOr<std::optional<ScoringState>> Scoring() override;
  absl::StatusOr<PopulationSize> CountPopulation() override;
  absl::StatusOr<int> ScanOrdersAfter(const std::string& after, int limit,
                                      VisitOrders visit) override;
  absl::Status FindOrders(absl::Span<const std::string> customer_ids, VisitOrders visit) override;
  absl::StatusOr<uint64_t> LastChange() override;
  absl::StatusOr<std::optional<std::vector<std::string>>> ChangedAfter(uint64_t change) override;
  absl::StatusOr<uint64_t> AddModels(const StoredModels& models) override;
  absl::Status PutPredictions(absl::Span<const CustomerPrediction> predictions,
                              uint64_t model_version, absl::Span<const std::string> gone) override;
  absl::Status PutScoring(const std::optional<ScoringState>& scoring, uint64_t change) override;
  absl::Status PutScoredChange(uint64_t change) override;
  absl::StatusOr<uint64_t> ScoredChange() override;

 private:
  class Connection;

  // With mutex_ held.
  absl::StatusOr<Connection*> Open();

  SqliteClvStore* const store_;
  const std::string path_;
  SqliteModelReader reader_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_MODEL_STORE_H_
