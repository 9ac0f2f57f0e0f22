#include "common/domain/mbgnbd.h"

#include <cmath>

#include "common/domain/model_math.h"

namespace clv::domain {

LogLikelihood MbgNbdLogLikelihood(const MbgNbdParameters& parameters,
                                  const HistoryGroups& histories) {
  const auto& [r, alpha, a, b] = parameters;
  const std::vector<double> log_alpha_plus = histories.LogsOfDays(alpha);
  const double log_alpha = std::log(alpha);
  LogLikelihood sum;
  // What depends on x only.
  double constant = 0;
  double by_r = 0;
  double by_a = 0;
  double by_b = 0;
  double log_dropped = 0;
  int64_t x_of_tables = -1;
  for (const HistoryGroup& group : histories.groups) {
    const double x = group.frequency;
    if (group.frequency != x_of_tables) {
      x_of_tables = group.frequency;
      constant = LogGamma(r + x) - LogGamma(r) + r * log_alpha + LogGamma(a + b) - LogGamma(b) +
                 LogGamma(b + x + 1) - LogGamma(a + b + x + 1);
      by_r = Digamma(r + x) - Digamma(r) + log_alpha;
      by_a = Digamma(a + b) - Digamma(a + b + x + 1);
      by_b = by_a + Digamma(b + x + 1) - Digamma(b);
      log_dropped = std::log(a) - std::log(b + x);
    }
    const double k = r + x;
    const double tenure = alpha + group.tenure_days / histories.days_per_unit;
    const double recency = alpha + group.recency_days / histories.days_per_unit;
    const double log_tenure = log_alpha_plus[group.tenure_days];
    const double log_recency = log_alpha_plus[group.recency_days];
    const double n = group.customers;
    const double log_odds = log_dropped + k * (log_tenure - log_recency);
    const double dropped = Expit(-log_odds);
    const double log_sum =
        log_odds > 0 ? log_odds + std::log1p(std::exp(-log_odds)) : std::log1p(std::exp(log_odds));
    sum.value += n * (constant - k * log_tenure + log_sum);
    sum.gradient[0] += n * (by_r - (1 - dropped) * log_tenure - dropped * log_recency);
    sum.gradient[1] += n * (r / alpha - k * ((1 - dropped) / tenure + dropped / recency));
    sum.gradient[2] += n * (by_a + dropped / a);
    sum.gradient[3] += n * (by_b - dropped / (b + x));
  }
  return sum;
}

double MbgNbdAlive(const MbgNbdParameters& parameters, double x, double recency, double tenure) {
  const auto& [r, alpha, a, b] = parameters;
  return Expit(std::log(a / (b + x)) +
               (r + x) * std::log1p((tenure - recency) / (alpha + recency)));
}

BetaGeometricFuture MbgNbdFuture(const MbgNbdParameters& parameters, double x, double tenure) {
  return BetaGeometricFuture(parameters.r + x, parameters.alpha + tenure, parameters.a,
                             parameters.b + x + 1);
}

}  // namespace clv::domain
