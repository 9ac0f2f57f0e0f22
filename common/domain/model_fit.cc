#include "common/domain/model_fit.h"

#include <algorithm>
#include <cmath>

#include "common/domain/bgnbd.h"
#include "common/domain/maximum.h"
#include "common/domain/mbgnbd.h"
#include "common/domain/nbd.h"
#include "common/domain/pareto_nbd.h"

namespace clv::domain {
namespace {

constexpr double kLeastSlope = 1e-9;
constexpr double kConvergedSlope = 1e-6;
// Climbs begin on so many groups or customers; the rest only makes the end exact.
constexpr size_t kThinned = 20'000;
// Logarithms of plausible parameters; beyond, the likelihood is held back gently.
constexpr double kLeastLog = -9;
constexpr double kGreatestLog = 12;
constexpr double kHoldingBack = 1e-3;
// Twice the log-likelihood ratio that two parameters exceed by chance in one of a hundred.
constexpr double kSignificant = 9.21;

LogLikelihood Evaluate(ModelFamily family, const std::array<double, 4>& p,
                       const HistoryGroups& histories) {
  switch (family) {
    case ModelFamily::kBgNbd:
      return BgNbdLogLikelihood({p[0], p[1], p[2], p[3]}, histories);
    case ModelFamily::kMbgNbd:
      return MbgNbdLogLikelihood({p[0], p[1], p[2], p[3]}, histories);
    case ModelFamily::kParetoNbd:
      return ParetoNbdLogLikelihood({p[0], p[1], p[2], p[3]}, histories);
    default:
      return NbdLogLikelihood({p[0], p[1]}, histories);
  }
}

Variables Exponentials(const Variables& logs, size_t dimension) {
  Variables values = {};
  for (size_t i = 0; i < dimension; ++i) values[i] = std::exp(logs[i]);
  return values;
}

Variables Logarithms(const std::array<double, 4>& values, size_t dimension) {
  Variables logs = {};
  for (size_t i = 0; i < dimension; ++i) {
    logs[i] = std::clamp(std::log(values[i]), kLeastLog, kGreatestLog);
  }
  return logs;
}

// The mean log-likelihood of one of `count`, by the logarithms of the parameters, held back at the
// edge.
ValueAndSlope Scaled(const LogLikelihood& sum, double count, const Variables& logs,
                     const Variables& values, size_t dimension) {
  ValueAndSlope scaled{.value = sum.value / count};
  for (size_t i = 0; i < dimension; ++i) {
    scaled.slope[i] = sum.gradient[i] * values[i] / count;
    const double beyond =
        logs[i] > kGreatestLog ? logs[i] - kGreatestLog : std::min(0.0, logs[i] - kLeastLog);
    scaled.value -= kHoldingBack / 2 * beyond * beyond;
    scaled.slope[i] -= kHoldingBack * beyond;
  }
  return scaled;
}

bool IsAtBoundary(const Variables& logs, size_t dimension) {
  for (size_t i = 0; i < dimension; ++i) {
    if (logs[i] < kLeastLog || logs[i] > kGreatestLog) return true;
  }
  return false;
}

HistoryGroups Thinned(const HistoryGroups& histories) {
  const size_t stride = histories.groups.size() / kThinned + 1;
  HistoryGroups thinned{.days_per_unit = histories.days_per_unit};
  for (size_t i = stride / 2; i < histories.groups.size(); i += stride) {
    thinned.groups.push_back(histories.groups[i]);
  }
  return thinned;
}

// Begins from the mean rate, more and less spread, with drop-out soon and late.
std::vector<std::array<double, 4>> StartsFor(ModelFamily family, const HistoryGroups& histories) {
  double purchases = 0;
  double time = 0;
  for (const HistoryGroup& group : histories.groups) {
    purchases += double{1} * group.customers * group.frequency;
    time += group.customers * (group.tenure_days / histories.days_per_unit);
  }
  const double rate = std::max(purchases, 1.0) / std::max(time, 1.0);
  const double longest = std::max(1.0, histories.longest_days() / histories.days_per_unit);
  switch (family) {
    case ModelFamily::kNbd:
      return {{0.5, 0.5 / rate}, {5, 5 / rate}};
    case ModelFamily::kParetoNbd:
      return {{0.5, 0.25 / rate, 0.6, longest / 4}, {1, 0.7 / rate, 1, 2 * longest}};
    default:
      return {{0.3, 0.15 / rate, 0.8, 2.5}, {1, 0.7 / rate, 1, 10}};
  }
}

struct Climb {
  Maximum top;
  SquareMatrix hessian = {};
};

// From all starts on `few`, from the best on to the end on `all`. `few` and `all` may be one.
Climb ClimbToTop(const std::vector<Variables>& starts, size_t dimension, Objective few,
                 Objective all, bool are_one) {
  Climb climb;
  climb.top.value = -INFINITY;
  int evaluations = 0;
  for (const Variables& start : starts) {
    const Maximum top = ClimbFrom(start, dimension, kLeastSlope, few);
    evaluations += top.evaluations;
    if (top.value > climb.top.value || climb.top.evaluations == 0) climb.top = top;
  }
  climb.hessian = HessianAt(climb.top.at, dimension, few);
  climb.top.evaluations = evaluations;
  climb.top = Polish(climb.top, climb.hessian, dimension, kLeastSlope, all);
  if (climb.top.slope_norm > kConvergedSlope && !are_one) {
    const int before = climb.top.evaluations;
    climb.top = ClimbFrom(climb.top.at, dimension, kLeastSlope, all);
    climb.top.evaluations += before;
  }
  return climb;
}

// Standard errors of the parameters from the Hessian of the mean by their logarithms.
std::optional<Variables> StandardErrors(const SquareMatrix& hessian, const Variables& values,
                                        size_t dimension, double count) {
  const std::vector<Variables> inverse = InverseOfNegative(hessian, dimension);
  if (inverse.empty()) return std::nullopt;
  Variables errors = {};
  for (size_t i = 0; i < dimension; ++i) errors[i] = values[i] * std::sqrt(inverse[i][i] / count);
  return errors;
}

}  // namespace

std::string_view NameOf(ModelFamily family) {
  switch (family) {
    case ModelFamily::kAuto:
      return "auto";
    case ModelFamily::kBgNbd:
      return "bgnbd";
    case ModelFamily::kMbgNbd:
      return "mbgnbd";
    case ModelFamily::kParetoNbd:
      return "paretonbd";
    case ModelFamily::kNbd:
      return "nbd";
    case ModelFamily::kAverage:
      return "average";
  }
  return "";
}

std::optional<ModelFamily> FamilyOf(std::string_view name) {
  for (const ModelFamily family :
       {ModelFamily::kAuto, ModelFamily::kBgNbd, ModelFamily::kMbgNbd, ModelFamily::kParetoNbd,
        ModelFamily::kNbd, ModelFamily::kAverage}) {
    if (name == NameOf(family)) return family;
  }
  return std::nullopt;
}

size_t ParametersOf(ModelFamily family) { return family == ModelFamily::kNbd ? 2 : 4; }

FamilyFit FitFamily(ModelFamily family, const HistoryGroups& histories, const FitOptions& options) {
  const size_t dimension = ParametersOf(family);
  const bool is_thinned = histories.groups.size() > kThinned;
  const HistoryGroups few = is_thinned ? Thinned(histories) : HistoryGroups();
  const HistoryGroups& first = is_thinned ? few : histories;
  const auto objective_over = [&](const HistoryGroups& over, double count) {
    return [&over, count, family, dimension](const Variables& logs) {
      const Variables values = Exponentials(logs, dimension);
      return Scaled(Evaluate(family, values, over), count, logs, values, dimension);
    };
  };
  std::vector<Variables> starts;
  if (options.warm_start) {
    starts = {Logarithms(*options.warm_start, dimension)};
  } else {
    for (const auto& start : StartsFor(family, first)) {
      starts.push_back(Logarithms(start, dimension));
    }
  }
  const auto count = static_cast<double>(histories.customers());
  const Climb climb =
      ClimbToTop(starts, dimension, objective_over(first, static_cast<double>(first.customers())),
                 objective_over(histories, count), !is_thinned);
  FamilyFit fit{.family = family,
                .parameters = Exponentials(climb.top.at, dimension),
                .slope_norm = climb.top.slope_norm,
                .converged = climb.top.slope_norm <= kConvergedSlope,
                .at_boundary = IsAtBoundary(climb.top.at, dimension),
                .evaluations = climb.top.evaluations};
  fit.log_likelihood = Evaluate(family, fit.parameters, histories).value;
  if (options.with_standard_errors && !fit.at_boundary) {
    fit.standard_errors = StandardErrors(climb.hessian, fit.parameters, dimension, count);
  }
  return fit;
}

void JudgeDropOut(const FamilyFit& nbd, FamilyFit* fit) {
  if (fit->family == ModelFamily::kNbd) return;
  fit->drop_out_identified = std::isfinite(fit->log_likelihood) &&
                             2 * (fit->log_likelihood - nbd.log_likelihood) > kSignificant;
}

std::optional<SpendFit> FitSpend(const SpendHistories& histories,
                                 const std::optional<SpendParameters>& warm_start) {
  constexpr size_t kDimension = 3;
  if (histories.customers.size() < kLeastSpenders) return std::nullopt;
  const size_t stride = histories.customers.size() / kThinned + 1;
  std::vector<SpendHistory> few;
  double mean = 0;
  for (size_t i = stride / 2; i < histories.customers.size(); i += stride) {
    few.push_back(histories.customers[i]);
    mean += few.back().mean;
  }
  mean /= static_cast<double>(few.size());
  const SpendHistories thinned(std::move(few));
  const auto objective_over = [&](const SpendHistories& over) {
    return [&over](const Variables& logs) {
      const Variables values = Exponentials(logs, kDimension);
      return Scaled(GammaGammaLogLikelihood({values[0], values[1], values[2]}, over),
                    static_cast<double>(over.customers.size()), logs, values, kDimension);
    };
  };
  std::vector<Variables> starts;
  if (warm_start) {
    starts = {Logarithms({warm_start->p, warm_start->q, warm_start->v, 0}, kDimension)};
  } else {
    // Means p v / (q - 1) of the population, with little and much difference between customers.
    starts = {Logarithms({5, 4, mean * 3 / 5, 0}, kDimension),
              Logarithms({1, 3, mean * 2, 0}, kDimension)};
  }
  const Climb climb = ClimbToTop(starts, kDimension, objective_over(thinned),
                                 objective_over(histories), stride == 1);
  const Variables values = Exponentials(climb.top.at, kDimension);
  SpendFit fit{.parameters = {values[0], values[1], values[2]},
               .customers = histories.customers.size(),
               .correlation = SpendCorrelation(histories),
               .slope_norm = climb.top.slope_norm,
               .converged = climb.top.slope_norm <= kConvergedSlope,
               .at_boundary = IsAtBoundary(climb.top.at, kDimension)};
  fit.log_likelihood = GammaGammaLogLikelihood(fit.parameters, histories).value;
  if (!fit.at_boundary) {
    const auto errors = StandardErrors(climb.hessian, values, kDimension,
                                       static_cast<double>(histories.customers.size()));
    if (errors) fit.standard_errors = {(*errors)[0], (*errors)[1], (*errors)[2]};
  }
  return fit;
}

}  // namespace clv::domain
