#include "common/base/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace clv {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The values of `--origin` on this command line.
std::vector<std::string> Origins(std::vector<std::string> words) {
  std::vector<std::string> origins;
  std::string other = "unset";
  Flags flags("test", "A test.");
  flags.Add("origin", &origins, "Origins");
  flags.Add("other", &other, "Another flag");
  words.insert(words.begin(), "test");
  std::vector<char*> argv;
  argv.reserve(words.size());
  for (std::string& word : words) argv.push_back(word.data());
  if (flags.Parse(static_cast<int>(argv.size()), argv.data()).has_value()) return {"refused"};
  return origins;
}

TEST(FlagsTest, AListIsEmptyByDefault) { EXPECT_THAT(Origins({}), IsEmpty()); }

TEST(FlagsTest, AListMayBeRepeatedOrHaveCommas) {
  EXPECT_THAT(Origins({"--origin", "a,b", "--other", "x", "--origin=c"}),
              ElementsAre("a", "b", "c"));
}

TEST(FlagsTest, AListTakesOneWordForEachFlag) {
  EXPECT_THAT(Origins({"--origin", "a", "b"}), ElementsAre("refused"));
}

TEST(FlagsTest, AListMayComeFromTheEnvironment) {
  setenv("CLV_ORIGIN", "a,b", 1);
  EXPECT_THAT(Origins({}), ElementsAre("a", "b"));
  EXPECT_THAT(Origins({"--origin", "c"}), ElementsAre("c"));
  unsetenv("CLV_ORIGIN");
}

}  // namespace
}  // namespace clv
