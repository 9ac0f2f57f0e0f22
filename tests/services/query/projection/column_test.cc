#include "services/query/projection/column.h"

#include <utility>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace clv::query {
namespace {

constexpr int64_t kCentMicros = 10'000;

using CountColumn = NarrowColumn<int64_t, uint16_t>;

TEST(BitColumnTest, TellsWhatWasSetLast) {
  BitColumn column;
  column.Set(0, true);
  column.Set(63, true);
  column.Set(5, true);
  column.Set(5, true);
  EXPECT_EQ(column.bits(), uint64_t{1} << 63 | 1 << 5 | 1);
  column.Set(5, false);
  column.Set(6, false);
  EXPECT_FALSE(column[5]);
  EXPECT_TRUE(column[63]);
  EXPECT_EQ(column.bits(), uint64_t{1} << 63 | 1);
}

TEST(NarrowColumnTest, KeepsTheLeastAndTheGreatestThatFit) {
  MicrosColumn micros;
  micros.Set(0, INT32_MAX * kCentMicros);
  micros.Set(63, INT32_MIN * kCentMicros);
  EXPECT_FALSE(micros.is_wide());
  EXPECT_EQ(micros[0], INT32_MAX * kCentMicros);
  EXPECT_EQ(micros[63], INT32_MIN * kCentMicros);
  CountColumn counts;
  counts.Set(1, UINT16_MAX);
  EXPECT_FALSE(counts.is_wide());
  EXPECT_EQ(counts[1], UINT16_MAX);
}

TEST(NarrowColumnTest, IsWideWhileOneValueDoesNotFit) {
  for (const int64_t misfit : {int64_t{1}, kCentMicros + 1, (INT32_MAX + int64_t{1}) * kCentMicros,
                               (INT32_MIN - int64_t{1}) * kCentMicros, INT64_MAX, INT64_MIN}) {
    MicrosColumn column;
    column.Set(3, -7 * kCentMicros);
    column.Set(9, misfit);
    EXPECT_TRUE(column.is_wide()) << misfit;
    EXPECT_EQ(column.bytes_beside(), 8 * kChunkCustomers);
    EXPECT_EQ(column[9], misfit);
    EXPECT_EQ(column[3], -7 * kCentMicros);
    column.Set(3, 8 * kCentMicros);
    EXPECT_EQ(column[3], 8 * kCentMicros);
    EXPECT_TRUE(column.is_wide()) << misfit;
    column.Set(9, 0);
    EXPECT_FALSE(column.is_wide()) << misfit;
    EXPECT_EQ(column.bytes_beside(), 0u);
    EXPECT_EQ(column[3], 8 * kCentMicros);
    EXPECT_EQ(column[9], 0);
  }
  CountColumn counts;
  counts.Set(0, -1);
  EXPECT_EQ(counts[0], -1);
  EXPECT_TRUE(counts.is_wide());
}

RC_GTEST_PROP(NarrowColumnTest, HoldsWhatWasSetLast, ()) {
  CountColumn column;
  Column<int64_t> expected = {};
  for (int step = *rc::gen::inRange(0, 300); step > 0; --step) {
    const size_t i = *rc::gen::inRange<size_t>(0, kChunkCustomers);
    expected[i] = *rc::gen::inRange(0, 50) == 0 ? *rc::gen::arbitrary<int64_t>()
                                                : *rc::gen::inRange(0, 65'536);
    column.Set(i, expected[i]);
  }
  const int64_t bound = *rc::gen::inRange(0, 65'536);
  const auto is_above = [&](int64_t value) { return value > bound; };
  const CustomerBits above = column.Where(is_above);
  const CountColumn copy = column;
  column.Set(0, -1);
  column.Set(1, 1);
  for (size_t i = 0; i < kChunkCustomers; ++i) {
    RC_ASSERT(copy[i] == expected[i]);
    RC_ASSERT((above >> i & 1) == (is_above(expected[i]) ? 1 : 0));
  }
  const CountColumn moved = std::move(column);
  RC_ASSERT(moved[0] == -1 && moved[1] == 1 && moved[2] == expected[2]);
}

}  // namespace
}  // namespace clv::query
