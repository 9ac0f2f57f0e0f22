#include "common/domain/pareto_nbd.h"

#include <cmath>
#include <limits>

#include "common/domain/model_math.h"

namespace clv::domain {

LogLikelihood ParetoNbdLogLikelihood(const ParetoNbdParameters& parameters,
                                     const HistoryGroups& histories) {
  const auto& [r, alpha, s, beta] = parameters;
  const std::vector<double> log_alpha_plus = histories.LogsOfDays(alpha);
  const std::vector<double> log_beta_plus = histories.LogsOfDays(beta);
  const double log_alpha = std::log(alpha);
  const double log_beta = std::log(beta);
  LogLikelihood sum;
  double constant = 0;
  double by_r = 0;
  int64_t x_of_tables = -1;
  for (const HistoryGroup& group : histories.groups) {
    const double x = group.frequency;
    const double k = r + x;
    if (group.frequency != x_of_tables) {
      x_of_tables = group.frequency;
      constant = LogGamma(k) - LogGamma(r) + r * log_alpha + s * log_beta;
      by_r = Digamma(k) - Digamma(r) + log_alpha;
    }
    const double tenure = group.tenure_days / histories.days_per_unit;
    const double recency = group.recency_days / histories.days_per_unit;
    const double alpha_tenure = log_alpha_plus[group.tenure_days];
    const double beta_tenure = log_beta_plus[group.tenure_days];
    const double alpha_recency = log_alpha_plus[group.recency_days];
    const double beta_recency = log_beta_plus[group.recency_days];
    const double log_alive = -k * alpha_tenure - s * beta_tenure;
    double log_dead = -std::numeric_limits<double>::infinity();
    DeathIntegral death;
    double dead = 0;
    if (group.tenure_days > group.recency_days) {
      death = IntegrateDeath(k, alpha, s, beta, recency, tenure, /*with_means=*/true);
      log_dead = std::log(death.value) - k * alpha_recency - s * beta_recency;
      dead = Expit(log_alive - log_dead);
    }
    const double n = group.customers;
    const double alive = 1 - dead;
    sum.value += n * (constant + LogAddExp(log_alive, log_dead));
    sum.gradient[0] +=
        n * (by_r - alive * alpha_tenure - dead * (alpha_recency + death.mean_log_alpha));
    sum.gradient[1] +=
        n * (r / alpha - k * (alive / (alpha + tenure) + dead * death.mean_inverse_alpha));
    sum.gradient[2] +=
        n * (log_beta - alive * beta_tenure + dead * (1 / s - beta_recency - death.mean_log_beta));
    sum.gradient[3] +=
        n * (s / beta - alive * s / (beta + tenure) - dead * (s + 1) * death.mean_inverse_beta);
  }
  return sum;
}

double ParetoNbdAlive(const ParetoNbdParameters& parameters, double x, double recency,
                      double tenure) {
  if (!(tenure > recency)) return 1;
  const auto& [r, alpha, s, beta] = parameters;
  const double k = r + x;
  const double age = tenure - recency;
  const DeathIntegral death = IntegrateDeath(k, alpha, s, beta, recency, tenure, false);
  return Expit(std::log(death.value) + k * std::log1p(age / (alpha + recency)) +
               s * std::log1p(age / (beta + recency)));
}

GammaDropOutFuture ParetoNbdFuture(const ParetoNbdParameters& parameters, double x, double tenure) {
  return GammaDropOutFuture(parameters.r + x, parameters.alpha + tenure, parameters.s,
                            parameters.beta + tenure);
}

}  // namespace clv::domain
