#include "services/query/projection/customer_set.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace clv::query {
namespace {

TEST(CustomerSetTest, HoldsThoseOfChunks) {
  std::vector<CustomerBits> chunks(40);
  chunks[0] = 0b101;
  chunks[39] = CustomerBits{1} << 63;
  CustomerSet set(chunks);
  set.Seal();
  std::vector<uint32_t> members;
  for (uint32_t number = 0; number < 5'000; ++number) {
    if (set.Has(number)) members.push_back(number);
  }
  EXPECT_EQ(members, (std::vector<uint32_t>{0, 2, 39 * 64 + 63}));
}

TEST(CustomerSetTest, ASuccessorLeavesTheOneBeforeAsItWas) {
  CustomerSet set({0b11});
  set.Seal();
  CustomerSet next = set.Successor();
  next.Put(0, false);
  next.Put(1, true);
  next.Put(70'000, true);
  next.Put(90'000, false);
  next.Seal();
  EXPECT_TRUE(set.Has(0));
  EXPECT_FALSE(set.Has(70'000));
  EXPECT_FALSE(next.Has(0));
  EXPECT_TRUE(next.Has(1));
  EXPECT_TRUE(next.Has(70'000));
  EXPECT_FALSE(next.Has(69'999));
  EXPECT_FALSE(next.Has(90'000));
  const CustomerSet beside = set.Successor();
  EXPECT_TRUE(beside.Has(0));
}

}  // namespace
}  // namespace clv::query
