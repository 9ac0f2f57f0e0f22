#include "services/aggregation/hash_order.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "common/base/text_hash.h"

namespace clv::aggregation {
namespace {

std::vector<uint32_t> StableOrder(const std::vector<uint64_t>& hashes) {
  std::vector<uint32_t> order(hashes.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return hashes[a] < hashes[b]; });
  return order;
}

// `count` hashes of at most `distinct` values.
std::vector<uint64_t> Hashes(uint64_t seed, size_t count, uint64_t distinct) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> values(distinct);
  for (uint64_t& value : values) value = random();
  std::vector<uint64_t> hashes(count);
  for (uint64_t& hash : hashes) hash = values[random() % distinct];
  return hashes;
}

TEST(HashOrderTest, IsTheStableOrderOfFewAndOfMany) {
  for (const size_t count : {0, 1, 2, 255, 256, 257, 258, 2'047, 2'048, 2'049, 100'000}) {
    for (const uint64_t distinct : {1u, 2u, 3u, 100u, 1'000'000u}) {
      const std::vector<uint64_t> hashes = Hashes(count + distinct, count, distinct);
      ASSERT_EQ(HashOrder(hashes), StableOrder(hashes)) << count << " of " << distinct;
    }
  }
}

TEST(HashOrderTest, OrdersBySingleBits) {
  // Each bit alone, also those that no digit of the radix sort looks at.
  std::vector<uint64_t> hashes = {0, UINT64_MAX};
  for (int round = 0; round < 5; ++round) {
    for (int bit = 63; bit >= 0; --bit) hashes.push_back(uint64_t{1} << bit);
    for (int bit = 0; bit < 64; ++bit) hashes.push_back(~(uint64_t{1} << bit));
  }
  EXPECT_EQ(HashOrder(hashes), StableOrder(hashes));
}

TEST(HashOrderTest, OrdersHashesThatDifferOnlyInTheirLowBits) {
  std::mt19937_64 random(3);
  std::vector<uint64_t> hashes(3'000);
  for (uint64_t& hash : hashes) hash = (random() % 8) << 60 | random() % 1'000;
  EXPECT_EQ(HashOrder(hashes), StableOrder(hashes));
}

RC_GTEST_PROP(HashOrderProperty, IsTheStableOrder, (uint64_t seed)) {
  const auto count = *rc::gen::inRange<size_t>(0, 1'500);
  const auto distinct = *rc::gen::inRange<uint64_t>(1, 2'000);
  const std::vector<uint64_t> hashes = Hashes(seed, count, distinct);
  RC_ASSERT(HashOrder(hashes) == StableOrder(hashes));
}

RC_GTEST_PROP(HashOrderProperty, BringsTheSameTextsTogether,
              (const std::vector<std::string>& texts)) {
  std::vector<uint64_t> hashes;
  for (const std::string& text : texts) hashes.push_back(TextHash(text));
  RC_ASSERT(HashOrder(hashes) == StableOrder(hashes));
}

}  // namespace
}  // namespace clv::aggregation
