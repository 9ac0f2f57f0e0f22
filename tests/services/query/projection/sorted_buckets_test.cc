#include "services/query/projection/sorted_buckets.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace clv::query {
namespace {

std::vector<int> Sorted(std::vector<int> values) {
  std::sort(values.begin(), values.end());
  return values;
}

void ExpectEqual(const SortedBuckets<int>& list, const std::vector<int>& expected) {
  ASSERT_EQ(list.All(), expected);
  ASSERT_EQ(list.size(), expected.size());
  for (size_t rank = 0; rank < expected.size(); rank += 1 + expected.size() / 50) {
    ASSERT_EQ(list.At(rank), expected[rank]);
    ASSERT_EQ(
        list.CountBelow(expected[rank]),
        static_cast<size_t>(std::lower_bound(expected.begin(), expected.end(), expected[rank]) -
                            expected.begin()));
  }
  std::vector<int> falling;
  list.ForEachFalling([&](int value) {
    falling.push_back(value);
    return falling.size() < 700;
  });
  ASSERT_TRUE(std::equal(falling.begin(), falling.end(), expected.rbegin()));
  for (size_t rank = 0; rank <= expected.size(); rank += 1 + expected.size() / 9) {
    const auto from = rank < expected.size()
                          ? std::lower_bound(expected.begin(), expected.end(), expected[rank])
                          : expected.end();
    std::vector<int> rising;
    list.ForEachFrom([&](int value) { return rank == expected.size() || value < expected[rank]; },
                     [&](int value) {
                       rising.push_back(value);
                       return rising.size() < 700;
                     });
    ASSERT_EQ(rising.size(), std::min<size_t>(700, static_cast<size_t>(expected.end() - from)));
    ASSERT_TRUE(std::equal(rising.begin(), rising.end(), from));
  }
}

TEST(SortedBucketsTest, AreEmptyWithoutValues) {
  const SortedBuckets<int> list;
  EXPECT_EQ(list.size(), 0u);
  EXPECT_EQ(list.CountBelow(5), 0u);
  EXPECT_EQ(list.With({}, {}).size(), 0u);
}

TEST(SortedBucketsTest, WhatComesAndGoesAtOnceCancelsOut) {
  const SortedBuckets<int> list = SortedBuckets<int>().With({}, {1, 1, 3});
  EXPECT_EQ(list.With({2, 3}, {2, 2}).All(), (std::vector<int>{1, 1, 2}));
}

struct Labelled {
  int place = 0;
  char label = 'a';  // no part of the order

  static constexpr size_t kFields = 2;
  std::array<uint64_t, kFields> Fields() const {
    return {OrderedBits(place), static_cast<uint64_t>(label)};
  }
  static Labelled OfFields(const std::array<uint64_t, kFields>& fields) {
    return {static_cast<int>(OfOrderedBits(fields[0])), static_cast<char>(fields[1])};
  }

