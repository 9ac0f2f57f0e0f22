#include "common/rpc/v0_parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clv::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(V0ParametersTest, DecodesPlusAndPercent) {
  const V0Parameters parameters(
      "/v0/pipes/x.json?a=2023-01-01+00%3A00%3A00&b=Organic%20Search&c%5F1=raw space", "");
  EXPECT_EQ(parameters.Last("a"), "2023-01-01 00:00:00");
  EXPECT_EQ(parameters.Last("b"), "Organic Search");
  EXPECT_EQ(parameters.Last("c_1"), "raw space");
}

TEST(V0ParametersTest, KeepsBrokenEscapesAsText) {
  EXPECT_EQ(V0Parameters("/?a=100%&b=%zz&c=%2", "").Last("a"), "100%");
  EXPECT_EQ(V0Parameters("/?a=100%&b=%zz&c=%2", "").Last("b"), "%zz");
  EXPECT_EQ(V0Parameters("/?a=100%&b=%zz&c=%2", "").Last("c"), "%2");
}

TEST(V0ParametersTest, KeepsTheOrderOfRepetitions) {
  const V0Parameters parameters("/?a=1&b=2&a=3", "a=4");
  EXPECT_THAT(parameters.All("a"), ElementsAre("1", "3", "4"));
  EXPECT_EQ(parameters.Last("a"), "4");
  EXPECT_THAT(parameters.All("c"), IsEmpty());
}

TEST(V0ParametersTest, ReadsOddParts) {
  const V0Parameters parameters("/?&&flag&=nameless&empty=&eq=a=b&q?=1", "");
  EXPECT_THAT(parameters.items(),
              ElementsAre(Pair("flag", ""), Pair("empty", ""), Pair("eq", "a=b"), Pair("q?", "1")));
}

TEST(V0ParametersTest, KeepsTheTokenApart) {
  const V0Parameters parameters("/?token=t1&a=1", "token=t2");
  EXPECT_EQ(parameters.token(), "t2");
  EXPECT_THAT(parameters.items(), ElementsAre(Pair("a", "1")));
}

TEST(V0ParametersTest, IgnoresTheNewlineAfterAForm) {
  EXPECT_EQ(V0Parameters("/", "a=1\r\n").Last("a"), "1");
}

TEST(DecodePathSegmentTest, DecodesEscapesButNoPlus) {
  EXPECT_EQ(DecodePathSegment("a%20b%2Fc"), "a b/c");
  EXPECT_EQ(DecodePathSegment("a+b%zz%4"), "a+b%zz%4");
}

}  // namespace
}  // namespace clv::rpc
