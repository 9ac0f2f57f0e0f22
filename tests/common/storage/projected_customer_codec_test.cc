// Projected customers on their way from the fold to copies.

#include "common/storage/projected_customer_codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace clv::storage {
namespace {

constexpr int64_t kLeastNumber = std::numeric_limits<int64_t>::min();
constexpr int64_t kMostNumber = std::numeric_limits<int64_t>::max();

// One with everything, at the ends of what numbers can be.
ProjectedCustomer Extreme() {
  ProjectedCustomer customer;
  customer.value = {.customer_id = std::string("c\0\xff", 3),
                    .attributes = {"Perú", "", std::string(300, 's')},
                    .described = true,
                    .imported = true,
                    .signup_date = kLeastNumber,
                    .summary = {.purchase_count = kMostNumber,
                                .total_spend_micros = kLeastNumber,
                                .refunded_micros = kMostNumber,
                                .first_purchase_date = kLeastNumber,
                                .last_purchase_date = kMostNumber,
                                .repeat_order_days = kMostNumber,
                                .visible_rows = 1,
                                .unconverted_rows = 2,
                                .last_activity_date = -1,
                                .gross_micros = kMostNumber},
                    .updated_at = kMostNumber,
                    .folded_position = UINT64_MAX};
  customer.orders = {{0, kLeastNumber, false},
                     {0, 0, false},
                     {7, kMostNumber, true},
                     {UINT32_MAX - 1, 12'340'000, true},
                     {UINT32_MAX - 1, -1, false}};
  customer.rare = {.imported = ImportedRecord{kLeastNumber, kMostNumber, 1, UINT32_MAX, 3},
                   .rows = {{2, 5, kMostNumber}, {2, UINT32_MAX, kLeastNumber}},
                   .unconverted_dates = {0, UINT32_MAX}};
  customer.distinct_products = UINT64_MAX;
  customer.favorite_category = "Toys";
  return customer;
}

ProjectedCustomer Plain() {
  ProjectedCustomer customer;
  customer.value.customer_id = "plain";
  customer.orders = {{1'700'000'000, 10'000, true}};
  return customer;
}

OrdersChange ExtremeChange() {
  OrdersChange change;
  change.value.customer_id = Extreme().value.customer_id;
  change.value.summary = Extreme().value.summary;
  change.value.updated_at = kLeastNumber;
  change.value.folded_position = UINT64_MAX;
  change.added = Extreme().orders;
  change.removed = {{9, 1, true}, {3, kLeastNumber, false}};  // of any order
  change.distinct_products = UINT64_MAX;
  change.favorite_category = "Toys";
  return change;
}

std::string Packed(const ProjectedCustomer& customer) {
  ByteWriter bytes;
  PackCustomer(customer, &bytes);
  return bytes.Take();
}

std::string Packed(const OrdersChange& change) {
  ByteWriter bytes;
  PackChange(change, &bytes);
  return bytes.Take();
}

TEST(ProjectedCustomerCodecTest, GivesBackWhatWasPackedOneAfterAnother) {
  ProjectedCustomer read;  // the same for all: nothing of the one before stays
  OrdersChange change;
  for (const ProjectedCustomer& customer : {Extreme(), Plain(), ProjectedCustomer{}, Extreme()}) {
    EXPECT_EQ(UnpackFacts(Packed(customer), &read, &change).value(), FactsKind::kCustomer);
    EXPECT_EQ(read, customer) << customer.value.customer_id;
    EXPECT_EQ(IdOfFacts(Packed(customer)), customer.value.customer_id);
  }
  for (const OrdersChange& packed : {ExtremeChange(), OrdersChange{}, ExtremeChange()}) {
    EXPECT_EQ(UnpackFacts(Packed(packed), &read, &change).value(), FactsKind::kChange);
    EXPECT_EQ(change, packed);
    EXPECT_EQ(IdOfFacts(Packed(packed)), packed.value.customer_id);
  }
}

TEST(ProjectedCustomerCodecTest, BytesThatAreNoFactsAreRefused) {
  ProjectedCustomer read;
  OrdersChange change;
  for (const std::string& packed : {Packed(Extreme()), Packed(ExtremeChange())}) {
    for (size_t size = 0; size < packed.size(); ++size) {
      const std::string part = packed.substr(0, size);
      EXPECT_TRUE(absl::IsDataLoss(UnpackFacts(part, &read, &change).status())) << size;
    }
    EXPECT_TRUE(absl::IsDataLoss(UnpackFacts(packed + "x", &read, &change).status()));
    EXPECT_TRUE(absl::IsDataLoss(UnpackFacts("\2" + packed.substr(1), &read, &change).status()));
  }
}

TEST(ProjectedCustomerCodecTest, CountsThatCannotBeAreRefusedWithoutReservingMemory) {
  std::string packed = Packed(ProjectedCustomer{});
  packed.pop_back();  // the number of orders
  ByteWriter count;
  count.Number(uint64_t{1} << 60);
  packed += count.Take();
  ProjectedCustomer read;
  OrdersChange change;
  EXPECT_TRUE(absl::IsDataLoss(UnpackFacts(packed, &read, &change).status()));
}

TEST(ProjectedCustomerCodecTest, AnOrderTakesAboutSixBytes) {
  ProjectedCustomer customer = Plain();
  const size_t one = Packed(customer).size();
  for (uint32_t i = 1; i <= 100; ++i) {
    customer.orders.push_back({1'700'000'000 + i * 20 * 86'400, 57'990'000, true});
  }
  EXPECT_LE(Packed(customer).size(), one + 100 * 7 + 1);
}

}  // namespace
}  // namespace clv::storage
