#include "common/domain/backtest.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/container/flat_hash_map.h"
#include "common/domain/bgnbd.h"
#include "common/domain/mbgnbd.h"
#include "common/domain/nbd.h"
#include "common/domain/pareto_nbd.h"

namespace clv::domain {
namespace {

// What is less likely than this is taken for this, so that one surprise does not decide all.
constexpr double kLeastProbability = 1e-12;

// One customer of a backtest.
struct Case {
  CustomerHistory history;
  uint32_t actual = 0;
};

std::vector<Case> CasesOf(const OrderHistories& orders, int32_t cut_day, int32_t end_day) {
  std::vector<Case> cases;
  for (size_t customer = 0; customer < orders.customers(); ++customer) {
    const absl::Span<const int32_t> days = orders.DaysOf(customer);
    if (days.front() > cut_day) continue;
    const auto cut = std::upper_bound(days.begin(), days.end(), cut_day);
    const auto end = std::upper_bound(cut, days.end(), end_day);
    cases.push_back({.history = {.frequency = static_cast<uint32_t>(cut - days.begin()) - 1,
                                 .recency_days = static_cast<uint32_t>(*(cut - 1) - days.front()),
                                 .tenure_days = static_cast<uint32_t>(cut_day - days.front())},
                     .actual = static_cast<uint32_t>(end - cut)});
  }
  return cases;
}

// Numbers of order days, given alive; one distribution serves all of equal x and T.
class HoldoutCounts {
 public:
  HoldoutCounts(const FittedModel& model, double horizon) : model_(model), horizon_(horizon) {}

  const CountDistribution& IfAlive(const CustomerHistory& history) {
    const uint64_t key = (uint64_t{history.frequency} << 32) | history.tenure_days;
    auto [found, is_new] = counts_.try_emplace(key);
    if (is_new) found->second = Compute(history.frequency, history.tenure_days);
    return found->second;
  }

 private:
  CountDistribution Compute(double x, double tenure) const {
    const auto& [first, second, third, fourth] = model_.parameters;
    switch (model_.family) {
      case ModelFamily::kParetoNbd:
        return ParetoNbdFuture({first, second, third, fourth}, x, tenure).Counts(horizon_);
      case ModelFamily::kBgNbd:
        return BetaGeometricCounts(first + x, horizon_ / (second + tenure), third, fourth + x);
      case ModelFamily::kMbgNbd:
        return BetaGeometricCounts(first + x, horizon_ / (second + tenure), third, fourth + x + 1);
      default:
        return BetaGeometricCounts(first + x, horizon_ / (second + tenure), 0, 1);
    }
  }

  const FittedModel& model_;
  const double horizon_;
  absl::flat_hash_map<uint64_t, CountDistribution> counts_;
};

double ProbabilityOf(const CountDistribution& if_alive, double p_alive, size_t n) {
  const double probability = n < if_alive.size() ? p_alive * if_alive[n] : 0;
  return n == 0 ? probability + 1 - p_alive : probability;
}

// Whether n lies between the quantiles of the central interval: P(Y <= n) >= tail and P(Y < n) < 1
// - tail.
bool IsCovered(double below, double upto, double interval) {
  const double tail = (1 - interval) / 2;
  return upto >= tail && below < 1 - tail;
}

ForecastErrors ErrorsOf(const std::vector<double>& predicted, const std::vector<Case>& cases) {
  ForecastErrors errors;
  double actual_total = 0;
  for (size_t i = 0; i < cases.size(); ++i) {
    const double error = predicted[i] - cases[i].actual;
    errors.predicted_total += predicted[i];
    actual_total += cases[i].actual;
    errors.mean_absolute_error += std::abs(error);
    errors.root_mean_square_error += error * error;
  }
  const double count = std::max<double>(1, static_cast<double>(cases.size()));
  errors.mean_absolute_error /= count;
  errors.root_mean_square_error = std::sqrt(errors.root_mean_square_error / count);
  if (actual_total > 0) errors.bias = errors.predicted_total / actual_total - 1;
  return errors;
}

void FillDeciles(const std::vector<double>& predicted, const std::vector<Case>& cases,
                 Backtest* backtest) {
  std::vector<size_t> order(cases.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return predicted[a] > predicted[b]; });
  for (size_t rank = 0; rank < order.size(); ++rank) {
    BacktestDecile& decile = backtest->deciles[rank * backtest->deciles.size() / order.size()];
    ++decile.customers;
    decile.predicted += predicted[order[rank]];
    decile.actual += cases[order[rank]].actual;
  }
  if (backtest->actual_total > 0) {
    backtest->top_decile_capture = static_cast<double>(backtest->deciles[0].actual) /
                                   static_cast<double>(backtest->actual_total);
  }
}

void FillWeeks(const FittedModel& model, const OrderHistories& orders, Backtest* backtest) {
  constexpr int32_t kWeek = 7;
  const int32_t first = orders.first_day();
  const int32_t days = backtest->end_day - first;
  if (days < 0) return;
  const std::vector<double> expected = ExpectedOfNewCustomer(model, days + 1);
  std::vector<uint64_t> acquired(days + 1);
  for (int32_t day = first; day <= backtest->end_day; day += kWeek) {
    backtest->weeks.push_back({.first_day = day});
  }
  for (size_t customer = 0; customer < orders.customers(); ++customer) {
    const absl::Span<const int32_t> order_days = orders.DaysOf(customer);
    if (order_days.front() > backtest->cut_day) continue;
    ++acquired[order_days.front() - first];
    for (const int32_t day : order_days.subspan(1)) {
      if (day <= backtest->end_day) ++backtest->weeks[(day - first) / kWeek].actual;
    }
  }
  for (BacktestWeek& week : backtest->weeks) {
    const int32_t last = std::min(week.first_day + kWeek - 1, backtest->end_day);
    for (int32_t day = first; day <= last; ++day) {
      if (acquired[day - first] == 0) continue;
      const int32_t before = std::max(0, week.first_day - 1 - day);
      week.expected +=
          static_cast<double>(acquired[day - first]) * (expected[last - day] - expected[before]);
    }
  }
}

}  // namespace

