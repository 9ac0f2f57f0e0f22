// common/domain/purchase_future.h: what a customer who is alive will do, given the past, in the
// purchase models: how many purchases within a time, and whether alive then.
//
// All models are closed under conditioning: a customer who is alive at age T after x repeat
// purchases is a new one with other parameters. While alive they buy at a rate lambda ~
// Gamma(shape, rate), the shape r + x and the rate alpha + T; how they drop out is the model's.
// Predictions for a customer multiply by P(alive). Times are in the parameters' unit. Nothing here
// is ever NaN or infinite.
#ifndef CLV_COMMON_DOMAIN_PURCHASE_FUTURE_H_
#define CLV_COMMON_DOMAIN_PURCHASE_FUTURE_H_

#include <vector>

#include "common/domain/beta_mixture.h"

namespace clv::domain {

// P(Y = n) for n = 0, 1, ...; what lies beyond the last is below 1e-15 together.
using CountDistribution = std::vector<double>;

// Distributions over more counts than these are cut there; such a customer buys hundreds of times a
// day.
inline constexpr size_t kMostCounts = size_t{1} << 17;

// P(N = n) of N ~ Poisson(lambda t), lambda ~ Gamma(shape, rate), with exposure = t / rate.
CountDistribution NegativeBinomial(double shape, double exposure);

// The distribution for a customer who is alive with probability `p_alive`.
CountDistribution GivenAlive(double p_alive, CountDistribution alive);

// Smallest n with P(Y <= n) >= probability.
size_t QuantileOf(const CountDistribution& counts, double probability);

// P(Y = n) of the BG/NBD and its relatives, exposure = t / rate (MODELS 2.4).
CountDistribution BetaGeometricCounts(double shape, double exposure, double a, double c);

// BG/NBD and its relatives: after each purchase the customer drops out with probability p ~
// Beta(a, c). a = 0 is the NBD: nobody drops out.
class BetaGeometricFuture {
 public:
  BetaGeometricFuture(double shape, double rate, double a, double c)
      : shape_(shape), rate_(rate), a_(a), c_(c), drop_out_(a, c) {}

  // E[Y(t)] = E_p[(1 - (1 + p t / rate)^-shape) / p] (MODELS 2.2).
  double Expected(double t) const { return drop_out_.Purchases(shape_, t / rate_); }
  // P(alive at t) = E_p[(1 + p t / rate)^-shape].
  double StillAlive(double t) const { return drop_out_.Survival(shape_, t / rate_); }
  // Integral of e^(-delta t) dE[Y(t)] (MODELS 2.5); an infinite horizon wants delta > 0.
  double Discounted(double delta, double horizon) const;
  // P(Y(t) = 0) = (1 + t / rate)^-shape: no drop-out without a purchase.
  double NoPurchase(double t) const;
  // Time at which NoPurchase is `probability`, inside (0, 1).
  double TimeOfNoPurchase(double probability) const;
  // The time in which the rate of purchases begins to fall.
  double scale() const { return rate_ / (1 + shape_ * a_ / (a_ + c_)); }
  // P(Y(t) = n).
  CountDistribution Counts(double t) const {
    return BetaGeometricCounts(shape_, t / rate_, a_, c_);
  }

 private:
  double shape_;
  double rate_;
  double a_;
  double c_;
  BetaMixture drop_out_;
};

// Pareto/NBD: the customer drops out at any time, at a rate mu ~ Gamma(drop_shape, drop_rate).
class GammaDropOutFuture {
 public:
  GammaDropOutFuture(double shape, double rate, double drop_shape, double drop_rate)
      : shape_(shape), rate_(rate), drop_shape_(drop_shape), drop_rate_(drop_rate) {}

  // shape / rate * integral of StillAlive.
  double Expected(double t) const;
  // (1 + t / drop_rate)^-drop_shape.
  double StillAlive(double t) const;
  double Discounted(double delta, double horizon) const;
  double NoPurchase(double t) const;
  double TimeOfNoPurchase(double probability) const;
  CountDistribution Counts(double t) const;

 private:
  double shape_;
  double rate_;
  double drop_shape_;
  double drop_rate_;
};

// The integral behind the Pareto/NBD (MODELS 2.6), over the time z of a death in [from, to] of a
// customer without purchases there:
//   I = integral of s / (beta + z) ((alpha + from) / (alpha + z))^k ((beta + from) / (beta + z))^s
// and, where `with_means`, means under its integrand. By panels in ln(min(alpha, beta) + z), where
// the integrand is analytic in a strip of width 2 pi; nothing cancels and alpha = beta is no
// special case.
struct DeathIntegral {
  double value = 0;
  double mean_log_alpha = 0;      // of ln((alpha + z) / (alpha + from))
  double mean_log_beta = 0;       // of ln((beta + z) / (beta + from))
  double mean_inverse_alpha = 0;  // of 1 / (alpha + z)
  double mean_inverse_beta = 0;   // of 1 / (beta + z)
};
DeathIntegral IntegrateDeath(double k, double alpha, double s, double beta, double from, double to,
                             bool with_means);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_PURCHASE_FUTURE_H_
