// Texts that nobody would write: the parser answers each of them.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/domain/row_condition.h"
#include "tests/common/domain/choices.h"

namespace clv::domain {
namespace {

constexpr uint64_t kSeed = 1;

// Any text is a condition or refused with a phrase that tells what is wanted.
void ExpectAnswer(const std::string& text) {
  for (const DataSource data_source : kDataSources) {
    const auto condition = ParseRowCondition(data_source, text);
    if (condition.ok()) continue;
    ASSERT_EQ(condition.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string phrase(condition.status().message());
    ASSERT_NE(phrase.find("got "), std::string::npos) << phrase;
  }
}

TEST(RowConditionFuzzTest, AnyBytesAreAnswered) {
  Choices choose(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    const size_t length = choose.Below(40);
    while (text.size() < length) text += static_cast<char>(choose.Below(256));
    ExpectAnswer(text);
  }
}

TEST(RowConditionFuzzTest, AnyOrderOfTokensIsAnswered) {
  const std::vector<std::string> tokens = {"customer_id", "purchase_amount",
                                           "active",      "created_at",
                                           "and",         "or",
                                           "not",         "in",
                                           "(",           ")",
                                           ",",           "between",
                                           "is",          "null",
                                           "=",           "!=",
                                           "<",           ">=",
                                           "'x'",         "'",
                                           "\\",          "1",
                                           "-1.5",        "true",
                                           "toDate",      "'2024-01-01'",
                                           ";",           "--",
                                           "\xC3\xA4"};
  Choices choose(kSeed);
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    const size_t count = choose.Below(12);
    for (size_t n = 0; n < count; ++n) text += choose.Of(tokens) + (choose.OneIn(5) ? "" : " ");
    ExpectAnswer(text);
  }
}

// Single bytes of a good condition replaced, taken out or doubled.
TEST(RowConditionFuzzTest, DamagedConditionsAreAnswered) {
  const std::string good =
      "customer_id in ('a', 'it''s') and not (created_at between toDate('2024-01-01') and 5)";
  ExpectAnswer(good);
  Choices choose(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = good;
    for (size_t n = 0; n <= choose.Below(3); ++n) {
      const size_t at = choose.Below(text.size());
      switch (choose.Below(3)) {
        case 0:
          text[at] = static_cast<char>(choose.Below(256));
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, text[at]);
      }
    }
    ExpectAnswer(text);
  }
}

}  // namespace
}  // namespace clv::domain