  bool operator==(const Labelled&) const = default;
  bool operator<(const Labelled& other) const { return place < other.place; }
};

TEST(SortedBucketsTest, AValueWithAnotherContentTakesThePlaceOfTheOldOne) {
  const auto list = SortedBuckets<Labelled>().With({}, {{1, 'a'}, {2, 'a'}, {3, 'a'}});
  EXPECT_EQ(list.With({{2, 'a'}}, {{2, 'b'}}).All(),
            (std::vector<Labelled>{{1, 'a'}, {2, 'b'}, {3, 'a'}}));
  EXPECT_EQ(list.With({{2, 'a'}, {3, 'a'}}, {{2, 'a'}, {3, 'b'}}).All(),
            (std::vector<Labelled>{{1, 'a'}, {2, 'a'}, {3, 'b'}}));
}

TEST(SortedBucketsTest, AnOldListStaysAsItWas) {
  const SortedBuckets<int> list = SortedBuckets<int>().With({}, {1, 2, 3});
  const SortedBuckets<int> next = list.With({2}, {7});
  EXPECT_EQ(list.All(), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(next.All(), (std::vector<int>{1, 3, 7}));
}

TEST(SortedBucketsTest, OfOneListThereMayBeSeveralThatFollow) {
  std::vector<int> many(5'000);
  std::iota(many.begin(), many.end(), 0);
  auto list = std::make_unique<SortedBuckets<int>>(SortedBuckets<int>().With({}, many));
  const SortedBuckets<int> first = list->With({17}, {});
  std::vector<SortedBuckets<int>> others;
  for (int n = 0; n < 3; ++n) others.push_back(list->With({4'000 + n}, {n}));
  const SortedBuckets<int> after_first = first.With({}, {17});
  list.reset();
  EXPECT_EQ(first.size(), many.size() - 1);
  EXPECT_EQ(after_first.All(), many);
  for (int n = 0; n < 3; ++n) {
    std::vector<int> expected = many;
    expected.erase(expected.begin() + 4'000 + n);
    expected.insert(expected.begin() + n, n);
    EXPECT_EQ(others[static_cast<size_t>(n)].All(), expected);
  }
}

TEST(SortedBucketsTest, IsAsItWasOnceTheListsMadeFromItAreWithdrawn) {
  std::vector<int> many(20'000);
  std::iota(many.begin(), many.end(), 0);
  const auto older = SortedBuckets<int>().With({}, many);
  const auto list = older.With({5}, {});
  {
    auto gone = list.With({17, 18'000}, {4, 4, 12'000});
    gone = gone.With({4}, {17});
    gone = gone.With(gone.All(), {});
  }
  list.Withdraw();
  many.erase(many.begin() + 5);
  ExpectEqual(list, many);
  const auto next = list.With({17}, {});
  many.erase(std::find(many.begin(), many.end(), 17));
  ExpectEqual(next, many);
  EXPECT_EQ(older.size(), 20'000u);
}

// Random changes against a plain vector; few different values make copies lie in many buckets.
void CheckRandomChanges(uint32_t seed, int values) {
  std::mt19937 random(seed);
  SortedBuckets<int> list;
  std::vector<int> expected;
  std::vector<std::pair<SortedBuckets<int>, std::vector<int>>> older;
  for (int step = 0; step < 60; ++step) {
    const size_t removals = std::min<size_t>(expected.size(), random() % 900);
    std::shuffle(expected.begin(), expected.end(), random);
    const std::vector<int> removed(expected.end() - static_cast<int64_t>(removals), expected.end());
    expected.resize(expected.size() - removals);
    std::vector<int> added(random() % (step % 10 == 9 ? 6'000 : 900));
    for (int& value : added) value = static_cast<int>(random() % static_cast<uint32_t>(values));
    // Some come and go at once.
    std::vector<int> gone = removed;
    for (int n = 0; n < 20; ++n) {
      const int value = static_cast<int>(random() % static_cast<uint32_t>(values));
      gone.push_back(value);
      added.push_back(value);
    }
    expected.insert(expected.end(), added.begin(), added.end());
    for (size_t n = removed.size(); n < gone.size(); ++n) {
      expected.erase(std::find(expected.begin(), expected.end(), gone[n]));
    }
    list = list.With(Sorted(gone), Sorted(added));
    expected = Sorted(expected);
    ASSERT_NO_FATAL_FAILURE(ExpectEqual(list, expected)) << "seed " << seed << " step " << step;
    // Some older ones stay for a while, and go in any order.
    older.emplace_back(list, expected);
    if (older.size() > 5) {
      const size_t going = random() % older.size();
      EXPECT_EQ(older[going].first.All(), older[going].second);
      older.erase(older.begin() + static_cast<int64_t>(going));
    }
  }
}

TEST(SortedBucketsTest, OfOneListSeveralThreadsMayMakeOthers) {
  std::vector<int> many(10'000);
  std::iota(many.begin(), many.end(), 0);
  auto list = std::make_unique<SortedBuckets<int>>(SortedBuckets<int>().With({}, many));
  std::vector<SortedBuckets<int>> others(4);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      others[static_cast<size_t>(t)] = list->With({100 * t}, {}).With({}, {20'000 + t});
    });
  }
  for (std::thread& thread : threads) thread.join();
  list.reset();
  for (int t = 0; t < 4; ++t) {
    std::vector<int> expected = many;
    expected.erase(expected.begin() + 100 * t);
    expected.push_back(20'000 + t);
    EXPECT_EQ(others[static_cast<size_t>(t)].All(), expected);
  }
}

TEST(SortedBucketsTest, FollowRandomChangesOfManyValues) {
  for (uint32_t seed = 1; seed <= 5; ++seed) CheckRandomChanges(seed, 1'000'000);
}

TEST(SortedBucketsTest, FollowRandomChangesOfFewValues) {
  for (uint32_t seed = 1; seed <= 5; ++seed) CheckRandomChanges(seed, 3);
}

}  // namespace
}  // namespace clv::query
