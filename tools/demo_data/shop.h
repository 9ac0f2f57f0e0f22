// tools/demo_data/shop.h: a made-up shop: its customers, what drives each of them, and when they
// order.
//
// A Shop is a pure function of its ShopOptions: the same options give the same shop on every
// machine. Immutable after Create and thread-safe. Needs about 56 bytes a customer.
#ifndef CLV_TOOLS_DEMO_DATA_SHOP_H_
#define CLV_TOOLS_DEMO_DATA_SHOP_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/demo_data/catalogue.h"
#include "tools/demo_data/purchase_process.h"
#include "tools/demo_data/samplers.h"

namespace clv::demo_data {

struct ShopOptions {
  uint64_t seed = 1;
  int64_t customers = 2000;  // 1..100,000,000
  // Wanted number of purchase rows, without refunds, corrections and duplicates; reached within
  // about 1 % by scaling all order rates. Absent: the rates of the segments as they are.
  std::optional<int64_t> purchases = std::nullopt;
  int days = 1095;           // length of the history, 1..36500
  int64_t last_day = 20634;  // days since 1970-01-01 of its last day; the default is 2026-06-30
  double seasonality = 1;    // 0 = none .. 1 = as in shops
  bool uniform_behaviour = false;    // every segment behaves like the segment "Standard"
  double never_buying_share = 0.05;  // customers that sign up and never order
  double missing_attribute_share =
      0.01;                        // customers that lack one of email, country, segment, source
  bool multi_item_orders = false;  // 1 to 5 rows an order, 1.6 on average, with a shared order_id
  std::string currency = "USD";

  // What happens to a purchase row; each a share of all purchase rows, 0..1.
  double duplicates = 0.01;  // sent again unchanged, soon or within three days
  double corrections =
      0.005;  // followed by a row of the same purchase_id, other content and later created_at
  double late = 0.005;        // sent up to 60 days after its purchase_date
  double refunds = 0.02;      // followed by a negative row in the same order, within 30 days
  double other_currency = 0;  // in the currency of the customer's country
};

// One customer. Attributes are indices into catalogue.h.
struct Customer {
  CustomerBehaviour behaviour;
  double first_order_day;  // operational day of the first order; infinity for one who never buys
  uint32_t signup_second;  // since the start of the first day
  uint8_t segment;
  uint8_t country;
  uint8_t source;
  bool lacks_email, lacks_country, lacks_segment, lacks_source;
};

// One order: who and when.
struct OrderEvent {
  uint32_t second;    // since the start of the first day
  uint32_t customer;  // index into customers()
  friend auto operator<=>(const OrderEvent&, const OrderEvent&) = default;
};

// What a purchase history ends as.
struct CustomerOutcome {
  int64_t orders = 0;
  std::optional<uint32_t> first_order_second;
  std::optional<uint32_t> last_order_second;
  bool alive_at_end = false;                 // will order again if one waits long enough
  double expected_orders_next_365_days = 0;  // given the truth, not the data
};

class Shop {
 public:
  // INVALID_ARGUMENT for an option out of its range, and when `purchases` cannot be reached by
  // these customers in this time. The message names the command line's flag.
  static absl::StatusOr<Shop> Create(const ShopOptions& options);

  const ShopOptions& options() const { return options_; }
  const SeasonalClock& clock() const { return clock_; }

  // Factor on all order rates that `purchases` asked for; 1 without.
  double rate_scale() const { return rate_scale_; }

  // In order of signup. Customer i has the customer_id "c" + (100001 + i).
  std::span<const Customer> customers() const { return customers_; }

  // Parameters behind the customers of a segment, before rate_scale().
  const BehaviourParams& behaviour_params(size_t segment) const;

  // Seconds since 1970-01-01 of a second of the shop's time.
  int64_t EpochSecond(uint32_t second) const { return first_day_ * 86400 + second; }

  // Last second of the shop's time.
  uint32_t last_second() const { return static_cast<uint32_t>(options_.days) * 86400 - 1; }

  // Every order of every customer by time, then customer. Takes 8 bytes an order.
  std::vector<OrderEvent> Orders() const;

  // Outcome of one customer, computed anew at each call.
  CustomerOutcome Outcome(size_t customer) const;

  // Full name and e-mail address (also where the customer lacks it).
  std::string NameOf(size_t customer) const;
  std::string EmailOf(size_t customer) const;

 private:
  explicit Shop(const ShopOptions& options);

  OrderProcess ProcessOf(size_t customer, double rate_scale) const;
  Customer MakeCustomer(size_t index) const;
  // Expected number of orders, from every n-th customer so that at most 100,000 are simulated.
  double EstimateOrders(double rate_scale) const;
  // The factor at which `orders` are expected, or an error when more rate does not help.
  absl::StatusOr<double> ScaleFor(double orders) const;

  ShopOptions options_;
  int64_t first_day_;
  SeasonalClock clock_;
  double rate_scale_ = 1;
  std::vector<Customer> customers_;
};

// Purposes of the random streams of a shop; a number is never reused, since that would change every
// shop.
enum class StreamPurpose : uint64_t {
  kCustomer = 1,
  kOrders = 2,
  kName = 3,
  kOrderContent = 4,
  kRowFate = 5,
};

// The stream of a shop for a purpose and a customer or row.
RandomStream StreamOf(const ShopOptions& options, StreamPurpose purpose, uint64_t key);

constexpr double kMeanItemsOfMultiItemOrders = 1.6;

}  // namespace clv::demo_data

#endif  // CLV_TOOLS_DEMO_DATA_SHOP_H_
