#include "tools/demo_data/truth_writer.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"

namespace clv::demo_data {
namespace {

std::string Shortest(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

std::string DateText(int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return absl::StrFormat("%04d-%02d-%02d", static_cast<int>(date.year()),
                         static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string QuotedInstant(const Shop& shop, std::optional<uint32_t> second) {
  if (!second.has_value()) {
    return "null";
  }
  const int64_t epoch = shop.EpochSecond(*second);
  const int64_t in_day = epoch % 86400;
  return absl::StrFormat("\"%s %02d:%02d:%02d\"", DateText(epoch / 86400), in_day / 3600,
                         in_day / 60 % 60, in_day % 60);
}

std::string ShopText(const Shop& shop) {
  const ShopOptions& options = shop.options();
  return absl::StrCat("{\"shop\":{\"seed\":", options.seed, ",\"customers\":", options.customers,
                      ",\"days\":", options.days, ",\"end_date\":\"", DateText(options.last_day),
                      "\",\"seasonality\":", Shortest(options.seasonality),
                      ",\"never_buying_share\":", Shortest(options.never_buying_share),
                      ",\"rate_scale\":", Shortest(shop.rate_scale()), "}");
}

std::string SegmentsText(const Shop& shop) {
  std::string text = ",\n\"segments\":[";
  for (size_t i = 0; i < Segments().size(); ++i) {
    const BehaviourParams& params = shop.behaviour_params(i);
    absl::StrAppend(&text, i == 0 ? "" : ",", "\n{\"customer_segment\":\"",
                    std::string(Segments()[i].name),
                    "\",\"weight\":", Shortest(Segments()[i].weight), ",\"r\":", Shortest(params.r),
                    ",\"alpha_days\":", Shortest(params.alpha_days));
    absl::StrAppend(&text, ",\"a\":", Shortest(params.a), ",\"b\":", Shortest(params.b),
                    ",\"spend_p\":", Shortest(params.spend_p),
                    ",\"spend_q\":", Shortest(params.spend_q),
                    ",\"spend_gamma\":", Shortest(params.spend_gamma), "}");
  }
  return text.append("]");
}

std::string CustomerText(const Shop& shop, size_t index, const CustomerOutcome& outcome) {
  const Customer& customer = shop.customers()[index];
  const double value = outcome.expected_orders_next_365_days * customer.behaviour.mean_order_value;
  std::string text =
      absl::StrCat("\n{\"customer_id\":\"c", kFirstCustomerNumber + index,
                   "\",\"customer_segment\":\"", std::string(Segments()[customer.segment].name),
                   "\",\"orders_per_day\":", Shortest(customer.behaviour.orders_per_day),
                   ",\"dropout_probability\":", Shortest(customer.behaviour.dropout_probability),
                   ",\"mean_order_value\":", Shortest(customer.behaviour.mean_order_value),
                   ",\"orders\":", outcome.orders);
  absl::StrAppend(
      &text, ",\"first_order_date\":", QuotedInstant(shop, outcome.first_order_second),
      ",\"last_order_date\":", QuotedInstant(shop, outcome.last_order_second),
      ",\"alive_at_end\":", outcome.alive_at_end ? "true" : "false",
      ",\"expected_orders_next_365_days\":", Shortest(outcome.expected_orders_next_365_days),
      ",\"expected_value_next_365_days\":", Shortest(value), "}");
  return text;
}

}  // namespace

absl::Status WriteTruth(const Shop& shop, const ByteSink& sink) {
  CLV_RETURN_IF_ERROR(sink(ShopText(shop) + SegmentsText(shop) + ",\n\"customers\":["));
  int64_t orders = 0;
  int64_t alive = 0;
  double expected_orders = 0;
  double expected_value = 0;
  for (size_t i = 0; i < shop.customers().size(); ++i) {
    const CustomerOutcome outcome = shop.Outcome(i);
    orders += outcome.orders;
    alive += outcome.alive_at_end ? 1 : 0;
    expected_orders += outcome.expected_orders_next_365_days;
    expected_value +=
        outcome.expected_orders_next_365_days * shop.customers()[i].behaviour.mean_order_value;
    CLV_RETURN_IF_ERROR(sink(absl::StrCat(i == 0 ? "" : ",", CustomerText(shop, i, outcome))));
  }
  return sink(absl::StrCat("],\n\"totals\":{\"customers\":", shop.customers().size(),
                           ",\"orders\":", orders, ",\"alive_at_end\":", alive,
                           ",\"expected_orders_next_365_days\":", Shortest(expected_orders),
                           ",\"expected_value_next_365_days\":", Shortest(expected_value), "}}\n"));
}

}  // namespace clv::demo_data
