#include "tools/demo_data/purchase_process.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>

#include "tools/demo_data/portable_math.h"

namespace clv::demo_data {
namespace {

// Monday to Sunday, mean 1.
constexpr std::array<double, 7> kWeekdayFactors = {0.94, 0.91, 0.92, 0.95, 1.06, 1.14, 1.08};

// January to December, before division by their mean: a strong fourth quarter.
constexpr std::array<double, 12> kMonthFactors = {0.85, 0.88, 0.94, 0.95, 0.97, 0.95,
                                                  0.92, 0.90, 0.98, 1.05, 1.35, 1.40};

// 00h to 23h, before division by their mean.
constexpr std::array<double, 24> kHourFactors = {0.35, 0.2, 0.12, 0.1, 0.1, 0.15, 0.3, 0.6,
                                                 0.9,  1.1, 1.3,  1.4, 1.5, 1.4,  1.3, 1.3,
                                                 1.3,  1.4, 1.6,  1.8, 1.9, 1.7,  1.2, 0.7};

template <size_t n>
constexpr double Mean(const std::array<double, n>& values) {
  double sum = 0;
  for (const double value : values) {
    sum += value;
  }
  return sum / n;
}

double Factor(double factor, double mean, double strength) {
  return 1 + strength * (factor / mean - 1);
}

}  // namespace

CustomerBehaviour SampleBehaviour(const BehaviourParams& params, double rate_scale,
                                  RandomStream& random) {
  CustomerBehaviour behaviour{};
  behaviour.orders_per_day = SampleGamma(random, params.r) / params.alpha_days * rate_scale;
  behaviour.dropout_probability = SampleBeta(random, {.a = params.a, .b = params.b});
  const double spend_rate = SampleGamma(random, params.spend_q) / params.spend_gamma;
  behaviour.mean_order_value = params.spend_p / spend_rate;
  return behaviour;
}

int64_t SampleOrderCents(double spend_p, double mean_order_value, RandomStream& random) {
  constexpr double kMostCents = 1e8;
  const double cents = SampleGamma(random, spend_p) * (mean_order_value / spend_p) * 100;
  return std::max<int64_t>(1, static_cast<int64_t>(std::min(cents + 0.5, kMostCents)));
}

double ExpectedOrders(const CustomerBehaviour& behaviour, double days) {
  const double active_orders = behaviour.orders_per_day * days;
  return active_orders * OneMinusExpOverX(active_orders * behaviour.dropout_probability);
}

OrderProcess::OrderProcess(const CustomerBehaviour& behaviour, double first_order_day,
                           RandomStream random)
    : behaviour_(behaviour), random_(random), day_(first_order_day) {}

double OrderProcess::Next() {
  if (orders_ >= 2 && random_.Chance(behaviour_.dropout_probability)) {
    day_ = std::numeric_limits<double>::infinity();
  } else if (orders_ >= 1) {
    day_ += SampleExponential(random_) / behaviour_.orders_per_day;
  }
  ++orders_;
  return day_;
}

SeasonalClock::SeasonalClock(const Options& options) {
  constexpr double kMonthMean = Mean(kMonthFactors);
  constexpr double kHourMean = Mean(kHourFactors);
  constexpr double kWeekdayMean = Mean(kWeekdayFactors);
  cumulative_.reserve(static_cast<size_t>(options.days) * 24 + 1);
  double total = 0;
  cumulative_.push_back(total);
  for (int day = 0; day < options.days; ++day) {
    const std::chrono::sys_days date{std::chrono::days{options.first_day + day}};
    const unsigned month = static_cast<unsigned>(std::chrono::year_month_day{date}.month()) - 1;
    const unsigned weekday = std::chrono::weekday{date}.iso_encoding() - 1;
    const double day_factor = Factor(kMonthFactors[month], kMonthMean, options.strength) *
                              Factor(kWeekdayFactors[weekday], kWeekdayMean, options.strength);
    for (const double hour_factor : kHourFactors) {
      total += day_factor * Factor(hour_factor, kHourMean, options.strength) / 24;
      cumulative_.push_back(total);
    }
  }
  uint32_t hour = 0;
  for (int i = 0; i / 24.0 < total; ++i) {
    while (cumulative_[hour + 1] <= i / 24.0) {
      ++hour;
    }
    guide_.push_back(hour);
  }
  guide_.push_back(hour);  // an index may be rounded up to the end
}

std::optional<uint32_t> SeasonalClock::CalendarSecond(double operational_day) const {
  if (!(operational_day < length_days())) {
    return std::nullopt;
  }
  uint32_t hour = guide_[static_cast<size_t>(operational_day * 24)];
  while (cumulative_[hour + 1] <= operational_day) {
    ++hour;
  }
  const double begin = cumulative_[hour];
  const double share = (operational_day - begin) / (cumulative_[hour + 1] - begin);
  return hour * 3600 + static_cast<uint32_t>(std::clamp(share * 3600, 0.0, 3599.0));
}

double SeasonalClock::OperationalDay(uint32_t second) const {
  const uint32_t hour = second / 3600;
  const double begin = cumulative_[hour];
  return begin + (cumulative_[hour + 1] - begin) * ((second % 3600) / 3600.0);
}

}  // namespace clv::demo_data
