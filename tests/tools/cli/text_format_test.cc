#include "tools/cli/text_format.h"

#include <string>

#include "gtest/gtest.h"

namespace clv::cli {
namespace {

TEST(TextFormatTest, GroupsThousands) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1000), "1,000");
  EXPECT_EQ(WithThousands(18446744073709551615u), "18,446,744,073,709,551,615");
}

TEST(TextFormatTest, ScalesBytes) {
  EXPECT_EQ(HumanBytes(17), "17 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 KB");
  EXPECT_EQ(HumanBytes(3355443), "3.2 MB");
  EXPECT_EQ(HumanBytes(uint64_t{5} << 40), "5.0 TB");
}

TEST(TextFormatTest, ScalesSeconds) {
  EXPECT_EQ(HumanSeconds(-1), "0.0 s");
  EXPECT_EQ(HumanSeconds(0.44), "0.4 s");
  EXPECT_EQ(HumanSeconds(200), "3 min 20 s");
  EXPECT_EQ(HumanSeconds(7500), "2 h 5 min");
  EXPECT_EQ(HumanSeconds(273600), "3 d 4 h");
}

TEST(TextFormatTest, CountsThings) {
  EXPECT_EQ(Counted(1, "row"), "1 row");
  EXPECT_EQ(Counted(0, "row"), "0 rows");
  EXPECT_EQ(Counted(1000, "row"), "1,000 rows");
}

TEST(TextFormatTest, EscapesJsonStrings) {
  std::string json;
  AppendJsonString(json, "a\"b\\c\n\x01é");
  EXPECT_EQ(json, "\"a\\\"b\\\\c\\u000a\\u0001é\"");
}

TEST(TextFormatTest, MeasuresCodePoints) {
  EXPECT_EQ(DisplayWidth("Zoé"), 3u);
  EXPECT_EQ(DisplayWidth(""), 0u);
}

}  // namespace
}  // namespace clv::cli
