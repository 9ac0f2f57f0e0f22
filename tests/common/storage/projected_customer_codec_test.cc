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

TEST(ProjectedCustomerCodecTest, GivesBackWhatWasPackedOneAfterAnother) {
  const std::vector<ProjectedCustomer> customers = {Extreme(), Plain(), ProjectedCustomer{},
                                                    Extreme()};
  ByteWriter bytes;
  for (const ProjectedCustomer& customer : customers) PackCustomer(customer, &bytes);
  const std::string packed = bytes.Take();
  ByteReader reader(packed);
  ProjectedCustomer read;  // the same for all: nothing of the one before stays
  for (const ProjectedCustomer& customer : customers) {
    ASSERT_TRUE(UnpackCustomer(&reader, &read).ok());
    EXPECT_EQ(read, customer) << customer.value.customer_id;
  }
  EXPECT_TRUE(reader.at_end());
}

TEST(ProjectedCustomerCodecTest, BytesThatEndEarlyAreRefused) {
  ByteWriter bytes;
  PackCustomer(Extreme(), &bytes);
  const std::string packed = bytes.Take();
  for (size_t size = 0; size < packed.size(); ++size) {
    const std::string part = packed.substr(0, size);
    ByteReader reader(part);
    ProjectedCustomer read;
    EXPECT_TRUE(absl::IsDataLoss(UnpackCustomer(&reader, &read))) << size;
  }
}

TEST(ProjectedCustomerCodecTest, CountsThatCannotBeAreRefusedWithoutReservingMemory) {
  ByteWriter bytes;
  PackCustomer(ProjectedCustomer{}, &bytes);
  std::string packed = bytes.Take();
  packed.pop_back();  // the number of orders
  ByteWriter count;
  count.Number(uint64_t{1} << 60);
  packed += count.Take();
  ByteReader reader(packed);
  ProjectedCustomer read;
  EXPECT_TRUE(absl::IsDataLoss(UnpackCustomer(&reader, &read)));
}

TEST(ProjectedCustomerCodecTest, AnOrderTakesAboutSixBytes) {
  ProjectedCustomer customer = Plain();
  ByteWriter bytes;
  PackCustomer(customer, &bytes);
  const size_t one = bytes.Take().size();
  for (uint32_t i = 1; i <= 100; ++i) {
    customer.orders.push_back({1'700'000'000 + i * 20 * 86'400, 57'990'000, true});
  }
  PackCustomer(customer, &bytes);
  EXPECT_LE(bytes.Take().size(), one + 100 * 7 + 1);
}

}  // namespace
}  // namespace clv::storage
