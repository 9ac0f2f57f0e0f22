// common/domain/maximum.h: the greatest value of a smooth function of a few variables.
#ifndef CLV_COMMON_DOMAIN_MAXIMUM_H_
#define CLV_COMMON_DOMAIN_MAXIMUM_H_

#include <array>
#include <cstddef>
#include <vector>

#include "absl/functional/function_ref.h"

namespace clv::domain {

// Four variables at most; those beyond the dimension stay 0.
using Variables = std::array<double, 4>;

struct ValueAndSlope {
  double value = 0;  // not finite: outside of the domain
  Variables slope = {};
};
using Objective = absl::FunctionRef<ValueAndSlope(const Variables&)>;

using SquareMatrix = std::array<Variables, 4>;

struct Maximum {
  Variables at = {};
  double value = 0;
  double slope_norm = 0;  // greatest absolute slope
  int evaluations = 0;
};

// Climbs from `start` by BFGS with a line search (Nocedal & Wright, chapter 6) until no slope
// exceeds `least_slope` or nothing more is gained. The objective should be scaled to slopes around
// 1. Deterministic.
Maximum ClimbFrom(const Variables& start, size_t dimension, double least_slope,
                  Objective objective);

// Ends the climb by Newton steps with the given Hessian, which may be that of a similar function.
Maximum Polish(const Maximum& near, const SquareMatrix& hessian, size_t dimension,
               double least_slope, Objective objective);

// Second derivatives by central differences of the slopes.
SquareMatrix HessianAt(const Variables& at, size_t dimension, Objective objective);

// The inverse of -hessian; empty unless -hessian is positive definite.
std::vector<Variables> InverseOfNegative(const SquareMatrix& hessian, size_t dimension);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_MAXIMUM_H_
