// Cutting a JSON list into its elements, whatever pieces it comes in.
#include "services/gateway/json_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/gateway/json_text.h"

namespace clv::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The elements of `text`, fed in pieces of `piece` bytes, or the error.
absl::StatusOr<std::vector<std::string>> Split(std::string_view text, size_t piece,
                                               size_t max_element_bytes = 1000) {
  JsonListSplitter splitter(max_element_bytes);
  std::vector<std::string> all;
  for (size_t i = 0; i < text.size(); i += piece) {
    const auto some = splitter.Feed(text.substr(i, piece));
    if (!some.ok()) return some.status();
    all.insert(all.end(), some->begin(), some->end());
  }
  if (const absl::Status whole = splitter.Finish(); !whole.ok()) return whole;
  return all;
}

TEST(JsonListTest, GivesElementsWhateverThePieces) {
  for (size_t piece = 1; piece < 50; ++piece) {
    EXPECT_THAT(*Split(R"( [ {"a":[1,"]"]} , 'x,\'y' ,{} , 5,] )", piece),
                ElementsAre(R"({"a":[1,"]"]})", R"('x,\'y')", "{}", "5"))
        << piece;
  }
  EXPECT_THAT(*Split(" [ ] ", 1), IsEmpty());
}

TEST(JsonListTest, GivesAnElementAsSoonAsItIsComplete) {
  JsonListSplitter splitter(100);
  EXPECT_FALSE(splitter.began());
  EXPECT_THAT(*splitter.Feed("[{\"a\""), IsEmpty());
  EXPECT_TRUE(splitter.began());
  EXPECT_THAT(*splitter.Feed(":1},"), ElementsAre("{\"a\":1}"));
}

TEST(JsonListTest, RefusesWhatIsNoList) {
  for (const char* text :
       {"", " ", "{}", "x", "[", "[1", "[1,", "[,]", "[1,,2]", "[1]2", "[1]]", "[}]", "[\"a]"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Split(text, 1).status())) << text;
  }
}

TEST(JsonListTest, BoundsDepthAndLength) {
  const std::string deep(kMaxJsonDepth - 1, '[');
  const std::string end(kMaxJsonDepth - 1, ']');
  EXPECT_TRUE(Split("[" + deep + end + "]", 7).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Split("[[" + deep + end + "]]", 7).status()));
  EXPECT_TRUE(Split("[\"12345678\"]", 3, 10).ok());
  EXPECT_TRUE(absl::IsOutOfRange(Split("[\"123456789\"]", 3, 10).status()));
}

}  // namespace
}  // namespace clv::gateway
