// services/aggregation/model_keeper.h: fits the prediction models when it is time, and keeps the
// default predictions current.
#ifndef CLV_SERVICES_AGGREGATION_MODEL_KEEPER_H_
#define CLV_SERVICES_AGGREGATION_MODEL_KEEPER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/other_thread.h"
#include "common/domain/order_histories.h"
#include "common/storage/model_store.h"

namespace clv::aggregation {

// When models are fitted again without being asked.
struct RefitPolicy {
  double growth = 0.10;   // customers, or repeat customers, more than the last fit saw, as a share
  uint32_t age_days = 7;  // days that the data's horizon has moved since
  // Time without a change after which work begins, so that loading is not slowed down; changes hold
  // it up for no longer than the other.
  std::chrono::milliseconds quiet{1'500};
  std::chrono::milliseconds longest_wait{60'000};
  // How often the keeper looks for changes.
  std::chrono::milliseconds look{250};
};

// Works on a thread of its own beside the fold and gives way to all: it reads many states, each for
// a moment, so that the write-ahead file can be begun anew meanwhile, and writes in short
// transactions on a thread that gives way to nobody, for the fold waits for these. Errors are
// logged and tried again. Thread-safe.
//
// A fit needs the same facts and the same previous fit to give the same model; it takes orders up
// to the day at which it began. After a fit, and when the data's horizon comes to another day, all
// customers are scored, and only then the new model and day answer by default; customers that a
// fold touches are scored at once.
class ModelKeeper {
 public:
  struct Options {
    storage::ModelStore* store = nullptr;  // must outlive the keeper, as the clock
    const Clock* clock = nullptr;
    RefitPolicy policy;
    // Whether changes are on their way that the store does not show yet, as while a fold takes
    // seconds; may be empty.
    std::function<bool()> are_changes_coming;
  };
  explicit ModelKeeper(Options options) : options_(std::move(options)) {}
  ~ModelKeeper() { Stop(); }

  ModelKeeper(const ModelKeeper&) = delete;
  ModelKeeper& operator=(const ModelKeeper&) = delete;

  void Start();
  // Ends what is under way soon. Calling it again does nothing.
  void Stop();

  // Fits now, scores everybody, and returns the version. `cold`: without the previous fit.
  // `progress` is told the share done and ends the work with false (CANCELLED).
  // FAILED_PRECONDITION, with the reason, when there are too few data.
  using Progress = std::function<bool(double)>;
  absl::StatusOr<uint64_t> FitNow(bool cold, const Progress& progress);

 private:
  // What a look has found to do.
  enum class Due { kNothing, kFit, kScoreAll, kScoreSome, kServeAverage };

  void Run();
  absl::Status Look();
  absl::Status ReadStored();
  absl::StatusOr<Due> WhatIsDue(const storage::PopulationSize& size);
  bool IsRefitDue(const storage::PopulationSize& size) const;
  // With work_mutex_ held, as the rest.
  absl::StatusOr<uint64_t> Fit(bool cold, const Progress& progress);
  // The orders of all up to the end of the day. CANCELLED when `progress` wants no more.
  absl::StatusOr<domain::OrderHistories> ReadOrders(const storage::PopulationSize& size,
                                                    int64_t horizon_day, const Progress& progress);
  absl::Status ScoreAll(const Progress& progress);
  absl::Status ScoreSome();
  // Writes to the store; Result: what `write` returns.
  absl::Status Write(absl::FunctionRef<absl::Status(storage::ModelStore& store)> write);

  const Options options_;
  OtherThread writer_;
  std::mutex work_mutex_;                        // one fit or scoring at a time
  std::optional<storage::StoredModels> models_;  // the newest fit
  std::optional<storage::ScoringState> scoring_;
  bool has_started_ = false;    // all of these are those of the store
  uint64_t scored_change_ = 0;  // the last that predictions know
  std::optional<uint64_t> seen_change_;
  std::chrono::steady_clock::time_point last_change_time_;
  std::chrono::steady_clock::time_point waiting_since_;
  bool is_waiting_ = false;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_MODEL_KEEPER_H_
