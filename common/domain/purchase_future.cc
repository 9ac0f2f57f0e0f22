#include "common/domain/purchase_future.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/domain/model_math.h"

namespace clv::domain {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Terms below this share of the greatest end a distribution.
constexpr double kNegligibleTerm = 1e-18;
// Below, the first term of a negative binomial is too small to begin with.
constexpr double kLeastLogFirst = -600;

// Consecutive terms of a negative binomial, all others being negligible.
struct Window {
  size_t first = 0;
  std::vector<double> terms;
};

// From the mode outwards, where the first term would underflow.
Window FromMode(double shape, double exposure) {
  const double q = exposure / (1 + exposure);
  const auto mode = static_cast<size_t>(
      std::clamp(std::floor((shape - 1) * exposure), 0.0, double{kMostCounts - 1}));
  Window window{.first = mode};
  double term = 1;
  for (size_t n = mode; term > kNegligibleTerm; --n) {
    window.first = n;
    window.terms.push_back(term);
    if (n == 0) break;
    term *= static_cast<double>(n) / ((shape + static_cast<double>(n) - 1) * q);
  }
  std::reverse(window.terms.begin(), window.terms.end());
  term = 1;
  for (size_t n = mode + 1; n < kMostCounts; ++n) {
    term *= (shape + static_cast<double>(n) - 1) / static_cast<double>(n) * q;
    if (term < kNegligibleTerm) break;
    window.terms.push_back(term);
  }
  double total = 0;
  for (const double one : window.terms) total += one;
  for (double& one : window.terms) one /= total;
  return window;
}

Window NegativeBinomialWindow(double shape, double exposure) {
  const double log_first = -shape * std::log1p(exposure);
  if (log_first < kLeastLogFirst) return FromMode(shape, exposure);
  const double q = exposure / (1 + exposure);
  Window window{.terms = {std::exp(log_first)}};
  double greatest = window.terms[0];
  while (window.terms.size() < kMostCounts) {
    const auto n = static_cast<double>(window.terms.size());
    const double term = window.terms.back() * (shape + n - 1) / n * q;
    if (term < kNegligibleTerm * greatest && term < window.terms.back()) break;
    greatest = std::max(greatest, term);
    window.terms.push_back(term);
  }
  return window;
}

}  // namespace

CountDistribution NegativeBinomial(double shape, double exposure) {
  Window window = NegativeBinomialWindow(shape, exposure);
  if (window.first > 0) window.terms.insert(window.terms.begin(), window.first, 0.0);
  return std::move(window.terms);
}

CountDistribution GivenAlive(double p_alive, CountDistribution alive) {
  for (double& count : alive) count *= p_alive;
  alive[0] += 1 - p_alive;
  return alive;
}

size_t QuantileOf(const CountDistribution& counts, double probability) {
  double sum = 0;
  for (size_t n = 0; n < counts.size(); ++n) {
    sum += counts[n];
    if (sum >= probability) return n;
  }
  return counts.size() - 1;
}

double BetaGeometricFuture::Discounted(double delta, double horizon) const {
  if (delta == 0 && horizon < kInfinity) return Expected(horizon);
  return shape_ / rate_ * DiscountedIntegral(delta, horizon, scale(), [&](double t) {
           return drop_out_.Survival(shape_ + 1, t / rate_);
         });
}

double BetaGeometricFuture::NoPurchase(double t) const {
  return std::exp(-shape_ * std::log1p(t / rate_));
}

double BetaGeometricFuture::TimeOfNoPurchase(double probability) const {
  return rate_ * std::expm1(-std::log(probability) / shape_);
}

CountDistribution BetaGeometricCounts(double shape, double exposure, double a, double c) {
  CountDistribution counts = NegativeBinomial(shape, exposure);
  if (a <= 0) return counts;
  // Whoever would have bought n times or more and drops out right after the n-th has bought n.
  std::vector<double> at_least(counts.size());
  double sum = 0;
  for (size_t n = counts.size(); n-- > 0;) at_least[n] = sum += counts[n];
  double stays = 1;  // B(a, c + n) / B(a, c)
  for (size_t n = 1; n < counts.size(); ++n) {
    const double trials = a + c + static_cast<double>(n) - 1;
    const double drops = stays * a / trials;
    stays *= (c + static_cast<double>(n) - 1) / trials;
    counts[n] = stays * counts[n] + drops * at_least[n];
  }
  return counts;
}

double GammaDropOutFuture::Expected(double t) const {
  return shape_ / rate_ * drop_rate_ *
         ExponentialIntegral(drop_shape_ - 1, std::log1p(t / drop_rate_));
}

double GammaDropOutFuture::StillAlive(double t) const {
  return std::exp(-drop_shape_ * std::log1p(t / drop_rate_));
}

double GammaDropOutFuture::Discounted(double delta, double horizon) const {
  if (delta == 0 && horizon < kInfinity) return Expected(horizon);
  return shape_ / rate_ *
         DiscountedIntegral(delta, horizon, drop_rate_ / (1 + drop_shape_),
                            [&](double t) { return StillAlive(t); });
}

