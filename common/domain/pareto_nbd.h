// common/domain/pareto_nbd.h: the Pareto/NBD model of repeat purchases (Schmittlein, Morrison &
// Colombo 1987; Fader & Hardie's note of 2005).
//
// A customer buys at a rate lambda ~ Gamma(r, alpha) and drops out at a rate mu ~ Gamma(s, beta):
//   L(x, t_x, T) = Gamma(r + x) / Gamma(r) alpha^r beta^s [ (alpha + T)^-(r + x) (beta + T)^-s
//                  + integral over z in [t_x, T] of s (alpha + z)^-(r + x) (beta + z)^-(s + 1) ].
// The integral is taken as it stands (DeathIntegral), not as a difference of hypergeometric
// functions. Times are in the parameters' unit; parameters are positive and finite.
#ifndef CLV_COMMON_DOMAIN_PARETO_NBD_H_
#define CLV_COMMON_DOMAIN_PARETO_NBD_H_

#include "common/domain/history_groups.h"
#include "common/domain/purchase_future.h"

namespace clv::domain {

struct ParetoNbdParameters {
  double r = 0;
  double alpha = 0;
  double s = 0;
  double beta = 0;
};

// Derivatives by r, alpha, s, beta.
LogLikelihood ParetoNbdLogLikelihood(const ParetoNbdParameters& parameters,
                                     const HistoryGroups& histories);

// P(alive at T | x, t_x, T), 0 <= t_x <= T (MODELS 2.6).
double ParetoNbdAlive(const ParetoNbdParameters& parameters, double x, double recency,
                      double tenure);

// The future of a customer who is alive after x repeat purchases in T. A new customer is x = 0, T =
// 0, and alive.
GammaDropOutFuture ParetoNbdFuture(const ParetoNbdParameters& parameters, double x, double tenure);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_PARETO_NBD_H_
