// common/domain/gamma_gamma.h: the Gamma-Gamma model of how much a customer spends on an order day
// (Fader & Hardie's note 025, 2013).
//
// The values of a customer's order days are Gamma(p, nu), nu ~ Gamma(q, v) among customers. With
// the mean m of x > 0 values:
//   ln L = lnG(p x + q) - lnG(p x) - lnG(q) + q ln v + (p x - 1) ln m + p x ln x - (p x + q) ln(v +
//   m x).
#ifndef CLV_COMMON_DOMAIN_GAMMA_GAMMA_H_
#define CLV_COMMON_DOMAIN_GAMMA_GAMMA_H_

#include <cstdint>
#include <vector>

#include "common/domain/history_groups.h"

namespace clv::domain {

// v is in currency units.
struct SpendParameters {
  double p = 0;
  double q = 0;
  double v = 0;

  bool operator==(const SpendParameters&) const = default;
};

// One customer's spending: `days` order days of mean value `mean`, both positive.
struct SpendHistory {
  uint32_t days = 0;
  double mean = 0;
};

// Spending, ready to be fitted: by rising number of days.
struct SpendHistories {
  explicit SpendHistories(std::vector<SpendHistory> customers);
  std::vector<SpendHistory> customers;
  std::vector<double> log_means;  // of `customers`
};

// Derivatives by p, q, v (the fourth is 0).
LogLikelihood GammaGammaLogLikelihood(const SpendParameters& parameters,
                                      const SpendHistories& histories);

// E[value of an order day | days, total value of them] = p (v + total) / (p days + q - 1), wants
// p days + q > 1; the population's mean p v / (q - 1) at 0 days.
double ExpectedSpend(const SpendParameters& parameters, double days, double total);

// Pearson's correlation of the number of days and the mean value; 0 below two customers. The model
// takes them for independent.
double SpendCorrelation(const SpendHistories& histories);

// What a customer with `days` order days of `total` value will spend on further ones: the value of
// n of them together is (v + total) times a beta prime variable of p n and p days + q.
class SpendDistribution {
 public:
  SpendDistribution(const SpendParameters& parameters, double days, double total);

  // P(value of `orders` order days <= value), `orders` > 0, value > 0, and its derivative by ln
  // value.
  struct Point {
    double probability = 0;
    double slope = 0;
  };
  Point At(double orders, double value) const;

  // E[value^2] of a random number N of order days; infinite where p days + q <= 2.
  double SecondMoment(double mean_orders, double mean_square_orders) const;

 private:
  double p_;
  double shape_;  // p days + q
  double scale_;  // v + total
};

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_GAMMA_GAMMA_H_
