#include "common/domain/model_choice.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/instant.h"

namespace clv::domain {
namespace {

constexpr size_t kChoosingCustomers = 50'000;
constexpr size_t kBacktestCustomers = 100'000;
constexpr int kOrigins = 3;
constexpr int32_t kLongestWindow = 90;
constexpr int32_t kLongestHoldout = 182;
constexpr int32_t kShortestCalibration = 60;
constexpr double kEqualScores = 0.0005;
constexpr double kNotableCorrelation = 0.3;

FittedModel AsModel(const FamilyFit& fit) {
  return {.family = fit.family, .parameters = fit.parameters};
}

// Whether models can be fitted to what was known on a day.
bool CanCalibrate(const OrderHistories& orders, int32_t day) {
  return day - orders.first_day() >= kShortestCalibration &&
         orders.HistoriesAt(day).repeat_customers() >= kLeastRepeatCustomers / 2;
}

bool IsUsable(const FamilyFit& fit) { return fit.converged && fit.drop_out_identified; }

// Mean scores of the usable families over the windows; false when none can be scored.
bool ScoreFamilies(const OrderHistories& orders, int32_t horizon_day,
                   std::vector<FamilyFit>* families) {
  const OrderHistories sample = orders.Sample(kChoosingCustomers);
  const int32_t history = horizon_day - orders.first_day();
  const int32_t window = std::min(kLongestWindow, history / 6);
  if (window < 7) return false;
  int scored = 0;
  for (int origin = 1; origin <= kOrigins; ++origin) {
    const int32_t cut = horizon_day - origin * window;
    if (!CanCalibrate(sample, cut)) break;
    const HistoryGroups histories = sample.HistoriesAt(cut);
    for (FamilyFit& family : *families) {
      if (!IsUsable(family)) continue;
      const FamilyFit then =
          FitFamily(family.family, histories,
                    {.warm_start = family.parameters, .with_standard_errors = false});
      family.log_score += LogScore(AsModel(then), sample, cut, cut + window);
    }
    ++scored;
  }
  for (FamilyFit& family : *families) family.log_score /= std::max(1, scored);
  return scored > 0;
}

void Choose(const OrderHistories& orders, FittedModels* models) {
  const bool are_scored = ScoreFamilies(orders, models->horizon_day, &models->families);
  const auto merit = [&](const FamilyFit& fit) {
    return are_scored ? fit.log_score : fit.log_likelihood / static_cast<double>(models->customers);
  };
  const FamilyFit* best = nullptr;
  for (const FamilyFit& fit : models->families) {
    if (!IsUsable(fit)) continue;
    if (best == nullptr || merit(fit) > merit(*best) + kEqualScores) best = &fit;
  }
  models->chosen = best == nullptr ? ModelFamily::kNbd : best->family;
  const bool drops_out =
      std::any_of(models->families.begin(), models->families.end(), [](const FamilyFit& fit) {
        return fit.family != ModelFamily::kNbd && fit.drop_out_identified;
      });
  if (!drops_out) {
    models->choice_reason = "no drop-out can be identified: nbd is served";
    models->warnings.push_back(models->choice_reason);
  } else if (are_scored) {
    models->choice_reason =
        absl::StrCat(std::string(NameOf(models->chosen)), " has the best rolling-origin log score");
  } else {
    models->choice_reason = absl::StrCat(std::string(NameOf(models->chosen)),
                                         " has the greatest likelihood; the history is too short "
                                         "for a rolling-origin score");
  }
}

void FitSpendModel(const OrderHistories& orders, const FittedModels* previous,
                   FittedModels* models) {
  models->mean_order_value = orders.MeanOrderValueAt(models->horizon_day);
  std::optional<SpendParameters> warm_start;
  if (previous != nullptr && previous->spend) warm_start = previous->spend->parameters;
  models->spend = FitSpend(orders.SpendAt(models->horizon_day), warm_start);
  if (!models->spend) {
    models->warnings.push_back(absl::StrCat("fewer than ", kLeastSpenders,
                                            " customers with repeat order values: every order is "
                                            "taken for an average one"));
    return;
  }
  if (std::abs(models->spend->correlation) > kNotableCorrelation) {
    models->warnings.push_back(
        absl::StrFormat("number and value of orders are correlated (%.2f), which the spend model "
                        "takes for independent",
                        models->spend->correlation));
  }
  if (models->spend->parameters.q <= 1 || !models->spend->converged) {
    models->warnings.push_back(
        "the spend model has no mean or did not converge: every order is taken for an average one");
  }
}

void RunOwnBacktest(const OrderHistories& orders, FittedModels* models) {
  const int32_t history = models->horizon_day - orders.first_day();
  const int32_t cut = models->horizon_day - std::min(kLongestHoldout, history / 3);
  const OrderHistories sample = orders.Sample(kBacktestCustomers);
  if (cut >= models->horizon_day || !CanCalibrate(sample, cut)) return;
  const FamilyFit* now = FitOf(*models, models->chosen);
  const FamilyFit then = FitFamily(models->chosen, sample.HistoriesAt(cut),
                                   {.warm_start = now->parameters, .with_standard_errors = false});
  models->backtest = RunBacktest(AsModel(then), sample, cut, models->horizon_day);
}

}  // namespace

std::string TooLittleData(uint64_t repeat_customers, int64_t history_days) {
  if (repeat_customers < kLeastRepeatCustomers) {
    return absl::StrCat("fewer than ", kLeastRepeatCustomers, " repeat customers (",
                        repeat_customers, ")");
  }
  if (history_days < kLeastHistoryDays) {
    return absl::StrCat("less than ", kLeastHistoryDays, " days of history (", history_days, ")");
  }
  return "";
}

const FamilyFit* FitOf(const FittedModels& models, ModelFamily family) {
  for (const FamilyFit& fit : models.families) {
    if (fit.family == family) return &fit;
  }
  return nullptr;
}

ModelFamily ServedFamily(const FittedModels& models, ModelFamily asked) {
  if (asked == ModelFamily::kAuto) return models.chosen;
  const FamilyFit* fit = FitOf(models, asked);
  return fit != nullptr && IsUsable(*fit) ? asked : ModelFamily::kNbd;
}

FittedModel ModelToServe(const FittedModels& models, ModelFamily family) {
  FittedModel served{.family = family,
                     .mean_order_value = models.mean_order_value,
                     .customers = models.customers,
                     .repeat_customers = models.repeat_customers,
                     .data_horizon_seconds = int64_t{models.horizon_day} * kSecondsPerDay};
  if (const FamilyFit* fit = FitOf(models, family)) served.parameters = fit->parameters;
  if (models.spend && models.spend->converged && models.spend->parameters.q > 1) {
    served.spend = models.spend->parameters;
  }
  return served;
}

std::optional<FittedModels> FitAndChoose(const OrderHistories& orders, int32_t horizon_day,
                                         const FittedModels* previous, FitProgress progress) {
  FittedModels models{.horizon_day = horizon_day};
  {
    const HistoryGroups histories = orders.HistoriesAt(horizon_day);
    models.customers = histories.customers();
    models.repeat_customers = histories.repeat_customers();
    for (const ModelFamily family : kFittedFamilies) {
      FitOptions options;
      if (previous != nullptr) {
        const FamilyFit* before = FitOf(*previous, family);
        if (before != nullptr && before->converged && !before->at_boundary) {
          options.warm_start = before->parameters;
        }
      }
      models.families.push_back(FitFamily(family, histories, options));
      if (!progress(0.15 * static_cast<double>(models.families.size()))) return std::nullopt;
    }
  }
  const FamilyFit nbd = models.families.back();
  for (FamilyFit& fit : models.families) JudgeDropOut(nbd, &fit);
  FitSpendModel(orders, previous, &models);
  if (!progress(0.7)) return std::nullopt;
  Choose(orders, &models);
  if (!progress(0.9)) return std::nullopt;
  RunOwnBacktest(orders, &models);
  return progress(1) ? std::optional(std::move(models)) : std::nullopt;
}

}  // namespace clv::domain
