#include "services/aggregation/model_keeper.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/instant.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/base/thread_priority.h"
#include "common/domain/customer_prediction.h"
#include "common/domain/model_choice.h"

namespace clv::aggregation {
namespace {

using std::chrono::steady_clock;

// So many customers are read and scored in one transaction: a few milliseconds.
constexpr int kChunk = 2'000;
// Shares of a fit's progress.
constexpr double kReadingShare = 0.2;
constexpr double kFittingShare = 0.5;

domain::FittedModel Served(const storage::StoredModels& stored) {
  domain::FittedModel model = domain::ModelToServe(
      stored.models, domain::ServedFamily(stored.models, domain::ModelFamily::kAuto));
  model.version = stored.version;
  model.data_horizon_seconds = stored.data_horizon_seconds;
  return model;
}

std::string WhyTooLittle(const storage::PopulationSize& size) {
  if (!size.horizon_seconds || !size.first_day) return "there are no orders";
  return domain::TooLittleData(size.repeat_customers,
                               DayOf(*size.horizon_seconds) - *size.first_day);
}

absl::Status Cancelled() { return absl::CancelledError("the work was stopped"); }

storage::CustomerPrediction PredictionOf(const domain::CustomerScorer& scorer,
                                         const storage::CustomerOrders& customer,
                                         int64_t scoring_day) {
  const int64_t day = std::max(scoring_day, DayOf(customer.last_activity_date));
  return {.customer_id = std::string(customer.customer_id),
          .day = day,
          .score = scorer.Score(domain::HistoryOf(customer.days, customer.imported, day))};
}

}  // namespace

void ModelKeeper::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ModelKeeper::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ModelKeeper::Run() {
  GiveWayToAll();
  std::string last_error;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, options_.policy.look, [&] { return stopping_.load(); });
      if (stopping_) return;
    }
    const absl::Status looked = Look();
    if (looked.ok() || stopping_) {
      last_error.clear();
    } else if (last_error != looked.message()) {
      last_error = std::string(looked.message());
      spdlog::warn("prediction models: {}", last_error);
    }
  }
}

absl::Status ModelKeeper::Look() {
  CLV_ASSIGN_OR_RETURN(const uint64_t change, options_.store->LastChange());
  const auto now = steady_clock::now();
  if (change != seen_change_) {
    seen_change_ = change;
    last_change_time_ = now;
    if (!is_waiting_) waiting_since_ = now;
    is_waiting_ = true;
  }
  if (!is_waiting_) return absl::OkStatus();
  if (options_.are_changes_coming && options_.are_changes_coming()) last_change_time_ = now;
  if (now - last_change_time_ < options_.policy.quiet &&
      now - waiting_since_ < options_.policy.longest_wait) {
    return absl::OkStatus();
  }
  std::lock_guard lock(work_mutex_);
  CLV_ASSIGN_OR_RETURN(const storage::PopulationSize size, options_.store->CountPopulation());
  CLV_ASSIGN_OR_RETURN(const Due due, WhatIsDue(size));
  const Progress go_on = [this](double) { return !stopping_.load(); };
  switch (due) {
    case Due::kNothing:
      break;
    case Due::kFit:
      CLV_RETURN_IF_ERROR(Fit(/*cold=*/false, go_on).status());
      break;
    case Due::kScoreAll:
      CLV_RETURN_IF_ERROR(ScoreAll(go_on));
      break;
    case Due::kScoreSome:
      CLV_RETURN_IF_ERROR(ScoreSome());
      break;
    case Due::kServeAverage:
      CLV_RETURN_IF_ERROR(
          Write([](storage::ModelStore& store) { return store.PutScoring(std::nullopt, 0); }));
      scoring_.reset();
      break;
  }
  // What changed meanwhile is seen by the next look.
  is_waiting_ = false;
  waiting_since_ = steady_clock::now();
  return absl::OkStatus();
}

absl::Status ModelKeeper::ReadStored() {
  CLV_ASSIGN_OR_RETURN(models_, options_.store->FindModels(0));
  CLV_ASSIGN_OR_RETURN(scoring_, options_.store->Scoring());
  CLV_ASSIGN_OR_RETURN(scored_change_, options_.store->ScoredChange());
  has_started_ = true;
  return absl::OkStatus();
}

