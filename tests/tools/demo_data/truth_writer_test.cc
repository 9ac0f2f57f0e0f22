#include "tools/demo_data/truth_writer.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "simdjson.h"

namespace clv::demo_data {
namespace {

TEST(TruthWriterTest, IsOneJsonDocumentWhoseTotalsAreTheSumsOfItsCustomers) {
  const absl::StatusOr<Shop> shop = Shop::Create({.customers = 300});
  ASSERT_TRUE(shop.ok());
  std::string text;
  ASSERT_TRUE(WriteTruth(*shop, [&text](std::string_view bytes) {
                text.append(bytes);
                return absl::OkStatus();
              }).ok());
  simdjson::dom::parser parser;
  const simdjson::dom::element truth = parser.parse(text);
  int64_t orders = 0;
  int64_t alive = 0;
  double expected = 0;
  for (const simdjson::dom::element customer : truth["customers"]) {
    orders += int64_t{customer["orders"]};
    alive += bool{customer["alive_at_end"]} ? 1 : 0;
    expected += customer["expected_orders_next_365_days"].get_double().value();
    EXPECT_EQ(customer["last_order_date"].is_null(), int64_t{customer["orders"]} == 0);
  }
  const simdjson::dom::element totals = truth["totals"];
  EXPECT_EQ(int64_t{totals["customers"]}, 300);
  EXPECT_EQ(int64_t{totals["orders"]}, orders);
  EXPECT_EQ(orders, static_cast<int64_t>(shop->Orders().size()));
  EXPECT_EQ(int64_t{totals["alive_at_end"]}, alive);
  EXPECT_NEAR(double{totals["expected_orders_next_365_days"]}, expected, 1e-6);
  EXPECT_EQ(simdjson::dom::array(truth["segments"]).size(), Segments().size());
}

}  // namespace
}  // namespace clv::demo_data
