#include "common/base/byte_codec.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace clv {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();

// Numbers about each power of two.
std::vector<uint64_t> Edges() {
  std::vector<uint64_t> edges = {0, UINT64_MAX};
  for (int bit = 0; bit < 64; ++bit) {
    const uint64_t power = uint64_t{1} << bit;
    edges.insert(edges.end(), {power - 1, power, power + 1, 0 - power});
  }
  return edges;
}

TEST(ByteCodecTest, NumbersComeBackInSevenBitsAByte) {
  for (const uint64_t number : Edges()) {
    ByteWriter writer;
    writer.Number(number);
    size_t bytes = 1;
    for (uint64_t rest = number >> 7; rest > 0; rest >>= 7) ++bytes;
    EXPECT_EQ(writer.size(), bytes) << number;
    const std::string written = writer.Take();
    ByteReader reader(written);
    EXPECT_EQ(reader.Number(), number);
    EXPECT_TRUE(reader.ok() && reader.at_end()) << number;
  }
}

TEST(ByteCodecTest, SignedNumbersComeBackAndSmallMagnitudesAreShort) {
  for (const uint64_t number : Edges()) {
    ByteWriter writer;
    writer.Signed(number);
    const std::string written = writer.Take();
    ByteReader reader(written);
    EXPECT_EQ(reader.Signed(), number);
    EXPECT_TRUE(reader.ok() && reader.at_end()) << number;
  }
  for (int64_t number = -64; number <= 63; ++number) {
    ByteWriter writer;
    writer.Signed(static_cast<uint64_t>(number));
    EXPECT_EQ(writer.size(), 1u) << number;
  }
}

TEST(ByteCodecTest, EveryPairOfInstantsHasADifference) {
  for (const int64_t from : {kLeast, kLeast + 1, int64_t{-1}, int64_t{0}, int64_t{1}, kGreatest}) {
    for (const int64_t to : {kLeast, int64_t{-1}, int64_t{0}, kGreatest - 1, kGreatest}) {
      EXPECT_EQ(WrappedSum(from, WrappedDifference(to, from)), to) << from << " " << to;
    }
  }
}

TEST(ByteCodecTest, IdsHaveAtMost32Bits) {
  for (const uint64_t id : {uint64_t{0}, uint64_t{UINT32_MAX}}) {
    ByteWriter writer;
    writer.Number(id);
    const std::string written = writer.Take();
    ByteReader reader(written);
    EXPECT_EQ(reader.Id(), id);
    EXPECT_TRUE(reader.ok());
  }
  ByteWriter writer;
  writer.Number(uint64_t{UINT32_MAX} + 1);
  const std::string written = writer.Take();
  ByteReader reader(written);
  EXPECT_EQ(reader.Id(), 0u);
  EXPECT_FALSE(reader.ok());
}

// One value after another, of random kinds.
RC_GTEST_PROP(ByteCodecProperty, WhatIsWrittenComesBackInOrder,
              (const std::vector<uint64_t>& numbers, const std::vector<std::string>& texts,
               const std::string& bytes)) {
  ByteWriter writer;
  for (const uint64_t number : numbers) writer.Number(number);
  for (const std::string& text : texts) writer.Text(text);
  for (const char byte : bytes) writer.Byte(static_cast<uint8_t>(byte));
  for (const uint64_t number : numbers) writer.Signed(number);
  const std::string written = writer.Take();
  RC_ASSERT(writer.size() == 0u);
  ByteReader reader(written);
  for (const uint64_t number : numbers) RC_ASSERT(reader.Number() == number);
  for (const std::string& text : texts) {
    const std::string_view read = reader.Text();
    RC_ASSERT(std::string(read) == text);
    // A view into the bytes.
    RC_ASSERT(read.data() >= written.data() &&
              read.data() + read.size() <= written.data() + written.size());
  }
  for (const char byte : bytes) RC_ASSERT(reader.Byte() == static_cast<uint8_t>(byte));
  for (const uint64_t number : numbers) RC_ASSERT(reader.Signed() == number);
  RC_ASSERT(reader.ok());
  RC_ASSERT(reader.at_end());
}

TEST(ByteCodecTest, ReadingBeyondTheEndGivesNothingFromThenOn) {
  ByteReader reader("\x05");
  EXPECT_EQ(reader.Byte(), 5);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.Byte(), 0);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.Number(), 0u);
  EXPECT_EQ(reader.Signed(), 0u);
  EXPECT_EQ(reader.Id(), 0u);
  EXPECT_EQ(reader.Text(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(ByteCodecTest, ANumberThatDoesNotEndIsAnError) {
  for (const size_t bytes : {size_t{1}, size_t{5}, size_t{9}, size_t{10}, size_t{11}, size_t{99}}) {
    const std::string written(bytes, '\xff');
    ByteReader reader(written);
    EXPECT_EQ(reader.Number(), 0u) << bytes;
    EXPECT_FALSE(reader.ok()) << bytes;
    EXPECT_TRUE(reader.at_end()) << bytes;
  }
}

TEST(ByteCodecTest, ATextLongerThanTheRestIsAnError) {
  for (const uint64_t length : {uint64_t{4}, uint64_t{1} << 40, UINT64_MAX}) {
    ByteWriter writer;
    writer.Number(length);
    const std::string written = writer.Take() + "abc";
    ByteReader reader(written);
    EXPECT_EQ(reader.Text(), "") << length;
    EXPECT_FALSE(reader.ok()) << length;
    EXPECT_EQ(reader.size(), 0u) << length;
  }
}

}  // namespace
}  // namespace clv
