// common/domain/model_math.h: the special functions and the quadrature that the purchase models
// share.
//
// Pure functions of doubles.
#ifndef CLV_COMMON_DOMAIN_MODEL_MATH_H_
#define CLV_COMMON_DOMAIN_MODEL_MATH_H_

#include <array>
#include <cmath>
#include <cstddef>

namespace clv::domain {

// ln Gamma(x) and psi(x), x > 0.
double LogGamma(double x);
double Digamma(double x);

// ln(e^a + e^b); -infinity stands for ln 0.
double LogAddExp(double a, double b);

// 1 / (1 + e^x), without overflow.
double Expit(double minus_x);

// (1 - e^(-rate * length)) / rate, also at rate 0 (length) and below.
double ExponentialIntegral(double rate, double length);

// Gauss-Legendre nodes on [-1, 1] with their weights, exact for polynomials up to degree 23. Over a
// panel on which a function is analytic in an ellipse three times as wide it errs by about 1e-13.
struct PanelRule {
  static constexpr size_t kNodes = 12;
  std::array<double, kNodes> node;
  std::array<double, kNodes> weight;
};
const PanelRule& GetPanelRule();

// Integral of e^(-delta t) rate(t) over [0, horizon], for a rate that falls like a power of
// (scale + t): by panels in ln(1 + t / scale). An infinite horizon wants delta > 0.
template <typename Rate>
double DiscountedIntegral(double delta, double horizon, double scale, const Rate& rate) {
  constexpr double kWidestPanel = 1.5;
  constexpr double kNegligible = 46;  // e^-46 = 1e-20
  double end = horizon;
  if (delta > 0 && delta * end > kNegligible) end = kNegligible / delta;
  const double log_end = std::log1p(end / scale);
  const int panels = static_cast<int>(std::ceil(log_end / kWidestPanel));
  if (panels < 1) return 0;
  const PanelRule& rule = GetPanelRule();
  const double half = log_end / panels / 2;
  double sum = 0;
  for (int panel = 0; panel < panels; ++panel) {
    for (size_t i = 0; i < PanelRule::kNodes; ++i) {
      const double y = half * (2 * panel + 1 + rule.node[i]);
      const double t = scale * std::expm1(y);
      sum += rule.weight[i] * (scale + t) * std::exp(-delta * t) * rate(t);
    }
  }
  return half * sum;
}

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_MODEL_MATH_H_
