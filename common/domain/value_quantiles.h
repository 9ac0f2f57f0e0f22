// common/domain/value_quantiles.h: the distribution of what a customer will spend: the number of
// orders and their values together.
#ifndef CLV_COMMON_DOMAIN_VALUE_QUANTILES_H_
#define CLV_COMMON_DOMAIN_VALUE_QUANTILES_H_

#include <optional>
#include <vector>

#include "common/domain/gamma_gamma.h"
#include "common/domain/purchase_future.h"

namespace clv::domain {

// The total value of a random number of order days. Their values have the customer's spend
// distribution, or, where there is none, are all `order_value`.
class ValueDistribution {
 public:
  ValueDistribution(const CountDistribution& counts, const std::optional<SpendDistribution>& spend,
                    double order_value);

  // Least value that is not exceeded with `probability`, inside (0, 1); within about 1e-6 of it.
  // 0 where no order at all is that likely.
  double Quantile(double probability) const;

  // Infinite where the spend distribution has none.
  double StandardDeviation() const;

 private:
  // Many orders, counted together where they are a small part of their number.
  struct Atom {
    double orders = 0;
    double probability = 0;
  };
  SpendDistribution::Point At(double value) const;

  const std::optional<SpendDistribution> spend_;
  const double order_value_;
  double none_ = 0;          // P(no order)
  std::vector<Atom> atoms_;  // of one order or more
  double mean_orders_ = 0;
  double mean_square_orders_ = 0;
};

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_VALUE_QUANTILES_H_
