#include "services/query/projection/packed_bucket.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "services/query/projection/population_places.h"

namespace clv::query {
namespace {

template <typename Value>
std::vector<Value> AllOf(const PackedBucket<Value>& bucket) {
  std::vector<Value> values;
  bucket.AppendTo(&values, 0, bucket.size());
  return values;
}

TEST(PackedBucketTest, KeepsNumbersAnyDistanceApart) {
  for (const int64_t other : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{10'000}, int64_t{20'001},
                              int64_t{1} << 57, INT64_MAX}) {
    const std::vector<int64_t> values = {0, other, 10'000, other};
    EXPECT_EQ(AllOf(PackedBucket<int64_t>(values)), values) << other;
  }
}

TEST(PackedBucketTest, KeepsFractions) {
  const std::vector<double> values = {0.0, 1e-300, 0.1, 1.0 / 3, 2.5, 1e300};
  EXPECT_EQ(AllOf(PackedBucket<double>(values)), values);
}

TEST(PackedBucketTest, OfOneValueTakesNoBits) {
  const std::vector<int64_t> once = {INT64_MAX};
  const std::vector<int64_t> often(1'000, INT64_MAX);
  EXPECT_EQ(PackedBucket<int64_t>(once).bytes(), PackedBucket<int64_t>(often).bytes());
  EXPECT_EQ(AllOf(PackedBucket<int64_t>(often)), often);
}

TEST(PackedBucketTest, OfWholeCentsTakesFewerBits) {
  std::vector<int64_t> cents;
  for (int64_t n = 0; n < 64; ++n) cents.push_back(12'345 + n * 10'000);
  std::vector<int64_t> others = cents;
  others.back() -= 1;
  EXPECT_EQ(PackedBucket<int64_t>(others).bytes() - PackedBucket<int64_t>(cents).bytes(),
            64 * (20 - 6) / 8);
  EXPECT_EQ(AllOf(PackedBucket<int64_t>(cents)), cents);
  EXPECT_EQ(AllOf(PackedBucket<int64_t>(others)), others);
}

TEST(PackedBucketTest, CountsWhatIsBelow) {
  const std::vector<int> values = {1, 3, 3, 3, 8};
  const PackedBucket<int> bucket(values);
  const auto count = [&](int bound, size_t from) {
    return bucket.CountWhile([&](int value) { return value < bound; }, from);
  };
  EXPECT_EQ(count(0, 0), 0u);
  EXPECT_EQ(count(3, 0), 1u);
  EXPECT_EQ(count(4, 0), 4u);
  EXPECT_EQ(count(4, 2), 4u);
  EXPECT_EQ(count(9, 5), 5u);
  EXPECT_EQ(count(3, 2), 2u);
}

// Of one field in one read, and of three that take more.
RC_GTEST_PROP(PackedBucketTest, KeepsPlaces, ()) {
  const int spend_bits = *rc::gen::inRange(0, 63);
  const int number_bits = *rc::gen::inRange(0, 33);
  const int64_t unit = *rc::gen::element(int64_t{1}, int64_t{10'000});
  const auto below = [](int bits) {
    return static_cast<int64_t>(*rc::gen::inRange<uint64_t>(0, uint64_t{1} << bits));
  };
  std::vector<SpendPlace> places;
  for (int n = *rc::gen::inRange(1, 130); n > 0; --n) {
    places.push_back({below(spend_bits) / unit * unit - below(spend_bits) / unit * unit,
                      static_cast<uint32_t>(below(number_bits)),
                      static_cast<uint32_t>(below(number_bits))});
  }
  std::sort(places.begin(), places.end());
  RC_ASSERT(AllOf(PackedBucket<SpendPlace>(places)) == places);
}

TEST(PackedBucketTest, TellsWhatItsLayoutCanTell) {
  const PackedBucket<int64_t> cents(std::vector<int64_t>{5, 20'005, 30'005});  // two bits of cents
  for (const int64_t value : {5, 10'005, 20'005, 30'005}) EXPECT_TRUE(cents.Fits(value)) << value;
  for (const int64_t value :
       {int64_t{4}, int64_t{6}, int64_t{-9'995}, int64_t{40'005}, INT64_MIN, INT64_MAX}) {
    EXPECT_FALSE(cents.Fits(value)) << value;
  }
  const PackedBucket<int64_t> all(std::vector<int64_t>{INT64_MIN, INT64_MAX});
  for (const int64_t value : {INT64_MIN, int64_t{0}, INT64_MAX}) EXPECT_TRUE(all.Fits(value));
  const PackedBucket<int64_t> one(std::vector<int64_t>{7});
  EXPECT_TRUE(one.Fits(7));
  EXPECT_FALSE(one.Fits(8));
}

RC_GTEST_PROP(PackedBucketTest, IsMadeOfPartsOfAnotherAndOfWhatFitsIt, ()) {
  const int64_t unit = *rc::gen::element(int64_t{1}, int64_t{10'000});
  const auto some = [&] {
    std::vector<int64_t> values;
    for (int n = *rc::gen::inRange(1, 100); n > 0; --n) {
      values.push_back(*rc::gen::inRange<int64_t>(-3'000, 3'000) * unit);
    }
    return values;
  };
  const std::vector<int64_t> old = some();
  const PackedBucket<int64_t> bucket(old);
  const std::vector<int64_t> come = some();
  typename PackedBucket<int64_t>::Maker maker(bucket, old.size() + come.size());
  std::vector<int64_t> expected;
  size_t from = 0;
  for (const int64_t value : come) {
    const size_t to = *rc::gen::inRange(from, old.size() + 1);
    maker.Copy(from, to);
    expected.insert(expected.end(), old.begin() + static_cast<std::ptrdiff_t>(from),
                    old.begin() + static_cast<std::ptrdiff_t>(to));
    from = to;
    const auto [least, greatest] = std::minmax_element(old.begin(), old.end());
    if (value >= *least && value <= *greatest && unit == 1) RC_ASSERT(bucket.Fits(value));
    if (!bucket.Fits(value)) continue;
    maker.Put(value);
    expected.push_back(value);
  }
  RC_ASSERT(AllOf(maker.Take()) == expected);
}

}  // namespace
}  // namespace clv::query