absl::StatusOr<ModelKeeper::Due> ModelKeeper::WhatIsDue(const storage::PopulationSize& size) {
  if (!has_started_) CLV_RETURN_IF_ERROR(ReadStored());
  if (!WhyTooLittle(size).empty()) return scoring_ ? Due::kServeAverage : Due::kNothing;
  if (IsRefitDue(size)) return Due::kFit;
  const int64_t day = DayOf(*size.horizon_seconds);
  if (!scoring_ || scoring_->model_version != models_->version || scoring_->day != day) {
    return Due::kScoreAll;
  }
  return *seen_change_ != scored_change_ ? Due::kScoreSome : Due::kNothing;
}

bool ModelKeeper::IsRefitDue(const storage::PopulationSize& size) const {
  if (!models_) return true;
  const auto has_grown = [&](uint64_t now, uint64_t then) {
    const auto before = static_cast<double>(then);
    return static_cast<double>(now) >= (1 + options_.policy.growth) * before ||
           static_cast<double>(now) < before / (1 + options_.policy.growth);
  };
  const int64_t aged = DayOf(*size.horizon_seconds) - models_->models.horizon_day;
  return has_grown(size.customers, models_->models.customers) ||
         has_grown(size.repeat_customers, models_->models.repeat_customers) ||
         aged >= int64_t{options_.policy.age_days} || aged < 0;
}

absl::StatusOr<uint64_t> ModelKeeper::FitNow(bool cold, const Progress& progress) {
  std::lock_guard lock(work_mutex_);
  CLV_RETURN_IF_ERROR(ReadStored());
  return Fit(cold, progress);
}

absl::StatusOr<domain::OrderHistories> ModelKeeper::ReadOrders(const storage::PopulationSize& size,
                                                               int64_t horizon_day,
                                                               const Progress& progress) {
  domain::OrderHistories orders;
  std::string last;
  const auto visit = [&](const storage::CustomerOrders& customer) {
    last = customer.customer_id;
    absl::Span<const domain::OrderDay> days = customer.days;
    while (!days.empty() && days.back().day > horizon_day) days.remove_suffix(1);
    if (customer.imported == nullptr) {
      if (!days.empty()) orders.Add(days);
      return absl::OkStatus();
    }
    // What was imported since then is nothing to go by.
    if (DayOf(customer.imported->last_purchase_date) > horizon_day) return absl::OkStatus();
    orders.AddImported(static_cast<int32_t>(DayOf(customer.first_purchase_date)),
                       domain::HistoryOf(days, customer.imported, horizon_day));
    return absl::OkStatus();
  };
  double read = 0;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const int visited,
                         // A copy, for the visit moves it.
                         options_.store->ScanOrdersAfter(std::string(last), kChunk, visit));
    if (visited == 0) return orders;
    read += visited;
    const double customers = std::max(1.0, static_cast<double>(size.customers));
    if (!progress(kReadingShare * std::min(1.0, read / customers))) return Cancelled();
  }
}

absl::Status ModelKeeper::Write(absl::FunctionRef<absl::Status(storage::ModelStore& store)> write) {
  absl::Status written;
  writer_.Run([&] { written = write(*options_.store); });
  return written;
}

absl::StatusOr<uint64_t> ModelKeeper::Fit(bool cold, const Progress& progress) {
  const auto began = steady_clock::now();
  CLV_ASSIGN_OR_RETURN(const storage::PopulationSize size, options_.store->CountPopulation());
  if (const std::string reason = WhyTooLittle(size); !reason.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("too little data for a model: ", reason));
  }
  const int64_t horizon_day = DayOf(*size.horizon_seconds);
  CLV_ASSIGN_OR_RETURN(const domain::OrderHistories orders,
                       ReadOrders(size, horizon_day, progress));
  const domain::FittedModels* previous = !cold && models_ ? &models_->models : nullptr;
  std::optional<domain::FittedModels> fitted = domain::FitAndChoose(
      orders, static_cast<int32_t>(horizon_day), previous,
      [&](double share) { return progress(kReadingShare + kFittingShare * share); });
  if (!fitted) return Cancelled();
  storage::StoredModels stored{
      .data_horizon_seconds = *size.horizon_seconds,
      .fitted_at_seconds = options_.clock->NowSeconds(),
      .fit_seconds = std::chrono::duration<double>(steady_clock::now() - began).count(),
      .models = *std::move(fitted)};
  CLV_RETURN_IF_ERROR(Write([&](storage::ModelStore& store) -> absl::Status {
    CLV_ASSIGN_OR_RETURN(stored.version, store.AddModels(stored));
    return absl::OkStatus();
  }));
  spdlog::info("prediction model {} ({}) fitted to {} customers in {:.1f} s", stored.version,
               domain::NameOf(stored.models.chosen), stored.models.customers, stored.fit_seconds);
  models_ = std::move(stored);
  CLV_RETURN_IF_ERROR(ScoreAll([&](double share) {
    return progress(kReadingShare + kFittingShare + (1 - kReadingShare - kFittingShare) * share);
  }));
  return models_->version;
}