std::vector<double> ExpectedOfNewCustomer(const FittedModel& model, int32_t days) {
  const auto& [first, second, third, fourth] = model.parameters;
  std::vector<double> expected(days + 1);
  const auto fill = [&](double p_alive, const auto& future) {
    for (int32_t day = 0; day <= days; ++day) expected[day] = p_alive * future.Expected(day);
  };
  switch (model.family) {
    case ModelFamily::kParetoNbd:
      fill(1, ParetoNbdFuture({first, second, third, fourth}, 0, 0));
      break;
    case ModelFamily::kBgNbd:
      fill(1, BgNbdFuture({first, second, third, fourth}, 0, 0));
      break;
    case ModelFamily::kMbgNbd:
      fill(MbgNbdAlive({first, second, third, fourth}, 0, 0, 0),
           MbgNbdFuture({first, second, third, fourth}, 0, 0));
      break;
    default:
      fill(1, NbdFuture({first, second}, 0, 0));
  }
  return expected;
}

Backtest RunBacktest(const FittedModel& model, const OrderHistories& orders, int32_t cut_day,
                     int32_t end_day) {
  Backtest backtest{.cut_day = cut_day, .end_day = end_day};
  const std::vector<Case> cases = CasesOf(orders, cut_day, end_day);
  backtest.customers = cases.size();
  if (cases.empty()) return backtest;
  const int32_t horizon = end_day - cut_day;
  const CustomerScorer scorer(model,
                              {.horizon_days = static_cast<uint32_t>(horizon), .discount_rate = 0});
  HoldoutCounts holdout(model, horizon);
  std::vector<double> predicted(cases.size());
  std::vector<double> by_rate(cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto& [history, actual] = cases[i];
    backtest.actual_total += actual;
    const CustomerScore score = scorer.Score(history);
    predicted[i] = score.expected_purchases;
    if (history.tenure_days > 0) {
      by_rate[i] = double{1} * history.frequency / history.tenure_days * horizon;
    }
    const CountDistribution& if_alive = holdout.IfAlive(history);
    const double p_alive = score.p_alive.value_or(1);
    double below = 0;
    for (size_t n = 0; n < actual; ++n) below += ProbabilityOf(if_alive, p_alive, n);
    const double exactly = ProbabilityOf(if_alive, p_alive, actual);
    backtest.log_score += std::log(std::max(exactly, kLeastProbability));
    backtest.coverage_50 += IsCovered(below, below + exactly, 0.5);
    backtest.coverage_80 += IsCovered(below, below + exactly, 0.8);
    backtest.coverage_90 += IsCovered(below, below + exactly, 0.9);
  }
  const auto count = static_cast<double>(cases.size());
  for (double* mean :
       {&backtest.log_score, &backtest.coverage_50, &backtest.coverage_80, &backtest.coverage_90}) {
    *mean /= count;
  }
  backtest.model = ErrorsOf(predicted, cases);
  backtest.rate = ErrorsOf(by_rate, cases);
  backtest.zero = ErrorsOf(std::vector<double>(cases.size()), cases);
  FillDeciles(predicted, cases, &backtest);
  FillWeeks(model, orders, &backtest);
  return backtest;
}

double LogScore(const FittedModel& model, const OrderHistories& orders, int32_t cut_day,
                int32_t end_day) {
  const CustomerScorer scorer(model, {.horizon_days = static_cast<uint32_t>(end_day - cut_day)});
  HoldoutCounts holdout(model, end_day - cut_day);
  double sum = 0;
  const std::vector<Case> cases = CasesOf(orders, cut_day, end_day);
  for (const auto& [history, actual] : cases) {
    const double p_alive = scorer.Score(history).p_alive.value_or(1);
    sum += std::log(
        std::max(ProbabilityOf(holdout.IfAlive(history), p_alive, actual), kLeastProbability));
  }
  return cases.empty() ? 0 : sum / static_cast<double>(cases.size());
}

}  // namespace clv::domain
