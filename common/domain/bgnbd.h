// common/domain/bgnbd.h: the BG/NBD model of repeat purchases (Fader, Hardie & Lee, Marketing
// Science 24(2), 2005).
//
// A customer buys at a rate lambda ~ Gamma(r, alpha) and drops out after each repeat purchase with
// probability p ~ Beta(a, b):
//   L(x, t_x, T) = Gamma(r + x) alpha^r / Gamma(r) B(a, b + x) / B(a, b)
//                  * [ (alpha + T)^-(r + x) + [x > 0] a / (b + x - 1) (alpha + t_x)^-(r + x) ].
// Times are in the parameters' unit; parameters are positive and finite.
#ifndef CLV_COMMON_DOMAIN_BGNBD_H_
#define CLV_COMMON_DOMAIN_BGNBD_H_

#include "common/domain/history_groups.h"
#include "common/domain/purchase_future.h"

namespace clv::domain {

struct BgNbdParameters {
  double r = 0;
  double alpha = 0;
  double a = 0;
  double b = 0;
};

// Derivatives by r, alpha, a, b (MODELS 2.1).
LogLikelihood BgNbdLogLikelihood(const BgNbdParameters& parameters, const HistoryGroups& histories);

// P(alive at T | x, t_x, T), 0 <= t_x <= T; 1 where x is 0 (MODELS 2.3).
double BgNbdAlive(const BgNbdParameters& parameters, double x, double recency, double tenure);

// The future of a customer who is alive after x repeat purchases in T. A new customer is x = 0, T =
// 0, and alive.
BetaGeometricFuture BgNbdFuture(const BgNbdParameters& parameters, double x, double tenure);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_BGNBD_H_
