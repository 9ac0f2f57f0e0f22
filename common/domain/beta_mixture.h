// common/domain/beta_mixture.h: expectations over a drop-out probability p ~ Beta(a, c), which the
// BG/NBD family is made of.
//
// The integrals are taken in w = ln(p / (1 - p)), where (1 + u p)^-k is analytic in a strip of
// width 2 pi around the real axis whatever u and k: panels of Gauss-Legendre nodes reach about
// 1e-13 for any u, where Gauss-Jacobi nodes in p (MODELS 2.2) lose digits as u grows. Every term is
// positive. Below the first nodes, where p is too small to matter, the integrands are constant or
// linear, so a
// -> 0 is no special case either; the total mass is scaled to 1, so that no beta function is
// needed.
#ifndef CLV_COMMON_DOMAIN_BETA_MIXTURE_H_
#define CLV_COMMON_DOMAIN_BETA_MIXTURE_H_

#include <cstddef>
#include <vector>

namespace clv::domain {

// Immutable; a few microseconds to a few tens of them to make.
class BetaMixture {
 public:
  // a >= 0 (0: p is 0, nobody drops out), c > 0.
  BetaMixture(double a, double c);

  // E[(1 + u p)^-k], u >= 0, k > 0.
  double Survival(double k, double u) const;

  // E[(1 - (1 + u p)^-k) / p]; k u at a = 0.
  double Purchases(double k, double u) const;

 private:
  // The first node whose p is not negligible for (1 + u p)^-k.
  size_t FirstNode(double k, double u) const;

  std::vector<double> p_;       // ascending
  std::vector<double> weight_;  // of p_, together with the tails 1
  // Up to and without node i, the lower tail included: the mass and the sum of mass * p.
  std::vector<double> mass_below_;
  std::vector<double> moment_below_;
  double upper_tail_ = 0;  // mass where 1 - p is negligible
};

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_BETA_MIXTURE_H_
