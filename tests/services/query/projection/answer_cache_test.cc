#include "services/query/projection/answer_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace clv::query {
namespace {

struct Answer {
  std::vector<std::string> rows;
};
using Cache = AnswerCache<Answer>;

std::shared_ptr<const Answer> Of(size_t rows) {
  return std::make_shared<const Answer>(Answer{std::vector<std::string>(rows, "row")});
}

TEST(AnswerCacheTest, GivesAnAnswerAgainToTheSameQuestionToTheSameVersion) {
  Cache cache;
  const auto answer = Of(3);
  cache.Keep(1, "what", answer);
  EXPECT_EQ(cache.Find(1, "what"), answer);
  EXPECT_EQ(cache.Find(1, "who"), nullptr);
  EXPECT_EQ(cache.Find(2, "what"), nullptr);
}

TEST(AnswerCacheTest, ForgetsTheAnswersToOlderVersionsWithANewerOne) {
  Cache cache;
  const std::weak_ptr<const Answer> old = [&] {
    const auto answer = Of(3);
    cache.Keep(1, "what", answer);
    return std::weak_ptr(answer);
  }();
  cache.Keep(2, "who", Of(1));
  EXPECT_TRUE(old.expired());
  cache.Keep(1, "what", Of(3));
  EXPECT_EQ(cache.Find(1, "what"), nullptr) << "it came too late";
}

TEST(AnswerCacheTest, ForgetsAllWhenTheyBecomeTooMany) {
  Cache cache(2 * sizeof(Answer) + 9 * sizeof(std::string) + 2);
  cache.Keep(1, "a", Of(5));
  cache.Keep(1, "b", Of(5));
  EXPECT_EQ(cache.Find(1, "a"), nullptr);
  EXPECT_NE(cache.Find(1, "b"), nullptr);
  cache.Keep(1, "more than there is room for", Of(10));
  EXPECT_EQ(cache.Find(1, "more than there is room for"), nullptr);
  EXPECT_NE(cache.Find(1, "b"), nullptr);
}

TEST(AnswerCacheTest, ForgetsWhatIsBeforeAVersionAndKeepsNoneOfItAnyMore) {
  Cache cache;
  const std::weak_ptr<const Answer> old = [&] {
    const auto answer = Of(3);
    cache.Keep(4, "what", answer);
    return std::weak_ptr(answer);
  }();
  cache.ForgetBefore(4);
  EXPECT_FALSE(old.expired());
  cache.ForgetBefore(5);
  EXPECT_TRUE(old.expired());
  cache.Keep(4, "what", Of(3));
  EXPECT_EQ(cache.Find(4, "what"), nullptr);
  cache.Keep(5, "what", Of(3));
  EXPECT_NE(cache.Find(5, "what"), nullptr);
}

}  // namespace
}  // namespace clv::query