absl::Status ModelKeeper::ScoreAll(const Progress& progress) {
  CLV_ASSIGN_OR_RETURN(const uint64_t change, options_.store->LastChange());
  CLV_ASSIGN_OR_RETURN(const storage::PopulationSize size, options_.store->CountPopulation());
  if (!size.horizon_seconds) return absl::OkStatus();
  const int64_t day = DayOf(*size.horizon_seconds);
  const domain::CustomerScorer scorer(Served(*models_), {});
  std::string last;
  std::vector<storage::CustomerPrediction> predictions;
  for (uint64_t done = 0;; done += predictions.size()) {
    predictions.clear();
    CLV_RETURN_IF_ERROR(options_.store
                            ->ScanOrdersAfter(last, kChunk,
                                              [&](const storage::CustomerOrders& customer) {
                                                predictions.push_back(
                                                    PredictionOf(scorer, customer, day));
                                                return absl::OkStatus();
                                              })
                            .status());
    if (predictions.empty()) break;
    last = predictions.back().customer_id;
    CLV_RETURN_IF_ERROR(Write([&](storage::ModelStore& store) {
      return store.PutPredictions(predictions, models_->version, {});
    }));
    if (!progress(std::min(1.0, static_cast<double>(done) /
                                    static_cast<double>(std::max<uint64_t>(1, size.customers))))) {
      return Cancelled();
    }
  }
  const storage::ScoringState scoring{.model_version = models_->version, .day = day};
  CLV_RETURN_IF_ERROR(
      Write([&](storage::ModelStore& store) { return store.PutScoring(scoring, change); }));
  scoring_ = scoring;
  scored_change_ = change;
  return absl::OkStatus();
}

absl::Status ModelKeeper::ScoreSome() {
  CLV_ASSIGN_OR_RETURN(const uint64_t change, options_.store->LastChange());
  CLV_ASSIGN_OR_RETURN(const std::optional<std::vector<std::string>> changed,
                       options_.store->ChangedAfter(scored_change_));
  if (!changed) return ScoreAll([this](double) { return !stopping_.load(); });
  const domain::CustomerScorer scorer(Served(*models_), {});
  const absl::Span<const std::string> ids(*changed);
  for (size_t begin = 0; begin < ids.size(); begin += kChunk) {
    const absl::Span<const std::string> chunk = ids.subspan(begin, kChunk);
    std::vector<storage::CustomerPrediction> predictions;
    CLV_RETURN_IF_ERROR(
        options_.store->FindOrders(chunk, [&](const storage::CustomerOrders& customer) {
          predictions.push_back(PredictionOf(scorer, customer, scoring_->day));
          return absl::OkStatus();
        }));
    // In the order of the ids, of which some have no order any more.
    std::vector<std::string> gone;
    size_t found = 0;
    for (const std::string& id : chunk) {
      if (found < predictions.size() && predictions[found].customer_id == id) {
        ++found;
      } else {
        gone.push_back(id);
      }
    }
    CLV_RETURN_IF_ERROR(Write([&](storage::ModelStore& store) {
      return store.PutPredictions(predictions, models_->version, gone);
    }));
  }
  CLV_RETURN_IF_ERROR(
      Write([&](storage::ModelStore& store) { return store.PutScoredChange(change); }));
  scored_change_ = change;
  return absl::OkStatus();
}

}  // namespace clv::aggregation
