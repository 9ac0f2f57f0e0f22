#include "common/base/text_arena.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clv {
namespace {

TEST(TextArenaTest, ViewsStayWhileMoreIsKept) {
  TextArena arena;
  std::vector<std::pair<std::string_view, std::string>> kept;
  for (size_t i = 0; i < 20'000; ++i) {
    const std::string text(i % 97, static_cast<char>('a' + i % 26));
    kept.emplace_back(arena.Keep(text), text);
  }
  for (const auto& [view, text] : kept) ASSERT_EQ(view, text);
}

TEST(TextArenaTest, TakesTextsAtTheSizeOfABlockAndBeyond) {
  constexpr size_t kBlock = 64 << 10;
  TextArena arena;
  std::vector<std::pair<std::string_view, std::string>> kept;
  for (const size_t size :
       {size_t{1}, kBlock - 1, size_t{1}, kBlock, size_t{0}, kBlock + 1, 5 * kBlock, size_t{3}}) {
    const std::string text(size, static_cast<char>('a' + kept.size()));
    kept.emplace_back(arena.Keep(text), text);
  }
  for (const auto& [view, text] : kept) EXPECT_EQ(view, text);
}

TEST(TextArenaTest, JoinsWhatMayBeEmpty) {
  TextArena arena;
  EXPECT_EQ(arena.Join("ab", "cd"), "abcd");
  EXPECT_EQ(arena.Join("", "cd"), "cd");
  EXPECT_EQ(arena.Join("ab", ""), "ab");
  EXPECT_EQ(arena.Join("", ""), "");
  EXPECT_EQ(arena.Keep(std::string_view("a\0b", 3)), std::string_view("a\0b", 3));
}

TEST(TextArenaTest, KeepsACopyOfItsOwnText) {
  TextArena arena;
  std::string_view text = arena.Keep("ab");
  for (int i = 0; i < 18; ++i) text = arena.Join(text, text);
  EXPECT_EQ(text.size(), size_t{2} << 18);
  EXPECT_EQ(text.find("aa"), std::string_view::npos);
  EXPECT_EQ(text.find("bb"), std::string_view::npos);
}

TEST(TextArenaTest, IsMovedWithItsTexts) {
  TextArena arena;
  const std::string_view text = arena.Keep("text");
  const TextArena other = std::move(arena);
  EXPECT_EQ(text, "text");
}

// Rounds with Clear between them: what a round keeps is whole at its end.
RC_GTEST_PROP(TextArenaProperty, HoldsEveryTextUntilClear,
              (const std::vector<std::vector<std::pair<std::string, uint16_t>>>& rounds)) {
  TextArena arena;
  arena.Clear();
  for (const auto& round : rounds) {
    std::vector<std::pair<std::string_view, std::string>> kept;
    for (const auto& [text, padding] : round) {
      const std::string more(padding, '.');
      kept.emplace_back(arena.Join(text, more), text + more);
    }
    for (const auto& [view, text] : kept) RC_ASSERT(std::string(view) == text);
    arena.Clear();
  }
}

}  // namespace
}  // namespace clv
