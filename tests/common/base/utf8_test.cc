#include "common/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace clv {
namespace {

// Every byte at every place of texts of every length around the words that are looked at at once.
TEST(Utf8Test, PrintableAsciiIsEachByteFromSpaceToTilde) {
  EXPECT_TRUE(IsPrintableAscii(""));
  for (size_t length = 1; length <= 25; ++length) {
    for (const char others : {' ', '~', '@'}) {
      for (size_t place = 0; place < length; ++place) {
        std::string text(length, others);
        for (int byte = 0; byte < 256; ++byte) {
          text[place] = static_cast<char>(byte);
          ASSERT_EQ(IsPrintableAscii(text), byte >= 0x20 && byte < 0x7F)
              << byte << " at " << place << " of " << length;
          ASSERT_EQ(IsValidUtf8(text), byte < 0x80);
          if (byte >= 0x80) continue;
          ASSERT_EQ(HasControlCharacter(text), byte < 0x20 || byte == 0x7F);
        }
      }
    }
  }
}

TEST(Utf8Test, AcceptsOnlyShortestFormsOfRealCharacters) {
  for (const std::string text :
       {"", "plain ascii of some length", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
        "12345678\xC3\xA9", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsValidUtf8(text)) << text;
    EXPECT_EQ(ToValidUtf8(text), text);
  }
  for (const std::string text :
       {"\xFF", "\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xC3", "\xE2\x82",
        "\xF0\x9F\x98", "\xF5\x80\x80\x80", "\xF4\x90\x80\x80", "abcdefgh\xFE", "\xC3(",
        "\xE2\x82("}) {
    EXPECT_FALSE(IsValidUtf8(text)) << text;
    EXPECT_TRUE(IsValidUtf8(ToValidUtf8(text)));
  }
}

TEST(Utf8Test, ReplacesEachBadByte) {
  EXPECT_EQ(ToValidUtf8("a\xFF\xFE"
                        "b\xC3"),
            "a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
}

TEST(Utf8Test, FindsControlCharactersOfBothRanges) {
  EXPECT_TRUE(HasControlCharacter(std::string(1, '\0')));
  EXPECT_TRUE(HasControlCharacter("a\tb"));
  EXPECT_TRUE(HasControlCharacter("\x7F"));
  EXPECT_TRUE(HasControlCharacter("\xC2\x80"));
  EXPECT_TRUE(HasControlCharacter("\xC2\x9F"));
  EXPECT_FALSE(HasControlCharacter("\xC2\xA0 ~\xC3\x80\xE2\x80\x80"));
}

TEST(Utf8Test, CutsBetweenCharacters) {
  EXPECT_EQ(CutUtf8("ab\xE2\x82\xAC", 5), "ab\xE2\x82\xAC");
  EXPECT_EQ(CutUtf8("ab\xE2\x82\xAC", 4), "ab");
  EXPECT_EQ(CutUtf8("ab\xE2\x82\xAC", 2), "ab");
  EXPECT_EQ(CutUtf8("\xE2\x82\xAC", 1), "");
}

TEST(Utf8Test, QuotesShortTextWholeAndCutsLongText) {
  EXPECT_EQ(Quoted("abc"), "'abc'");
  EXPECT_EQ(Quoted(std::string(64, 'x')), "'" + std::string(64, 'x') + "'");
  EXPECT_EQ(Quoted(std::string(65, 'x')), "'" + std::string(64, 'x') + "...'");
  EXPECT_EQ(Quoted(std::string(1000, 'x')), "'" + std::string(64, 'x') + "...'");
  EXPECT_EQ(Quoted("a\nb\xFF"),
            "'a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD'");
}

}  // namespace
}  // namespace clv
