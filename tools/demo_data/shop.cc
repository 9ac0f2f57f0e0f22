#include "tools/demo_data/shop.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv::demo_data {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr size_t kStandardSegment = 1;

absl::Status CheckShare(const char* flag, double value) {
  if (value >= 0 && value <= 1) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", value, ", want 0..1"));
}

absl::Status CheckCount(const char* flag, int64_t value, int64_t most) {
  if (value >= 1 && value <= most) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", value, ", want 1..", most));
}

absl::Status Check(const ShopOptions& options) {
  constexpr int64_t kMostCustomers = 100'000'000;
  constexpr int64_t kMostDays = 36500;
  CLV_RETURN_IF_ERROR(CheckCount("--customers", options.customers, kMostCustomers));
  CLV_RETURN_IF_ERROR(CheckCount("--days", options.days, kMostDays));
  if (options.purchases.has_value()) {
    CLV_RETURN_IF_ERROR(CheckCount("--purchases", *options.purchases, kMostCustomers * 100));
  }
  if (options.last_day < options.days - 1) {
    return absl::InvalidArgumentError("--end-date: the history would begin before 1970-01-01");
  }
  if (options.currency.size() != 3 || !std::all_of(options.currency.begin(), options.currency.end(),
                                                   [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return absl::InvalidArgumentError(
        absl::StrCat("--currency: ", options.currency, ", want three upper-case letters"));
  }
  const std::pair<const char*, double> shares[] = {
      {"--seasonality", options.seasonality},
      {"--never-buying", options.never_buying_share},
      {"--missing-attributes", options.missing_attribute_share},
      {"--duplicates", options.duplicates},
      {"--corrections", options.corrections},
      {"--late", options.late},
      {"--refunds", options.refunds},
      {"--other-currency", options.other_currency},
  };
  for (const auto& [flag, value] : shares) {
    CLV_RETURN_IF_ERROR(CheckShare(flag, value));
  }
  return absl::OkStatus();
}

}  // namespace

RandomStream StreamOf(const ShopOptions& options, StreamPurpose purpose, uint64_t key) {
  return RandomStream(options.seed, static_cast<uint64_t>(purpose), key);
}

Shop::Shop(const ShopOptions& options)
    : options_(options),
      first_day_(options.last_day - options.days + 1),
      clock_({.first_day = first_day_, .days = options.days, .strength = options.seasonality}) {}

absl::StatusOr<Shop> Shop::Create(const ShopOptions& options) {
  CLV_RETURN_IF_ERROR(Check(options));
  Shop shop(options);
  shop.customers_.reserve(static_cast<size_t>(options.customers));
  for (int64_t i = 0; i < options.customers; ++i) {
    shop.customers_.push_back(shop.MakeCustomer(static_cast<size_t>(i)));
  }
  if (options.purchases.has_value()) {
    const double items = options.multi_item_orders ? kMeanItemsOfMultiItemOrders : 1;
    CLV_ASSIGN_OR_RETURN(shop.rate_scale_,
                         shop.ScaleFor(static_cast<double>(*options.purchases) / items));
    for (Customer& customer : shop.customers_) {
      customer.behaviour.orders_per_day *= shop.rate_scale_;
    }
  }
  return shop;
}

const BehaviourParams& Shop::behaviour_params(size_t segment) const {
  return Segments()[options_.uniform_behaviour ? kStandardSegment : segment].behaviour;
}

Customer Shop::MakeCustomer(size_t index) const {
  constexpr double kSameVisitShare = 0.6;
  constexpr double kSameVisitDays = 0.01;
  constexpr double kLaterDays = 6;
  RandomStream random = StreamOf(options_, StreamPurpose::kCustomer, index);
  Customer customer{};
  // One signup in each of N equal pieces of operational time: rising with the index, no sorting
  // needed.
  const double signup_day = (static_cast<double>(index) + random.Uniform()) /
                            static_cast<double>(options_.customers) * clock_.length_days();
  customer.signup_second = clock_.CalendarSecond(signup_day).value_or(last_second());
  customer.segment = static_cast<uint8_t>(SampleIndex(random, SegmentWeights()));
  customer.country = static_cast<uint8_t>(SampleIndex(random, CountryWeights()));
  customer.source =
      static_cast<uint8_t>(SampleIndex(random, Segments()[customer.segment].source_weights));
  customer.behaviour = SampleBehaviour(behaviour_params(customer.segment), 1, random);
  const bool never_buys = random.Chance(options_.never_buying_share);
  const double mean_delay = random.Chance(kSameVisitShare) ? kSameVisitDays : kLaterDays;
  const double delay = SampleExponential(random) * mean_delay;
  customer.first_order_day = never_buys ? kInfinity : signup_day + delay;
  if (random.Chance(options_.missing_attribute_share)) {
    bool* const lacks[] = {&customer.lacks_email, &customer.lacks_country, &customer.lacks_segment,
                           &customer.lacks_source};
    *lacks[random.Below(std::size(lacks))] = true;
  }
  return customer;
}

OrderProcess Shop::ProcessOf(size_t customer, double rate_scale) const {
  CustomerBehaviour behaviour = customers_[customer].behaviour;
  behaviour.orders_per_day *= rate_scale;
  return OrderProcess(behaviour, customers_[customer].first_order_day,
                      StreamOf(options_, StreamPurpose::kOrders, customer));
}

double Shop::EstimateOrders(double rate_scale) const {
  constexpr size_t kMostSimulated = 100'000;
  const size_t step = (customers_.size() + kMostSimulated - 1) / kMostSimulated;
  const double end = clock_.length_days();
  size_t simulated = 0;
  double orders = 0;
  for (size_t i = step / 2; i < customers_.size(); i += step) {
    OrderProcess process = ProcessOf(i, rate_scale);
    while (process.Next() < end) {
      ++orders;
    }
    ++simulated;
  }
  return orders * static_cast<double>(customers_.size()) / static_cast<double>(simulated);
}

absl::StatusOr<double> Shop::ScaleFor(double orders) const {
  constexpr double kMostScale = 64;
  constexpr double kLeastScale = 1.0 / 4096;
  constexpr int kSteps = 20;
  // The orders of each customer never decrease with the scale (the same random numbers are drawn),
  // so bisection works.
  double high = 1;
  while (EstimateOrders(high) < orders) {
    high *= 2;
    if (high > kMostScale) {
      return absl::InvalidArgumentError(absl::StrCat("--purchases: too many for ",
                                                     options_.customers, " customers in ",
                                                     options_.days, " days, want more customers"));
    }
  }
  double low = high / 2;
  while (EstimateOrders(low) > orders) {
    high = low;
    low /= 2;
    if (low < kLeastScale) {
      return absl::InvalidArgumentError(absl::StrCat("--purchases: fewer than the first orders of ",
                                                     options_.customers, " customers"));
    }
  }
  for (int i = 0; i < kSteps; ++i) {
    const double middle = (low + high) / 2;
    (EstimateOrders(middle) < orders ? low : high) = middle;
  }
  return (low + high) / 2;
}

std::vector<OrderEvent> Shop::Orders() const {
  constexpr double kMargin = 1.03;
  std::vector<OrderEvent> orders;
  orders.reserve(static_cast<size_t>(EstimateOrders(1) * kMargin));
  for (size_t i = 0; i < customers_.size(); ++i) {
    OrderProcess process = ProcessOf(i, 1);
    while (const auto second = clock_.CalendarSecond(process.Next())) {
      orders.push_back({.second = *second, .customer = static_cast<uint32_t>(i)});
    }
  }
  std::sort(orders.begin(), orders.end());
  return orders;
}

CustomerOutcome Shop::Outcome(size_t customer) const {
  constexpr double kForecastDays = 365;
  const double end = clock_.length_days();
  const Customer& truth = customers_[customer];
  CustomerOutcome outcome;
  OrderProcess process = ProcessOf(customer, 1);
  double day = process.Next();
  for (; day < end; day = process.Next()) {
    const uint32_t second = clock_.CalendarSecond(day).value_or(last_second());
    outcome.first_order_second = outcome.first_order_second.value_or(second);
    outcome.last_order_second = second;
    ++outcome.orders;
  }
  outcome.alive_at_end = day < kInfinity;
  if (!outcome.alive_at_end) {
    return outcome;
  }
  if (outcome.orders > 0) {
    outcome.expected_orders_next_365_days = ExpectedOrders(truth.behaviour, kForecastDays);
  } else if (day < end + kForecastDays) {
    outcome.expected_orders_next_365_days =
        1 + ExpectedOrders(truth.behaviour, end + kForecastDays - day);
  }
  return outcome;
}

std::string Shop::NameOf(size_t customer) const {
  const Country& country = Countries()[customers_[customer].country];
  RandomStream random = StreamOf(options_, StreamPurpose::kName, customer);
  const std::string_view given = country.given_names[random.Below(std::size(country.given_names))];
  const std::string_view family =
      country.family_names[random.Below(std::size(country.family_names))];
  return std::string(given).append(" ").append(family);
}

std::string Shop::EmailOf(size_t customer) const {
  const std::string name = NameOf(customer);
  const size_t space = name.find(' ');
  std::string email = EmailPart(std::string_view(name).substr(0, space));
  email.append(".").append(EmailPart(std::string_view(name).substr(space + 1)));
  return email.append(std::to_string(customer + 1)).append("@example.com");
}

}  // namespace clv::demo_data
