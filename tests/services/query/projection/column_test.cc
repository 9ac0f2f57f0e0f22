#include "services/query/projection/column.h"

#include <map>
#include <optional>
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

TEST(CustomersWhereTest, TellsEachByABit) {
  EXPECT_EQ(CustomersWhere([](size_t) { return false; }), 0u);
  EXPECT_EQ(CustomersWhere([](size_t) { return true; }), ~CustomerBits{0});
  for (size_t one = 0; one < kChunkCustomers; ++one) {
    EXPECT_EQ(CustomersWhere([&](size_t i) { return i == one; }), CustomerBits{1} << one);
    EXPECT_EQ(CustomersWhere([&](size_t i) { return i != one; }), ~(CustomerBits{1} << one));
  }
}

RC_GTEST_PROP(RareColumnTest, HoldsWhatWasSetLast, ()) {
  RareColumn<uint32_t> column;
  std::map<size_t, uint32_t> expected;
  for (int step = *rc::gen::inRange(0, 300); step > 0; --step) {
    const size_t i = *rc::gen::inRange<size_t>(0, kChunkCustomers);
    const auto value = *rc::gen::maybe(rc::gen::arbitrary<uint32_t>());
    if (value) {
      expected[i] = *value;
    } else {
      expected.erase(i);
    }
    column.Set(i, value ? std::optional(*value) : std::nullopt);
  }
  const auto is_as_expected = [&](const RareColumn<uint32_t>& some) {
    bool is_so = some.size() == expected.size() && some.bytes_beside() == 4 * expected.size();
    for (size_t i = 0; i < kChunkCustomers; ++i) {
      const auto found = expected.find(i);
      is_so &= some.Has(i) == (found != expected.end());
      if (some.Has(i)) is_so &= some[i] == found->second;
    }
    return is_so;
  };
  RC_ASSERT(is_as_expected(column));
  RareColumn<uint32_t> copy;
  copy.Set(5, 6);
  copy = column;
  RareColumn<uint32_t> remade;
  remade.Become(column.customers(), column.values());
  const RareColumn<uint32_t> moved = std::move(column);
  copy.Set(0, 1);
  RC_ASSERT(is_as_expected(moved));
  RC_ASSERT(is_as_expected(remade));
  copy = moved;
  RC_ASSERT(is_as_expected(copy));
  copy = std::move(remade);
  RC_ASSERT(is_as_expected(copy));
}

}  // namespace
}  // namespace clv::query
