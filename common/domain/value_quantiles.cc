#include "common/domain/value_quantiles.h"

#include <algorithm>
#include <cmath>

namespace clv::domain {
namespace {

// Counts from here on are put together, a tenth of their number wide: the value of so many orders
// varies far more than by that.
constexpr size_t kFewOrders = 10;
// Counts that together are less likely are left out, and a probability that is as near is met.
constexpr double kNegligible = 1e-7;

}  // namespace

ValueDistribution::ValueDistribution(const CountDistribution& counts,
                                     const std::optional<SpendDistribution>& spend,
                                     double order_value)
    : spend_(spend), order_value_(order_value), none_(counts[0]) {
  for (size_t n = 1; n < counts.size(); ++n) {
    const auto orders = static_cast<double>(n);
    mean_orders_ += orders * counts[n];
    mean_square_orders_ += orders * orders * counts[n];
  }
  size_t end = counts.size();
  double beyond = 0;
  while (end > 1 && beyond + counts[end - 1] < kNegligible) beyond += counts[--end];
  for (size_t n = 1; n < end;) {
    const size_t next = std::min(end, n + (spend_ ? std::max<size_t>(1, n / kFewOrders) : 1));
    Atom atom;
    for (; n < next; ++n) {
      atom.probability += counts[n];
      atom.orders += static_cast<double>(n) * counts[n];
    }
    if (!(atom.probability > 0)) continue;
    atom.orders /= atom.probability;
    atoms_.push_back(atom);
  }
}

SpendDistribution::Point ValueDistribution::At(double value) const {
  SpendDistribution::Point sum{.probability = none_};
  for (const Atom& atom : atoms_) {
    const SpendDistribution::Point point = spend_->At(atom.orders, value);
    sum.probability += atom.probability * point.probability;
    sum.slope += atom.probability * point.slope;
  }
  return sum;
}

double ValueDistribution::Quantile(double probability) const {
  if (probability <= none_ || atoms_.empty()) return 0;
  // Where all orders are of their expected value.
  double sum = none_;
  double orders = 0;
  for (const Atom& atom : atoms_) {
    orders = atom.orders;
    sum += atom.probability;
    if (sum >= probability) break;
  }
  if (!spend_) return orders * order_value_;
  // Newton's method in ln(value), kept inside a bracket.
  double low = -INFINITY;
  double high = INFINITY;
  double log_value = std::log(orders * order_value_);
  for (int step = 0; step < 80; ++step) {
    const SpendDistribution::Point point = At(std::exp(log_value));
    const double excess = point.probability - probability;
    (excess > 0 ? high : low) = log_value;
    if (std::abs(excess) < kNegligible) break;
    double next = point.slope > 0 ? log_value - std::clamp(excess / point.slope, -1.5, 1.5)
                                  : log_value + (excess > 0 ? -1.5 : 1.5);
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (std::abs(next - log_value) < 1e-9) break;
    log_value = next;
  }
  return std::exp(log_value);
}

double ValueDistribution::StandardDeviation() const {
  double second_moment = order_value_ * order_value_ * mean_square_orders_;
  if (spend_) second_moment = spend_->SecondMoment(mean_orders_, mean_square_orders_);
  const double mean = order_value_ * mean_orders_;
  return std::sqrt(std::max(0.0, second_moment - mean * mean));
}

}  // namespace clv::domain
