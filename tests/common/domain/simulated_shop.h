// tests/common/domain/simulated_shop.h: customers who do exactly what a model says.
#ifndef CLV_TESTS_COMMON_DOMAIN_SIMULATED_SHOP_H_
#define CLV_TESTS_COMMON_DOMAIN_SIMULATED_SHOP_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/domain/gamma_gamma.h"
#include "common/domain/history_groups.h"
#include "common/domain/order_histories.h"
#include "common/domain/report_rows.h"

namespace clv::domain {

struct ShopSize {
  size_t customers = 1000;
  int32_t acquisition_days = 365;  // first orders come evenly over so many days, from day 0
  int32_t days = 730;              // the last day
};

// Order days until the last day, at most one a day; all of the value that `spend` gives, or of 10
// units.
OrderHistories SimulateOrders(ModelFamily family, const std::array<double, 4>& parameters,
                              const ShopSize& size, uint64_t seed,
                              const SpendParameters* spend = nullptr);

// In continuous time, rounded to days at the end, so that two purchases on one day count twice:
// what the models assume.
HistoryGroups SimulateHistories(ModelFamily family, const std::array<double, 4>& parameters,
                                const ShopSize& size, uint64_t seed);

SpendHistories SimulateSpending(const SpendParameters& parameters, size_t customers, uint64_t seed);

}  // namespace clv::domain

#endif  // CLV_TESTS_COMMON_DOMAIN_SIMULATED_SHOP_H_
