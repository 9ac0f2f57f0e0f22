#include "tests/common/domain/simulated_shop.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace clv::domain {
namespace {

using Engine = std::mt19937_64;

double Gamma(double shape, double rate, Engine& engine) {
  return std::gamma_distribution<double>(shape, 1 / rate)(engine);
}

double Uniform(Engine& engine) { return std::uniform_real_distribution<double>(0, 1)(engine); }

// Times of a customer's repeat purchases after the first one, up to `tenure`.
std::vector<double> SimulateTimes(ModelFamily family, const std::array<double, 4>& p, double tenure,
                                  Engine& engine) {
  std::vector<double> times;
  const double rate = Gamma(p[0], p[1], engine);
  double death = INFINITY;
  double drop_out = 0;
  if (family == ModelFamily::kParetoNbd) {
    death = std::exponential_distribution<double>(Gamma(p[2], p[3], engine))(engine);
  } else if (family != ModelFamily::kNbd) {
    const double a = Gamma(p[2], 1, engine);
    const double b = Gamma(p[3], 1, engine);
    drop_out = a / (a + b);
    if (family == ModelFamily::kMbgNbd && Uniform(engine) < drop_out) return times;
  }
  double time = 0;
  while (true) {
    time += std::exponential_distribution<double>(rate)(engine);
    if (time > std::min(tenure, death)) return times;
    times.push_back(time);
    if (Uniform(engine) < drop_out) return times;
  }
}

}  // namespace

OrderHistories SimulateOrders(ModelFamily family, const std::array<double, 4>& parameters,
                              const ShopSize& size, uint64_t seed, const SpendParameters* spend) {
  Engine engine(seed);
  OrderHistories orders;
  std::vector<OrderDay> days;
  for (size_t customer = 0; customer < size.customers; ++customer) {
    const auto first = static_cast<int32_t>(Uniform(engine) * size.acquisition_days);
    double nu = 0;
    if (spend != nullptr) nu = Gamma(spend->q, spend->v, engine);
    const auto value = [&] {
      return spend == nullptr ? int64_t{10'000'000}
                              : static_cast<int64_t>(1 + 1e6 * Gamma(spend->p, nu, engine));
    };
    days = {{first, value()}};
    for (const double time : SimulateTimes(family, parameters, size.days - first + 0.5, engine)) {
      const auto day = first + static_cast<int32_t>(std::lround(time));
      if (day > days.back().day && day <= size.days) days.push_back({day, value()});
    }
    orders.Add(days);
  }
  return orders;
}

HistoryGroups SimulateHistories(ModelFamily family, const std::array<double, 4>& parameters,
                                const ShopSize& size, uint64_t seed) {
  Engine engine(seed);
  std::vector<HistoryGroup> histories;
  for (size_t customer = 0; customer < size.customers; ++customer) {
    const auto tenure = static_cast<uint32_t>(size.days - Uniform(engine) * size.acquisition_days);
    const std::vector<double> times = SimulateTimes(family, parameters, tenure, engine);
    histories.push_back(
        {.frequency = static_cast<uint32_t>(times.size()),
         .recency_days = times.empty() ? 0 : static_cast<uint32_t>(std::lround(times.back())),
         .tenure_days = tenure,
         .customers = 1});
  }
  return GroupHistories(std::move(histories));
}

SpendHistories SimulateSpending(const SpendParameters& parameters, size_t customers,
                                uint64_t seed) {
  Engine engine(seed);
  std::vector<SpendHistory> spending;
  for (size_t customer = 0; customer < customers; ++customer) {
    const double nu = Gamma(parameters.q, parameters.v, engine);
    const auto days = static_cast<uint32_t>(1 + Gamma(1, .5, engine));
    double total = 0;
    for (uint32_t i = 0; i < days; ++i) total += Gamma(parameters.p, nu, engine);
    spending.push_back({days, total / days});
  }
  return SpendHistories(std::move(spending));
}

}  // namespace clv::domain
