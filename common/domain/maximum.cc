#include "common/domain/maximum.h"

#include <algorithm>
#include <cmath>

namespace clv::domain {
namespace {

constexpr int kMostSteps = 300;
constexpr double kLongestStep = 2;

double Dot(const Variables& a, const Variables& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
}

double Norm(const Variables& slope) {
  double greatest = 0;
  for (const double one : slope) greatest = std::max(greatest, std::abs(one));
  return greatest;
}

Variables Moved(const Variables& from, const Variables& direction, double length) {
  Variables to;
  for (size_t i = 0; i < to.size(); ++i) to[i] = from[i] + length * direction[i];
  return to;
}

Variables Times(const SquareMatrix& matrix, const Variables& vector) {
  Variables product = {};
  for (size_t i = 0; i < product.size(); ++i) product[i] = Dot(matrix[i], vector);
  return product;
}

bool IsFinite(const ValueAndSlope& point) {
  return std::isfinite(point.value) && std::isfinite(Dot(point.slope, point.slope));
}

// Finds a step that gains enough and after which the slope along it is clearly smaller, by doubling
// and halving; false when there is none.
bool SearchLine(const Variables& from, const ValueAndSlope& here, const Variables& direction,
                Objective objective, Variables* at, ValueAndSlope* found, int* evaluations) {
  constexpr double kGain = 1e-4;
  constexpr double kCurvature = 0.9;
  const double rise = Dot(here.slope, direction);
  double low = 0;
  double high = 0;  // 0: not known yet
  double length = 1;
  for (int tries = 0; tries < 50; ++tries) {
    *at = Moved(from, direction, length);
    *found = objective(*at);
    ++*evaluations;
    // Near the maximum differences of values are rounding only.
    const double noise = 1e-14 * std::abs(here.value);
    if (!IsFinite(*found) || found->value < here.value + kGain * length * rise - noise) {
      high = length;
    } else if (Dot(found->slope, direction) > kCurvature * rise) {
      low = length;
    } else {
      return true;
    }
    length = high > 0 ? (low + high) / 2 : 2 * length;
    if (high > 0 && high - low < 1e-12) break;
  }
  return IsFinite(*found) && found->value > here.value;
}

void UpdateInverse(const Variables& step, const Variables& slope_change, SquareMatrix* inverse) {
  const double along = Dot(step, slope_change);
  if (!(along > 1e-16)) return;
  const Variables by_inverse = Times(*inverse, slope_change);
  const double weight = (1 + Dot(slope_change, by_inverse) / along) / along;
  for (size_t i = 0; i < step.size(); ++i) {
    for (size_t j = 0; j < step.size(); ++j) {
      (*inverse)[i][j] +=
          weight * step[i] * step[j] - (by_inverse[i] * step[j] + step[i] * by_inverse[j]) / along;
    }
  }
}

SquareMatrix Identity(size_t dimension) {
  SquareMatrix identity = {};
  for (size_t i = 0; i < dimension; ++i) identity[i][i] = 1;
  return identity;
}

}  // namespace

Maximum ClimbFrom(const Variables& start, size_t dimension, double least_slope,
                  Objective objective) {
  Maximum best{.at = start, .evaluations = 1};
  ValueAndSlope here = objective(start);
  SquareMatrix inverse = Identity(dimension);
  bool is_fresh = true;
  for (int step = 0; IsFinite(here) && step < kMostSteps && Norm(here.slope) > least_slope;
       ++step) {
    Variables direction = Times(inverse, here.slope);
    if (!(Dot(direction, here.slope) > 0)) {
      inverse = Identity(dimension);
      is_fresh = true;
      direction = here.slope;
    }
    const double length = std::sqrt(Dot(direction, direction));
    if (length > kLongestStep) {
      for (double& one : direction) one *= kLongestStep / length;
    }
    Variables at;
    ValueAndSlope there;
    if (!SearchLine(best.at, here, direction, objective, &at, &there, &best.evaluations)) {
      if (is_fresh) break;
      inverse = Identity(dimension);
      is_fresh = true;
      continue;
    }
    Variables moved;
    Variables slope_change;
    for (size_t i = 0; i < moved.size(); ++i) {
      moved[i] = at[i] - best.at[i];
      slope_change[i] = here.slope[i] - there.slope[i];
    }
    if (is_fresh) {
      // The scale of the first step tells that of the curvature.
      const double along = Dot(moved, slope_change);
      if (along > 0) {
        const double scale = along / Dot(slope_change, slope_change);
        for (size_t i = 0; i < dimension; ++i) inverse[i][i] = scale;
      }
    }
    UpdateInverse(moved, slope_change, &inverse);
    is_fresh = false;
    best.at = at;
    here = there;
  }
  best.value = here.value;
  best.slope_norm = Norm(here.slope);
  return best;
}

Maximum Polish(const Maximum& near, const SquareMatrix& hessian, size_t dimension,
               double least_slope, Objective objective) {
  constexpr int kMostPolishing = 20;
  const std::vector<Variables> inverse = InverseOfNegative(hessian, dimension);
  Maximum best = near;
  ValueAndSlope here = objective(best.at);
  ++best.evaluations;
  for (int step = 0; step < kMostPolishing && !inverse.empty(); ++step) {
    if (Norm(here.slope) <= least_slope) break;
    Variables direction = {};
    for (size_t i = 0; i < dimension; ++i) direction[i] = Dot(inverse[i], here.slope);
    const Variables at = Moved(best.at, direction, 1);
    const ValueAndSlope there = objective(at);
    ++best.evaluations;
    if (!IsFinite(there) || !(Norm(there.slope) < Norm(here.slope))) break;
    best.at = at;
    here = there;
  }
  best.value = here.value;
  best.slope_norm = Norm(here.slope);
  return best;
}

SquareMatrix HessianAt(const Variables& at, size_t dimension, Objective objective) {
  constexpr double kStep = 1e-4;
  SquareMatrix hessian = {};
  for (size_t i = 0; i < dimension; ++i) {
    Variables direction = {};
    direction[i] = 1;
    const ValueAndSlope after = objective(Moved(at, direction, kStep));
    const ValueAndSlope before = objective(Moved(at, direction, -kStep));
    for (size_t j = 0; j < dimension; ++j) {
      hessian[i][j] = (after.slope[j] - before.slope[j]) / (2 * kStep);
    }
  }
  for (size_t i = 0; i < dimension; ++i) {
    for (size_t j = 0; j < i; ++j) {
      hessian[i][j] = hessian[j][i] = (hessian[i][j] + hessian[j][i]) / 2;
    }
  }
  return hessian;
}

std::vector<Variables> InverseOfNegative(const SquareMatrix& hessian, size_t dimension) {
  // Cholesky: -hessian = L L'.
  SquareMatrix root = {};
  for (size_t i = 0; i < dimension; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double rest = -hessian[i][j];
      for (size_t k = 0; k < j; ++k) rest -= root[i][k] * root[j][k];
      if (i == j) {
        if (!(rest > 1e-14 * std::abs(hessian[i][i]))) return {};
        root[i][i] = std::sqrt(rest);
      } else {
        root[i][j] = rest / root[j][j];
      }
    }
  }
  std::vector<Variables> inverse(4, Variables{});
  for (size_t column = 0; column < dimension; ++column) {
    Variables y = {};
    for (size_t i = 0; i < dimension; ++i) {
      double rest = i == column ? 1 : 0;
      for (size_t k = 0; k < i; ++k) rest -= root[i][k] * y[k];
      y[i] = rest / root[i][i];
    }
    for (size_t i = dimension; i-- > 0;) {
      double rest = y[i];
      for (size_t k = i + 1; k < dimension; ++k) rest -= root[k][i] * inverse[k][column];
      inverse[i][column] = rest / root[i][i];
    }
  }
  return inverse;
}

}  // namespace clv::domain
