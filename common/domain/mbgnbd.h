// common/domain/mbgnbd.h: the modified BG/NBD model of repeat purchases (Batislam, Denizel &
// Filiztekin 2007; Hardie's note 021).
//
// As the BG/NBD, but a customer may drop out after the first purchase already:
//   L(x, t_x, T) = Gamma(r + x) alpha^r / Gamma(r) B(a, b + x + 1) / B(a, b)
//                  * [ (alpha + T)^-(r + x) + a / (b + x) (alpha + t_x)^-(r + x) ].
// Times are in the parameters' unit; parameters are positive and finite.
#ifndef CLV_COMMON_DOMAIN_MBGNBD_H_
#define CLV_COMMON_DOMAIN_MBGNBD_H_

#include "common/domain/history_groups.h"
#include "common/domain/purchase_future.h"

namespace clv::domain {

struct MbgNbdParameters {
  double r = 0;
  double alpha = 0;
  double a = 0;
  double b = 0;
};

// Derivatives by r, alpha, a, b.
LogLikelihood MbgNbdLogLikelihood(const MbgNbdParameters& parameters,
                                  const HistoryGroups& histories);

// P(alive at T | x, t_x, T), 0 <= t_x <= T; b / (a + b) for a new customer (MODELS 2.3).
double MbgNbdAlive(const MbgNbdParameters& parameters, double x, double recency, double tenure);

// The future of a customer who is alive after x repeat purchases in T: p ~ Beta(a, b + x + 1),
// without another factor 1 - p. A new customer is x = 0, T = 0, and alive with MbgNbdAlive.
BetaGeometricFuture MbgNbdFuture(const MbgNbdParameters& parameters, double x, double tenure);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_MBGNBD_H_
