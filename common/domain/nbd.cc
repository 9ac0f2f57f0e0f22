#include "common/domain/nbd.h"

#include <cmath>

#include "common/domain/model_math.h"

namespace clv::domain {

LogLikelihood NbdLogLikelihood(const NbdParameters& parameters, const HistoryGroups& histories) {
  const auto& [r, alpha] = parameters;
  const std::vector<double> log_alpha_plus = histories.LogsOfDays(alpha);
  const double log_alpha = std::log(alpha);
  LogLikelihood sum;
  double log_gammas = 0;
  double digammas = 0;
  int64_t x_of_tables = -1;
  for (const HistoryGroup& group : histories.groups) {
    if (group.frequency != x_of_tables) {
      x_of_tables = group.frequency;
      log_gammas = LogGamma(r + group.frequency) - LogGamma(r);
      digammas = Digamma(r + group.frequency) - Digamma(r);
    }
    const double k = r + group.frequency;
    const double tenure = group.tenure_days / histories.days_per_unit;
    const double log_tenure = log_alpha_plus[group.tenure_days];
    const double n = group.customers;
    sum.value += n * (log_gammas + r * log_alpha - k * log_tenure);
    sum.gradient[0] += n * (digammas + log_alpha - log_tenure);
    sum.gradient[1] += n * (r / alpha - k / (alpha + tenure));
  }
  return sum;
}

BetaGeometricFuture NbdFuture(const NbdParameters& parameters, double x, double tenure) {
  return BetaGeometricFuture(parameters.r + x, parameters.alpha + tenure, 0, 1);
}

}  // namespace clv::domain
