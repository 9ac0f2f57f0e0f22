// common/domain/nbd.h: the NBD model of repeat purchases, without drop-out.
//
// A customer buys at a rate lambda ~ Gamma(r, alpha) for ever (Ehrenberg 1959):
//   L(x, T) = Gamma(r + x) / Gamma(r) alpha^r (alpha + T)^-(r + x).
// It is what the models with drop-out become when none can be seen. Times are in the parameters'
// unit; parameters are positive and finite.
#ifndef CLV_COMMON_DOMAIN_NBD_H_
#define CLV_COMMON_DOMAIN_NBD_H_

#include "common/domain/history_groups.h"
#include "common/domain/purchase_future.h"

namespace clv::domain {

struct NbdParameters {
  double r = 0;
  double alpha = 0;
};

// Derivatives by r and alpha.
LogLikelihood NbdLogLikelihood(const NbdParameters& parameters, const HistoryGroups& histories);

// The future of a customer after x repeat purchases in T. P(alive) is 1; a new customer is x = 0, T
// = 0.
BetaGeometricFuture NbdFuture(const NbdParameters& parameters, double x, double tenure);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_NBD_H_
