#include "services/gateway/json_text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "absl/strings/str_cat.h"

namespace clv::gateway {
namespace {

TEST(JsonTextTest, QuotesWhatAStringCannotHold) {
  EXPECT_EQ(JsonQuote("a\"b\\c\nd\x01\x7F\xC3\xA9"), "\"a\\\"b\\\\c\\nd\\u0001\\u007f\xC3\xA9\"");
}

TEST(JsonTextTest, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(WithValidUtf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
            "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(WithValidUtf8("\xC3(\x80\xED\xA0\x80\xC0\xAF\xF8"),
            absl::StrCat("?(", std::string(7, '?')));
}

TEST(JsonTextTest, CountsBracketsOutsideStrings) {
  EXPECT_TRUE(CheckJsonDepth(std::string(64, '[')).ok());
  EXPECT_FALSE(CheckJsonDepth(std::string(65, '[')).ok());
  EXPECT_FALSE(CheckJsonDepth(std::string(40, '{') + std::string(25, '[')).ok());
  EXPECT_TRUE(CheckJsonDepth(absl::StrCat("\"", std::string(100, '['), "\"")).ok());
  EXPECT_TRUE(CheckJsonDepth(absl::StrCat("'\\'", std::string(100, '['), "'")).ok());
  EXPECT_FALSE(CheckJsonDepth(absl::StrCat("'\\\\'", std::string(100, '['))).ok());
}

TEST(JsonTextTest, KnowsTextThatWouldLeaveItsPlace) {
  for (const char* text :
       {"1", "{\"a\":[1,2],\"b\":3}", "[1,{\"a\":2}]", "\"a,b}\"", "'},'", "[1", "{\"a\":1"}) {
    EXPECT_TRUE(IsSelfContainedJson(text)) << text;
  }
  for (const char* text : {"1,\"b\":2", "1}", "{}}", "[]]", "\"a\"},{\"b\":1", "'a',b:1"}) {
    EXPECT_FALSE(IsSelfContainedJson(text)) << text;
  }
}

TEST(JsonTextTest, SeesTheStartOfAnObject) {
  EXPECT_TRUE(StartsAsJsonObject(" \r\n\t{"));
  EXPECT_FALSE(StartsAsJsonObject("[{}]"));
  EXPECT_FALSE(StartsAsJsonObject("  "));
}

TEST(JsonTextTest, AnyTextBecomesValidUtf8AndStaysSo) {
  EXPECT_TRUE(rc::check([](const std::vector<uint8_t>& bytes) {
    const std::string text(bytes.begin(), bytes.end());
    const std::string valid = WithValidUtf8(text);
    RC_ASSERT(valid.size() == text.size());
    RC_ASSERT(WithValidUtf8(valid) == valid);
  }));
}

}  // namespace
}  // namespace clv::gateway
