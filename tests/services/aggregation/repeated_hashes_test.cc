#include "services/aggregation/repeated_hashes.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>
#include <vector>

namespace clv::aggregation {
namespace {

TEST(RepeatedHashesTest, KnowsEveryHashThatComesAgainAndFewOthers) {
  for (const size_t count : {0, 1, 2, 3, 1'000, 100'000}) {
    std::mt19937_64 random(count);
    std::vector<uint64_t> hashes(count);
    // One in fifty comes again.
    for (size_t i = 0; i < count; ++i) hashes[i] = i % 50 == 1 ? hashes[i / 2] : random();
    std::unordered_map<uint64_t, int> times;
    RepeatedHashes repeated(count);
    for (const uint64_t hash : hashes) {
      ++times[hash];
      repeated.Add(hash);
    }
    size_t wrong = 0;
    for (const auto& [hash, number] : times) {
      if (number > 1) {
        ASSERT_TRUE(repeated.MayRepeat(hash)) << count;
      } else {
        wrong += repeated.MayRepeat(hash);
      }
    }
    EXPECT_LE(wrong, count / 8 + 1) << count;
  }
}

TEST(RepeatedHashesTest, TakesHashesAtBothEnds) {
  RepeatedHashes repeated(2);
  repeated.Add(0);
  repeated.Add(UINT64_MAX);
  EXPECT_FALSE(repeated.MayRepeat(0));
  EXPECT_FALSE(repeated.MayRepeat(UINT64_MAX));
  repeated.Add(UINT64_MAX);
  EXPECT_FALSE(repeated.MayRepeat(0));
  EXPECT_TRUE(repeated.MayRepeat(UINT64_MAX));
}

}  // namespace
}  // namespace clv::aggregation
