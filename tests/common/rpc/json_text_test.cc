#include "common/rpc/json_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace clv::rpc {
namespace {

std::string Text(std::string_view text, JsonCharset charset = JsonCharset::kUtf8) {
  std::string out;
  AppendJsonText(text, &out, charset);
  return out;
}

std::string Number(double value) {
  std::string out;
  AppendDouble(value, &out);
  return out;
}

TEST(JsonTextTest, EscapesWhatJsonWants) {
  EXPECT_EQ(Text("a\"b\\c/d\b\f\n\r\t\x01\x7f"), R"("a\"b\\c/d\b\f\n\r\t\u0001\u007f")");
  EXPECT_EQ(Text(""), R"("")");
}

TEST(JsonTextTest, KeepsUtf8) { EXPECT_EQ(Text("Zoë 😀"), "\"Zoë 😀\""); }

TEST(JsonTextTest, EscapesUtf8ForHeaders) {
  EXPECT_EQ(Text("Zoë €😀!", JsonCharset::kAscii), R"("Zo\u00eb \u20ac\ud83d\ude00!")");
}

TEST(JsonTextTest, MendsBrokenUtf8) {
  EXPECT_EQ(Text("ab\"\xff"
                 "c"),
            "\"ab\\\"\xef\xbf\xbd"
            "c\"");
}

TEST(JsonTextTest, WritesShortestDoubles) {
  EXPECT_EQ(Number(100), "100");
  EXPECT_EQ(Number(100000), "100000");
  EXPECT_EQ(Number(0.1), "0.1");
  EXPECT_EQ(Number(-0.0), "0");
  EXPECT_EQ(Number(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(Number(0.000371), "0.000371");
  EXPECT_EQ(Number(1e-7), "1e-07");
  EXPECT_EQ(Number(1e300), "1e+300");
  EXPECT_EQ(Number(123456789012.25), "123456789012.25");
}

TEST(JsonTextTest, WritesIntegers) {
  std::string out;
  AppendUnsigned(std::numeric_limits<uint64_t>::max(), &out);
  out += ' ';
  AppendSigned(std::numeric_limits<int64_t>::min(), &out);
  EXPECT_EQ(out, "18446744073709551615 -9223372036854775808");
}

}  // namespace
}  // namespace clv::rpc
