#include "common/domain/beta_mixture.h"

#include <algorithm>
#include <cmath>

#include "common/domain/model_math.h"

namespace clv::domain {
namespace {

// In w: below e^-62 p matters to no (1 + u p)^-k with k u up to 1e18; above 40 p is 1.
constexpr double kLowest = -62;
constexpr double kHighest = 40;
constexpr double kWidestPanel = 2;
// Relative to its greatest value the density is nothing below e^-75: a term is at most e^25 times
// the sum.
constexpr double kNegligible = -75;
// Up to here (1 + u p)^-k is linear in p to the last digit.
constexpr double kLinear = 1e-8;

// ln of p and of 1 - p.
double LogP(double w) { return w < 0 ? w - std::log1p(std::exp(w)) : -std::log1p(std::exp(-w)); }
double LogDensity(double a, double c, double w) { return a * LogP(w) + c * LogP(-w); }

}  // namespace

BetaMixture::BetaMixture(double a, double c) {
  if (a <= 0) {
    mass_below_ = {1};
    moment_below_ = {0};
    return;
  }
  const double mode = std::clamp(std::log(a / c), kLowest, kHighest);
  const double peak = LogDensity(a, c, mode);
  const double width = std::min(kWidestPanel, 2 * std::sqrt(1 / a + 1 / c));
  const auto matters = [&](double w) { return LogDensity(a, c, w) - peak > kNegligible; };
  double low = mode;
  while (low > kLowest && matters(low)) low -= width;
  low = std::max(low, kLowest);
  double high = mode;
  while (high < kHighest && matters(high)) high += width;
  high = std::min(high, kHighest);

  const double lower_tail = std::exp(LogDensity(a, c, low) - peak) / a;
  upper_tail_ = high >= kHighest ? std::exp(LogDensity(a, c, high) - peak) / c : 0;
  const int panels = std::max(1, static_cast<int>(std::ceil((high - low) / width)));
  const double half = (high - low) / panels / 2;
  const PanelRule& rule = GetPanelRule();
  double total = lower_tail;
  for (int panel = 0; panel < panels; ++panel) {
    for (size_t i = 0; i < PanelRule::kNodes; ++i) {
      const double w = low + half * (2 * panel + 1 + rule.node[i]);
      p_.push_back(std::exp(LogP(w)));
      weight_.push_back(half * rule.weight[i] * std::exp(LogDensity(a, c, w) - peak));
      total += weight_.back();
    }
  }
  total += upper_tail_;
  upper_tail_ /= total;
  mass_below_.reserve(p_.size() + 1);
  moment_below_.reserve(p_.size() + 1);
  mass_below_.push_back(lower_tail / total);
  moment_below_.push_back(mass_below_.back() * std::exp(LogP(low)) * a / (a + 1));
  for (size_t i = 0; i < p_.size(); ++i) {
    weight_[i] /= total;
    mass_below_.push_back(mass_below_.back() + weight_[i]);
    moment_below_.push_back(moment_below_.back() + weight_[i] * p_[i]);
  }
}

size_t BetaMixture::FirstNode(double k, double u) const {
  return static_cast<size_t>(std::lower_bound(p_.begin(), p_.end(), kLinear / ((k + 1) * u)) -
                             p_.begin());
}

double BetaMixture::Survival(double k, double u) const {
  if (!(u > 0)) return 1;
  const size_t first = FirstNode(k, u);
  double sum = mass_below_[first] - k * u * moment_below_[first];
  for (size_t i = first; i < p_.size(); ++i) {
    sum += weight_[i] * std::exp(-k * std::log1p(u * p_[i]));
  }
  return sum + upper_tail_ * std::exp(-k * std::log1p(u));
}

double BetaMixture::Purchases(double k, double u) const {
  if (!(u > 0)) return 0;
  const size_t first = FirstNode(k, u);
  double sum = k * u * (mass_below_[first] - (k + 1) * u / 2 * moment_below_[first]);
  for (size_t i = first; i < p_.size(); ++i) {
    sum -= weight_[i] * std::expm1(-k * std::log1p(u * p_[i])) / p_[i];
  }
  return sum - upper_tail_ * std::expm1(-k * std::log1p(u));
}

}  // namespace clv::domain
