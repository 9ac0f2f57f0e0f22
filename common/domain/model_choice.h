// common/domain/model_choice.h: from order days to a model that can be served: all fits, the choice
// between them, the spend model, and the backtest.
#ifndef CLV_COMMON_DOMAIN_MODEL_CHOICE_H_
#define CLV_COMMON_DOMAIN_MODEL_CHOICE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "common/domain/backtest.h"
#include "common/domain/model_fit.h"
#include "common/domain/order_histories.h"

namespace clv::domain {

// Below this no model is fitted, and the average serves.
inline constexpr uint64_t kLeastRepeatCustomers = 100;
inline constexpr int32_t kLeastHistoryDays = 90;

// Why there is too little data for a model: "fewer than 100 repeat customers (3)"; empty when there
// is enough.
std::string TooLittleData(uint64_t repeat_customers, int64_t history_days);

// Everything that one fit found.
struct FittedModels {
  std::vector<FamilyFit> families;  // of kFittedFamilies, in that order
  ModelFamily chosen = ModelFamily::kNbd;
  std::string choice_reason;  // a sentence
  std::optional<SpendFit> spend;
  double mean_order_value = 0;
  uint64_t customers = 0;
  uint64_t repeat_customers = 0;
  int32_t horizon_day = 0;
  std::optional<Backtest> backtest;  // of the chosen family; absent where the history is too short
  std::vector<std::string> warnings;
};

// The fit of a family.
const FamilyFit* FitOf(const FittedModels& models, ModelFamily family);

// What serves when `asked` is asked for (kAuto: the chosen one); families whose drop-out is not
// identified, or whose fit did not converge, are answered by the NBD.
ModelFamily ServedFamily(const FittedModels& models, ModelFamily asked);
FittedModel ModelToServe(const FittedModels& models, ModelFamily family);

// Told what is done, from 0 to 1; false ends the work.
using FitProgress = absl::FunctionRef<bool(double)>;

// Fits all families to the histories at `horizon_day`, chooses by the mean ln P of what customers
// did in up to three windows that end at the horizon, each predicted by fits to what was known at
// its beginning (rolling origin; at most 50,000 customers take part), fits the spend model and runs
// the backtest on the last third of the history, 182 days at most (at most 100,000 customers).
// Among scores within 0.0005 the earlier family wins. `previous`: warm starts. Absent when
// `progress` said so. Wants enough data (TooLittleData).
std::optional<FittedModels> FitAndChoose(const OrderHistories& orders, int32_t horizon_day,
                                         const FittedModels* previous, FitProgress progress);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_MODEL_CHOICE_H_
