#include "common/domain/gamma_gamma.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <limits>
#include <tuple>

#include "common/domain/model_math.h"

namespace clv::domain {
namespace {

using SpendPolicy = boost::math::policies::policy<
    boost::math::policies::promote_double<false>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::domain_error<boost::math::policies::ignore_error>,
    boost::math::policies::evaluation_error<boost::math::policies::ignore_error>>;

// From this a + b on the continued fraction takes long.
constexpr double kSlowFraction = 5'000;

// The continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method, for x <
// (a + 1) / (a + b + 2), to about 1e-11.
double BetaFraction(double a, double b, double x) {
  constexpr int kMostTerms = 500;
  constexpr double kClose = 1e-11;
  double c = 1;
  double d = 1 / (1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m < kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    fraction *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    const double change = c * d;
    fraction *= change;
    if (std::abs(change - 1) < kClose) break;
  }
  return fraction;
}

}  // namespace

SpendHistories::SpendHistories(std::vector<SpendHistory> histories)
    : customers(std::move(histories)) {
  std::sort(customers.begin(), customers.end(), [](const SpendHistory& a, const SpendHistory& b) {
    return std::tie(a.days, a.mean) < std::tie(b.days, b.mean);
  });
  log_means.reserve(customers.size());
  for (const SpendHistory& one : customers) log_means.push_back(std::log(one.mean));
}

LogLikelihood GammaGammaLogLikelihood(const SpendParameters& parameters,
                                      const SpendHistories& histories) {
  const auto& [p, q, v] = parameters;
  const double log_v = std::log(v);
  const double log_gamma_q = LogGamma(q);
  const double digamma_q = Digamma(q);
  LogLikelihood sum;
  double constant = 0;
  double by_p = 0;
  double by_q = 0;
  uint32_t days_of_tables = 0;
  for (size_t i = 0; i < histories.customers.size(); ++i) {
    const auto& [days, mean] = histories.customers[i];
    const double x = days;
    if (days != days_of_tables) {
      days_of_tables = days;
      constant =
          LogGamma(p * x + q) - LogGamma(p * x) - log_gamma_q + q * log_v + p * x * std::log(x);
      const double digamma_sum = Digamma(p * x + q);
      by_p = x * (digamma_sum - Digamma(p * x) + std::log(x));
      by_q = digamma_sum - digamma_q + log_v;
    }
    const double log_mean = histories.log_means[i];
    const double scale = v + x * mean;
    const double log_scale = std::log(scale);
    sum.value += constant + (p * x - 1) * log_mean - (p * x + q) * log_scale;
    sum.gradient[0] += by_p + x * (log_mean - log_scale);
    sum.gradient[1] += by_q - log_scale;
    sum.gradient[2] += q / v - (p * x + q) / scale;
  }
  return sum;
}

double ExpectedSpend(const SpendParameters& parameters, double days, double total) {
  const auto& [p, q, v] = parameters;
  return p * (v + total) / (p * days + q - 1);
}

double SpendCorrelation(const SpendHistories& histories) {
  const auto n = static_cast<double>(histories.customers.size());
  if (n < 2) return 0;
  double mean_x = 0;
  double mean_m = 0;
  for (const SpendHistory& one : histories.customers) {
    mean_x += one.days / n;
    mean_m += one.mean / n;
  }
  double xx = 0;
  double mm = 0;
  double xm = 0;
  for (const SpendHistory& one : histories.customers) {
    const double x = one.days - mean_x;
    const double m = one.mean - mean_m;
    xx += x * x;
    mm += m * m;
    xm += x * m;
  }
  return xx > 0 && mm > 0 ? xm / std::sqrt(xx * mm) : 0;
}

SpendDistribution::SpendDistribution(const SpendParameters& parameters, double days, double total)
    : p_(parameters.p), shape_(parameters.p * days + parameters.q), scale_(parameters.v + total) {}

SpendDistribution::Point SpendDistribution::At(double orders, double value) const {
  const double share = value / (value + scale_);
  const double rest = scale_ / (value + scale_);
  const double a = p_ * orders;
  // share^a rest^shape / B(a, shape): the derivative by ln(value), and what the fraction lacks.
  Point point;
  point.slope = std::exp(a * std::log(share) + shape_ * std::log(rest) + LogGamma(a + shape_) -
                         LogGamma(a) - LogGamma(shape_));
  if (a + shape_ > kSlowFraction) {
    point.probability = boost::math::ibeta(a, shape_, share, SpendPolicy());
  } else if (share < (a + 1) / (a + shape_ + 2)) {
    point.probability = point.slope * BetaFraction(a, shape_, share) / a;
  } else {
    point.probability = 1 - point.slope * BetaFraction(shape_, a, rest) / shape_;
  }
  return point;
}

double SpendDistribution::SecondMoment(double mean_orders, double mean_square_orders) const {
  if (!(shape_ > 2)) return std::numeric_limits<double>::infinity();
  return scale_ * scale_ / ((shape_ - 1) * (shape_ - 2)) *
         (p_ * p_ * mean_square_orders + p_ * mean_orders);
}

}  // namespace clv::domain