double GammaDropOutFuture::NoPurchase(double t) const {
  const double survives =
      std::exp(-shape_ * std::log1p(t / rate_) - drop_shape_ * std::log1p(t / drop_rate_));
  return survives + IntegrateDeath(shape_, rate_, drop_shape_, drop_rate_, 0, t, false).value;
}

double GammaDropOutFuture::TimeOfNoPurchase(double probability) const {
  // NoPurchase falls towards the probability never to buy again: below it there is no time.
  constexpr double kLongest = 1e9;
  if (NoPurchase(kLongest) > probability) return kInfinity;
  double low = 0;
  double high = 1;
  while (NoPurchase(high) > probability) {
    low = high;
    high *= 2;
  }
  // Newton's method on a convex function, kept inside the bracket.
  double t = low;
  for (int step = 0; step < 60 && high - low > 1e-9 * high; ++step) {
    const double excess = NoPurchase(t) - probability;
    (excess > 0 ? low : high) = t;
    const double slope =
        -shape_ / (rate_ + t) *
        std::exp(-shape_ * std::log1p(t / rate_) - drop_shape_ * std::log1p(t / drop_rate_));
    const double next = t - excess / slope;
    if (std::abs(next - t) <= 1e-12 * next) return next;
    t = next > low && next < high ? next : (low + high) / 2;
  }
  return t;
}

CountDistribution GammaDropOutFuture::Counts(double t) const {
  CountDistribution counts = NegativeBinomial(shape_, t / rate_);
  const double survives = StillAlive(t);
  for (double& count : counts) count *= survives;
  // Deaths at z in (0, t), by panels in ln(1 + z / scale) that are narrower than the peaks of the
  // negative binomials there; the first of them lie within scale.
  const double scale = std::min(rate_ / (1 + shape_), drop_rate_ / (1 + drop_shape_));
  const double log_end = std::log1p(t / scale);
  const double peaks = 1 / std::sqrt(1 / shape_ + 1 / static_cast<double>(counts.size()));
  const int panels = std::max(1, static_cast<int>(std::ceil(log_end * std::max(0.7, peaks / 4))));
  const PanelRule& rule = GetPanelRule();
  const double half = log_end / panels / 2;
  for (int panel = 0; panel < panels; ++panel) {
    for (size_t i = 0; i < PanelRule::kNodes; ++i) {
      const double z = scale * std::expm1(half * (2 * panel + 1 + rule.node[i]));
      const double mass =
          half * rule.weight[i] * (scale + z) * drop_shape_ / (drop_rate_ + z) * StillAlive(z);
      const CountDistribution until = NegativeBinomial(shape_, z / rate_);
      for (size_t n = 0; n < std::min(until.size(), counts.size()); ++n)
        counts[n] += mass * until[n];
    }
  }
  return counts;
}

DeathIntegral IntegrateDeath(double k, double alpha, double s, double beta, double from, double to,
                             bool with_means) {
  DeathIntegral integral;
  const double alpha_from = alpha + from;
  const double beta_from = beta + from;
  const double scale = std::min(alpha_from, beta_from);
  const double end = std::log1p((to - from) / scale);
  const PanelRule& rule = GetPanelRule();
  // How fast the logarithm of the integrand falls at y.
  const auto fall_at = [&](double y) {
    const double e = scale * std::exp(y);
    const double z = e - scale;
    return k * e / (alpha_from + z) + (s + 1) * e / (beta_from + z);
  };
  constexpr double kWidestPanel = 1.5;
  constexpr double kDeepestPanel = 6;
  constexpr double kNegligible = 40;
  double fallen = 0;
  for (double begin = 0; begin < end && fallen < kNegligible;) {
    const double fall = fall_at(begin);
    double width = std::min({kWidestPanel, end - begin, kDeepestPanel / fall});
    width = std::min(width, std::max(width / 2, kDeepestPanel / fall_at(begin + width)));
    const double half = width / 2;
    for (size_t i = 0; i < PanelRule::kNodes; ++i) {
      const double z = scale * std::expm1(begin + half * (1 + rule.node[i]));
      const double log_alpha = std::log1p(z / alpha_from);
      const double log_beta = std::log1p(z / beta_from);
      const double term = half * rule.weight[i] * (scale + z) * s / (beta_from + z) *
                          std::exp(-k * log_alpha - s * log_beta);
      integral.value += term;
      if (!with_means) continue;
      integral.mean_log_alpha += term * log_alpha;
      integral.mean_log_beta += term * log_beta;
      integral.mean_inverse_alpha += term / (alpha_from + z);
      integral.mean_inverse_beta += term / (beta_from + z);
    }
    fallen += width * fall;
    begin += width;
  }
  if (with_means && integral.value > 0) {
    integral.mean_log_alpha /= integral.value;
    integral.mean_log_beta /= integral.value;
    integral.mean_inverse_alpha /= integral.value;
    integral.mean_inverse_beta /= integral.value;
  }
  return integral;
}

}  // namespace clv::domain
