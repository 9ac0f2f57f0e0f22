#include "services/query/projection/best_customers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>

namespace clv::query {
namespace {

// Customers with ids that are not in the order of their numbers.
class BestCustomersTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kCustomers = 6'000;

  BestCustomersTest() {
    for (uint32_t number = 0; number < kCustomers; ++number) {
      ids_.push_back("c" + std::to_string((number * 7919) % kCustomers));
    }
    for (uint32_t begin = 0; begin < kCustomers; begin += kChunkCustomers) {
      auto chunk = std::make_unique<CustomerChunk>();
      auto profiles = std::make_shared<CustomerProfiles>();
      for (uint32_t i = 0; i < kChunkCustomers && begin + i < kCustomers; ++i) {
        profiles->AppendId(i, ids_[begin + i]);
      }
      chunk->profiles = std::move(profiles);
      version_.chunks.Append(std::move(chunk));
    }
    version_.customers = kCustomers;
    std::mt19937_64 random(5);
    for (uint32_t number = 0; number < kCustomers; ++number) {
      keys_.push_back(static_cast<int>(random() % 50));
    }
  }

  // The same by sorting all.
  std::vector<uint32_t> Sorted(uint32_t count, const storage::RowRange& range) const {
    std::vector<uint32_t> numbers(count);
    for (uint32_t i = 0; i < count; ++i) numbers[i] = i;
    std::sort(numbers.begin(), numbers.end(), [&](uint32_t a, uint32_t b) {
      return keys_[a] != keys_[b] ? keys_[a] > keys_[b] : ids_[a] < ids_[b];
    });
    const size_t begin = std::min<size_t>(range.offset, numbers.size());
    const size_t end =
        range.limit ? std::min<size_t>(numbers.size(), begin + *range.limit) : numbers.size();
    return {numbers.begin() + static_cast<std::ptrdiff_t>(begin),
            numbers.begin() + static_cast<std::ptrdiff_t>(end)};
  }

  std::vector<std::string> ids_;
  std::vector<int> keys_;
  ProjectionVersion version_;
};

TEST_F(BestCustomersTest, EqualSorting) {
  const std::vector<storage::RowRange> ranges = {
      {.limit = 1, .offset = 0},       {.limit = 10, .offset = 0},
      {.limit = 10, .offset = 25},     {.limit = 900, .offset = 450},
      {.limit = 10, .offset = 5'995},  {.limit = 10, .offset = 9'000},
      {.limit = 100'000, .offset = 3}, {.limit = {}, .offset = 0},
      {.limit = {}, .offset = 5'000}};
  for (const storage::RowRange& range : ranges) {
    BestCustomers<int> best(version_, range);
    for (uint32_t number = 0; number < kCustomers; ++number) best.Add(keys_[number], number);
    EXPECT_EQ(best.count(), kCustomers);
    EXPECT_EQ(best.Take(), Sorted(kCustomers, range)) << range.offset;
  }
}

TEST_F(BestCustomersTest, PartsAddUp) {
  const storage::RowRange range{.limit = 30, .offset = 5};
  BestCustomers<int> even(version_, range);
  BestCustomers<int> odd(version_, range);
  for (uint32_t number = 0; number < kCustomers; ++number) {
    (number % 2 == 0 ? even : odd).Add(keys_[number], number);
  }
  even += odd;
  EXPECT_EQ(even.count(), kCustomers);
  EXPECT_EQ(even.Take(), Sorted(kCustomers, range));
}

TEST_F(BestCustomersTest, EqualKeysAreToldApartFinely) {
  const auto coarse = [&](uint32_t number) { return keys_[number] / 8; };
  const auto fine = [&](uint32_t number) { return static_cast<double>(keys_[number]); };
  const storage::RowRange range{.limit = 40, .offset = 700};
  BestCustomers<int> best(version_, range, fine);
  for (uint32_t number = 0; number < kCustomers; ++number) best.Add(coarse(number), number);
  EXPECT_EQ(best.Take(), Sorted(kCustomers, range));
}

TEST_F(BestCustomersTest, ALimitOfNoneCountsOnly) {
  BestCustomers<int> none(version_, {.limit = 0, .offset = 0});
  for (uint32_t number = 0; number < kCustomers; ++number) none.Add(keys_[number], number);
  EXPECT_EQ(none.count(), kCustomers);
  EXPECT_TRUE(none.Take().empty());
}

TEST_F(BestCustomersTest, NobodyIsAdded) {
  BestCustomers<int> nobody(version_, {.limit = 5, .offset = 0});
  EXPECT_EQ(nobody.count(), 0u);
  EXPECT_TRUE(nobody.Take().empty());
}

TEST_F(BestCustomersTest, FewerThanTheRangeWants) {
  BestCustomers<int> few(version_, {.limit = 5, .offset = 1});
  for (uint32_t number = 0; number < 3; ++number) few.Add(keys_[number], number);
  EXPECT_EQ(few.Take(), Sorted(3, {.limit = 5, .offset = 1}));
}

}  // namespace
}  // namespace clv::query
