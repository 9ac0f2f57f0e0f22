#include "services/gateway/percent_coding.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace clv::gateway {
namespace {

TEST(PercentCodingTest, DecodesEverythingWhereAllCharactersAreAsked) {
  EXPECT_EQ(PercentDecode("a%2Fb%20c%3a%41", UnescapeSpec::kAllCharacters), "a/b c:A");
}

TEST(PercentCodingTest, KeepsReservedCharactersEscapedByDefaultSpec) {
  EXPECT_EQ(PercentDecode("a%2fb%20c%3A%41", UnescapeSpec::kAllCharactersExceptReserved),
            "a%2fb c%3AA");
}

TEST(PercentCodingTest, KeepsOnlyTheSlashEscapedWhereAsked) {
  EXPECT_EQ(PercentDecode("a%2Fb%3A", UnescapeSpec::kAllCharactersExceptSlash), "a%2Fb:");
}

TEST(PercentCodingTest, KeepsBrokenEscapesAsText) {
  for (const char* text : {"%", "%2", "%zz", "a%", "%%", "%2x", "%x2"}) {
    EXPECT_EQ(PercentDecode(text, UnescapeSpec::kAllCharacters), text);
  }
  EXPECT_EQ(PercentDecode("%%41", UnescapeSpec::kAllCharacters), "%A");
}

TEST(PercentCodingTest, TakesPlusForASpaceOnlyWhereAsked) {
  EXPECT_EQ(PercentDecode("a+b%2B", UnescapeSpec::kAllCharacters, /*plus_is_space=*/true), "a b+");
  EXPECT_EQ(PercentDecode("a+b", UnescapeSpec::kAllCharacters), "a+b");
}

TEST(PercentCodingTest, EncodesWhatMetadataCannotCarry) {
  EXPECT_EQ(PercentEncodeUnprintable("/a b?c=\xC3\xA9%20\x7F"), "/a%20b?c=%C3%A9%20%7F");
}

TEST(PercentCodingTest, EncodedTextIsPrintableAndDecodesToItself) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    const std::string encoded = PercentEncodeUnprintable(text);
    for (const char c : encoded) RC_ASSERT(c > 0x20 && c < 0x7F);
    RC_PRE(text.find('%') == std::string::npos);
    RC_ASSERT(PercentDecode(encoded, UnescapeSpec::kAllCharacters) == text);
  }));
}

TEST(PercentCodingTest, DecodingNeverGrowsAnyText) {
  EXPECT_TRUE(rc::check([](const std::vector<uint8_t>& bytes) {
    // Percent signs and digits often, so that escapes happen.
    std::string text;
    for (const uint8_t byte : bytes) text.push_back("%%25fFzZ+/ \xFF"[byte % 12]);
    for (const UnescapeSpec spec :
         {UnescapeSpec::kAllCharacters, UnescapeSpec::kAllCharactersExceptReserved,
          UnescapeSpec::kAllCharactersExceptSlash}) {
      RC_ASSERT(PercentDecode(text, spec).size() <= text.size());
    }
  }));
}

}  // namespace
}  // namespace clv::gateway
