#include "tools/demo_data/shop.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace clv::demo_data {
namespace {

Shop ShopOf(const ShopOptions& options) {
  absl::StatusOr<Shop> shop = Shop::Create(options);
  EXPECT_TRUE(shop.ok()) << shop.status();
  return *std::move(shop);
}

TEST(SeasonalClockTest, MapsToTheCalendarAndBack) {
  const SeasonalClock clock({.first_day = 20000, .days = 400, .strength = 1});
  for (double day = 0.001; day < clock.length_days(); day += 0.7) {
    const auto second = clock.CalendarSecond(day);
    ASSERT_TRUE(second.has_value());
    // Within the busiest second.
    EXPECT_NEAR(clock.OperationalDay(*second), day, 5.0 / 86400);
  }
}

TEST(SeasonalClockTest, NeverGoesBackwards) {
  const SeasonalClock clock({.first_day = 20000, .days = 30, .strength = 1});
  uint32_t last = 0;
  for (double day = 0; day < clock.length_days(); day += 0.0001) {
    const uint32_t second = clock.CalendarSecond(day).value();
    ASSERT_GE(second, last);
    last = second;
  }
  EXPECT_GE(last, 30u * 86400 - 600);
  EXPECT_LT(last, 30u * 86400);
}

TEST(SeasonalClockTest, IsEmptyBeyondItsEnd) {
  const SeasonalClock clock({.first_day = 20000, .days = 30, .strength = 1});
  EXPECT_FALSE(clock.CalendarSecond(clock.length_days()).has_value());
  EXPECT_FALSE(clock.CalendarSecond(INFINITY).has_value());
}

TEST(SeasonalClockTest, WithoutSeasonsIsTheCalendar) {
  const SeasonalClock clock({.first_day = 20000, .days = 100, .strength = 0});
  EXPECT_NEAR(clock.length_days(), 100, 1e-9);
  EXPECT_EQ(clock.CalendarSecond(10.5 + 0.1 / 86400), 10u * 86400 + 43200);
}

TEST(SeasonalClockTest, AYearIsAsLongAsItsDays) {
  // 2023-01-01 for a year of 365 days.
  const SeasonalClock clock({.first_day = 19358, .days = 365, .strength = 1});
  EXPECT_NEAR(clock.length_days(), 365, 1.5);
}

TEST(ShopTest, RefusesOptionsOutOfRange) {
  for (const auto& spoil : std::vector<void (*)(ShopOptions&)>{
           [](ShopOptions& o) { o.customers = 0; }, [](ShopOptions& o) { o.days = 0; },
           [](ShopOptions& o) { o.duplicates = 1.5; }, [](ShopOptions& o) { o.late = NAN; },
           [](ShopOptions& o) { o.currency = "usd"; }, [](ShopOptions& o) { o.last_day = 100; },
           [](ShopOptions& o) { o.purchases = 0; }}) {
    ShopOptions options;
    spoil(options);
    EXPECT_EQ(Shop::Create(options).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(ShopTest, RefusesAnUnreachableNumberOfPurchases) {
  const absl::Status status = Shop::Create({.customers = 100, .purchases = 10'000'000}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("--purchases"), absl::string_view::npos);
}

TEST(ShopTest, ReachesTheWantedNumberOfPurchases) {
  for (const int64_t wanted : {5'000, 60'000}) {
    const Shop shop = ShopOf({.customers = 3000, .purchases = wanted});
    EXPECT_NEAR(static_cast<double>(shop.Orders().size()), static_cast<double>(wanted),
                0.01 * static_cast<double>(wanted));
  }
}

TEST(ShopTest, NobodyOrdersBeforeSigningUp) {
  const Shop shop = ShopOf({.customers = 3000});
  for (const OrderEvent& order : shop.Orders()) {
    ASSERT_GE(order.second, shop.customers()[order.customer].signup_second);
    ASSERT_LE(order.second, shop.last_second());
  }
}

TEST(ShopTest, OrdersComeByTime) {
  const std::vector<OrderEvent> orders = ShopOf({.customers = 500}).Orders();
  EXPECT_TRUE(std::is_sorted(orders.begin(), orders.end()));
}

TEST(ShopTest, CustomersComeBySignup) {
  const Shop shop = ShopOf({.customers = 3000});
  EXPECT_TRUE(std::is_sorted(
      shop.customers().begin(), shop.customers().end(),
      [](const Customer& a, const Customer& b) { return a.signup_second < b.signup_second; }));
}

TEST(ShopTest, OutcomesCountTheOrders) {
  const Shop shop = ShopOf({.customers = 800});
  std::vector<int64_t> counts(800);
  std::vector<uint32_t> last(800);
  for (const OrderEvent& order : shop.Orders()) {
    ++counts[order.customer];
    last[order.customer] = order.second;
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    const CustomerOutcome outcome = shop.Outcome(i);
    EXPECT_EQ(outcome.orders, counts[i]);
    EXPECT_EQ(outcome.last_order_second.has_value(), counts[i] > 0);
    EXPECT_EQ(outcome.last_order_second.value_or(0), last[i]);
  }
}

TEST(ShopTest, ExpectationsMatchASimulatedYear) {
  const CustomerBehaviour behaviour = {
      .orders_per_day = 0.05, .dropout_probability = 0.08, .mean_order_value = 10};
  constexpr int kCustomers = 40'000;
  double orders = 0;
  for (int i = 0; i < kCustomers; ++i) {
    // Orders after the second one: from there the customer is known to be active, by the lack of
    // memory of the gaps.
    OrderProcess process(behaviour, 0, RandomStream(9, 0, static_cast<uint64_t>(i)));
    process.Next();
    for (double day = process.Next(), begin = 0; day - begin < 365; day = process.Next()) {
      ++orders;
    }
  }
  EXPECT_NEAR(orders / kCustomers, ExpectedOrders(behaviour, 365), 0.15);
}

TEST(ShopTest, SpendFollowsGammaGamma) {
  const BehaviourParams params = {1, 30, 1, 10, 6.25, 3.74, 26};
  RandomStream random(5, 0, 0);
  double mean_of_means = 0;
  double amounts = 0;
  constexpr int kCustomers = 100'000;
  for (int i = 0; i < kCustomers; ++i) {
    const CustomerBehaviour behaviour = SampleBehaviour(params, 1, random);
    mean_of_means += behaviour.mean_order_value / kCustomers;
    amounts +=
        static_cast<double>(SampleOrderCents(params.spend_p, behaviour.mean_order_value, random)) /
        kCustomers / 100;
  }
  const double expected = params.spend_p * params.spend_gamma / (params.spend_q - 1);
  EXPECT_NEAR(mean_of_means, expected, 0.02 * expected);
  EXPECT_NEAR(amounts, expected, 0.02 * expected);
}

TEST(ShopTest, TheFourthQuarterIsStrong) {
  // 2025 as a whole: quarters of the orders of customers from the years before.
  const Shop shop = ShopOf({.customers = 5000, .days = 1096, .last_day = 20453});
  const uint32_t year_begin = shop.last_second() + 1 - 365u * 86400;
  double fourth = 0;
  double first = 0;
  for (const OrderEvent& order : shop.Orders()) {
    if (order.second >= year_begin) {
      const uint32_t day = (order.second - year_begin) / 86400;
      fourth += day >= 273 ? 1 : 0;
      first += day < 90 ? 1 : 0;
    }
  }
  EXPECT_GT(fourth, 1.25 * first);
}

TEST(ShopTest, EmailsAreAsciiAndDistinct) {
  const Shop shop = ShopOf({.customers = 2000});
  std::vector<std::string> emails;
  for (size_t i = 0; i < 2000; ++i) {
    emails.push_back(shop.EmailOf(i));
    EXPECT_TRUE(std::all_of(emails.back().begin(), emails.back().end(),
                            [](char c) { return c > ' ' && c < 127; }));
  }
  std::sort(emails.begin(), emails.end());
  EXPECT_EQ(std::adjacent_find(emails.begin(), emails.end()), emails.end());
}

TEST(CatalogueTest, EmailPartSpellsOutEveryLetterOfTheNames) {
  EXPECT_EQ(EmailPart("Jürgen"), "juergen");
  EXPECT_EQ(EmailPart("van den Berg"), "vandenberg");
  EXPECT_EQ(EmailPart("O'Connor"), "oconnor");
  for (const Country& country : Countries()) {
    for (const std::string_view name : country.given_names) {
      // At most the accents' second bytes are gone: every letter left its trace.
      const auto bytes = std::count_if(name.begin(), name.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
      });
      EXPECT_GE(EmailPart(name).size(), static_cast<size_t>(bytes)) << name;
    }
  }
}

TEST(CatalogueTest, ProductsFitTheirPrice) {
  EXPECT_EQ(ProductAt(0, 0, 1).name, "Wireless Headphones Basic");
  EXPECT_EQ(ProductAt(0, 0, 1499).id, "prod1001");
  EXPECT_EQ(ProductAt(0, 0, 1500).id, "prod1002");
  EXPECT_EQ(ProductAt(9, 7, 100'000'000).id, "prod1480");
}

}  // namespace
}  // namespace clv::demo_data
