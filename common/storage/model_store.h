// common/storage/model_store.h: the contract between those who fit and serve prediction models and
// their store. Errors as in storage.h.
#ifndef CLV_COMMON_STORAGE_MODEL_STORE_H_
#define CLV_COMMON_STORAGE_MODEL_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/domain/customer_prediction.h"
#include "common/domain/model_choice.h"
#include "common/domain/order_histories.h"
#include "common/domain/records.h"

namespace clv::storage {

// One fit.
struct StoredModels {
  uint64_t version = 0;              // from 1, rising
  int64_t data_horizon_seconds = 0;  // latest date in the data that it saw
  int64_t fitted_at_seconds = 0;
  double fit_seconds = 0;  // what it took
  domain::FittedModels models;
};

// Which model answers by default, and as of which day: those of the last complete scoring.
struct ScoringState {
  uint64_t model_version = 0;
  int64_t day = 0;  // UTC days since 1970-01-01

  bool operator==(const ScoringState&) const = default;
};

// Reads stored fits. Thread-safe. UNAVAILABLE while there is no store yet.
class ModelReader {
 public:
  virtual ~ModelReader() = default;

  // Absent when there is none of that version; 0: the newest.
  virtual absl::StatusOr<std::optional<StoredModels>> FindModels(uint64_t version) = 0;

  // Newest first.
  virtual absl::StatusOr<std::vector<StoredModels>> ListModels(uint32_t limit) = 0;

  // Absent while nothing was ever scored completely, or when the data became too few again.
  virtual absl::StatusOr<std::optional<ScoringState>> Scoring() = 0;
};

// A customer with an order, for fits and scores; views are valid during the call that gets it.
struct CustomerOrders {
  std::string_view customer_id;
  absl::Span<const domain::OrderDay> days;        // of rows; may be empty with an imported record
  const domain::ImportedClv* imported = nullptr;  // null: none
  int64_t first_purchase_date = 0;                // of orders and record together
  int64_t last_purchase_date = 0;
  int64_t last_activity_date = 0;
};

// The default prediction of one customer.
struct CustomerPrediction {
  std::string customer_id;
  int64_t day = 0;  // as of its end
  domain::CustomerScore score;
};

// How much there is.
struct PopulationSize {
  uint64_t customers = 0;  // with an order
  uint64_t repeat_customers = 0;
  std::optional<int64_t> first_day;        // of all orders
  std::optional<int64_t> horizon_seconds;  // latest date in the data
};

// The writer's side. Thread-safe; writes wait for a fold that is under way, and a fold for them, so
// they are short.
class ModelStore : public ModelReader {
 public:
  virtual absl::StatusOr<PopulationSize> CountPopulation() = 0;

  // Visits customers with an order whose ids are greater than `after`, in the order of ids and in
  // one consistent state: `limit` at most, all for -1. Result: how many.
  using VisitOrders = absl::FunctionRef<absl::Status(const CustomerOrders& customer)>;
  virtual absl::StatusOr<int> ScanOrdersAfter(const std::string& after, int limit,
                                              VisitOrders visit) = 0;

  // Those of the customers that have an order.
  virtual absl::Status FindOrders(absl::Span<const std::string> customer_ids,
                                  VisitOrders visit) = 0;

  // Number of the last transaction that changed customers, and those changed after a number; absent
  // when that is not known any more.
  virtual absl::StatusOr<uint64_t> LastChange() = 0;
  virtual absl::StatusOr<std::optional<std::vector<std::string>>> ChangedAfter(uint64_t change) = 0;

  // Adds a fit (its version is not looked at) and gives its version. The newest 1,000 are kept.
  virtual absl::StatusOr<uint64_t> AddModels(const StoredModels& models) = 0;

  // Puts predictions of some customers, and removes those of others.
  virtual absl::Status PutPredictions(absl::Span<const CustomerPrediction> predictions,
                                      uint64_t model_version,
                                      absl::Span<const std::string> gone) = 0;

  // A scoring, which knows all changes up to number `change`, is complete: from now on it answers
  // by default. Removes predictions of other models. Absent: the average answers, and all
  // predictions go.
  virtual absl::Status PutScoring(const std::optional<ScoringState>& scoring, uint64_t change) = 0;

  // The last scoring knows the changes up to this one, too.
  virtual absl::Status PutScoredChange(uint64_t change) = 0;
  // The last change that it knows; 0 without a scoring.
  virtual absl::StatusOr<uint64_t> ScoredChange() = 0;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_MODEL_STORE_H_
