#include "common/domain/model_math.h"

#include <math.h>

#include <boost/math/constants/constants.hpp>
#include <boost/math/special_functions/digamma.hpp>
#include <limits>

namespace clv::domain {
namespace {

// Doubles throughout, and no exceptions: what overflows is infinite.
using DoublePolicy = boost::math::policies::policy<
    boost::math::policies::promote_double<false>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::domain_error<boost::math::policies::ignore_error>,
    boost::math::policies::pole_error<boost::math::policies::ignore_error>>;

// Roots of the Legendre polynomial by Newton's method.
PanelRule MakePanelRule() {
  constexpr size_t n = PanelRule::kNodes;
  PanelRule rule;
  for (size_t i = 0; i < n; ++i) {
    const double kPi = boost::math::constants::pi<double>();
    double x = -std::cos(kPi * (static_cast<double>(i) + 0.75) / (n + 0.5));
    double slope = 0;
    for (int step = 0; step < 100; ++step) {
      double previous = 1;
      double value = x;
      for (size_t degree = 2; degree <= n; ++degree) {
        const double next = ((2.0 * degree - 1) * x * value - (degree - 1.0) * previous) / degree;
        previous = value;
        value = next;
      }
      slope = n * (x * value - previous) / (x * x - 1);
      const double change = value / slope;
      x -= change;
      if (std::abs(change) < 1e-16) break;
    }
    rule.node[i] = x;
    rule.weight[i] = 2 / ((1 - x * x) * slope * slope);
  }
  return rule;
}

}  // namespace

// Not std::lgamma, which writes a global sign.
double LogGamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

double Digamma(double x) { return boost::math::digamma(x, DoublePolicy()); }

double LogAddExp(double a, double b) {
  const double greater = a > b ? a : b;
  const double less = a > b ? b : a;
  if (less == -std::numeric_limits<double>::infinity()) return greater;
  return greater + std::log1p(std::exp(less - greater));
}

double Expit(double minus_x) {
  if (minus_x > 0) {
    const double e = std::exp(-minus_x);
    return e / (1 + e);
  }
  return 1 / (1 + std::exp(minus_x));
}

double ExponentialIntegral(double rate, double length) {
  const double z = rate * length;
  if (std::abs(z) < 1e-8) return length * (1 - z / 2);
  return -std::expm1(-z) / rate;
}

const PanelRule& GetPanelRule() {
  static const PanelRule rule = MakePanelRule();
  return rule;
}

}  // namespace clv::domain
