#include "common/domain/raw_row.h"

#include <gtest/gtest.h>

#include <limits>

namespace clv::domain {
namespace {

TEST(RawRowTest, ShowsTypedValuesInTheFormsThatClientsSend) {
  EXPECT_EQ(TextOf(RawValue::Text("c123")), "c123");
  EXPECT_EQ(TextOf(RawValue::Number("1e3")), "1e3");
  EXPECT_EQ(TextOf(RawValue::Flag(true)), "true");
  EXPECT_EQ(TextOf(RawValue::Integer(-5)), "-5");
  EXPECT_EQ(TextOf(RawValue::Micros(99'990'000)), "99.99");
  EXPECT_EQ(TextOf(RawValue::Instant(0)), "1970-01-01 00:00:00");
  EXPECT_EQ(TextOf(RawValue::Instant(std::numeric_limits<int64_t>::max())), "9223372036854775807");
  EXPECT_FALSE(TextOf(RawValue()).has_value());
}

TEST(RawRowTest, WritesAJsonObjectThatCanBeSentAgain) {
  RawRow row;
  row[PurchaseColumn::kPurchaseId] = RawValue::Text("p\"\\\n1");
  row[PurchaseColumn::kPurchaseAmount] = RawValue::Micros(-1'500'000);
  row[PurchaseColumn::kPurchaseDate] = RawValue::Instant(86'399);
  EXPECT_EQ(
      JsonOf(DataSource::kPurchases, row),
      R"({"purchase_id":"p\"\\\u000a1","purchase_amount":-1.5,"purchase_date":"1970-01-01 23:59:59"})");
}

TEST(RawRowTest, WritesAnEmptyObjectForAnEmptyRow) {
  EXPECT_EQ(JsonOf(DataSource::kCustomers, RawRow()), "{}");
}

}  // namespace
}  // namespace clv::domain
