// Promise 4 from outside: every number that is served equals what the naive model computes from the
// same rows. A failure names its seed: CLV_TEST_SEED=n repeats it alone with CLV_TEST_CASES=1.

#include <cstdlib>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "tests/model/naive_model.h"
#include "tests/properties/histories.h"
#include "tests/properties/questions.h"
#include "tests/properties/suite_fixture.h"

namespace clv::properties {
namespace {

int CasesWanted(int usual, int thorough) {
  const char* value = std::getenv("CLV_TEST_CASES");
  return value != nullptr ? std::atoi(value) : Cases(usual, thorough);
}

// Sends a history and asks everything; one difference is enough.
void CheckHistory(uint64_t seed, const HistoryOptions& options, bool thorough) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Dice dice(seed ^ 0x5eed);
  const History history = RandomHistory(seed, options);
  RunningSuite suite;
  model::NaiveModel model;
  suite.SendAll(SplitIntoBatches(history.rows, 1 + dice.Below(40), &dice), &dice, &model);
  if (::testing::Test::HasFailure()) return;
  for (const Question& question : RandomQuestions(dice.Seed(), history, thorough)) {
    const std::string difference = Difference(suite, model, question, suite.clock().NowSeconds());
    ASSERT_EQ(difference, "") << question.endpoint << "?" << question.QueryString();
  }
  suite.ExpectVerified();
}

TEST(ServedEqualsModelTest, ForRandomHistories) {
  const int cases = CasesWanted(150, 10'000);
  for (int i = 0; i < cases && !::testing::Test::HasFailure(); ++i) {
    CheckHistory(FirstSeed() + static_cast<uint64_t>(i), {}, false);
  }
}

TEST(ServedEqualsModelTest, ForSmallHistoriesAskedThoroughly) {
  const int cases = CasesWanted(15, 1'000);
  for (int i = 0; i < cases && !::testing::Test::HasFailure(); ++i) {
    CheckHistory(FirstSeed() + 100'000 + static_cast<uint64_t>(i),
                 {.max_customers = 6, .max_purchases = 15}, true);
  }
}

TEST(ServedEqualsModelTest, WithoutAnyData) {
  const RunningSuite suite;
  const model::NaiveModel model;
  for (const std::string& endpoint : Endpoints()) {
    EXPECT_EQ(Difference(suite, model, {endpoint, {}}, kNow), "") << endpoint;
  }
  for (const Question& question :
       RandomQuestions(7, {.rows = {}, .customer_ids = {"c1"}, .instants = {kNow}}, true)) {
    EXPECT_EQ(Difference(suite, model, question, kNow), "")
        << question.endpoint << "?" << question.QueryString();
  }
}

TEST(ServedEqualsModelTest, AfterEveryBatchOfAHistory) {
  const int cases = CasesWanted(3, 100);
  for (int i = 0; i < cases; ++i) {
    const uint64_t seed = FirstSeed() + 200'000 + static_cast<uint64_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const History history = RandomHistory(seed, {.max_customers = 6, .max_purchases = 30});
    RunningSuite suite;
    model::NaiveModel model;
    for (const Batch& batch : SplitIntoBatches(history.rows, 8, &dice)) {
      suite.SendAll({batch}, &dice, &model);
      for (const std::string& endpoint : Endpoints()) {
        ASSERT_EQ(Difference(suite, model, {endpoint, {}}, suite.clock().NowSeconds()), "")
            << endpoint;
      }
    }
  }
}

TEST(ServedEqualsModelTest, InAnotherReportingCurrency) {
  const uint64_t seed = FirstSeed() + 300'000;
  Dice dice(seed);
  const History history = RandomHistory(seed);
  RunningSuite suite("EUR");
  model::NaiveModel model({.reporting_currency = "EUR"});
  suite.SendAll(SplitIntoBatches(history.rows, 20, &dice), &dice, &model);
  for (const Question& question : RandomQuestions(seed, history, false)) {
    EXPECT_EQ(Difference(suite, model, question, suite.clock().NowSeconds()), "")
        << question.endpoint << "?" << question.QueryString();
  }
}

TEST(ServedEqualsModelTest, WithSumsBeyondSixtyFourBits) {
  RunningSuite suite;
  model::NaiveModel model;
  Dice dice(1);
  Batch imports{"customer_clv", {}};
  for (int i = 0; i < 40; ++i) {
    imports.values.push_back(
        R"({"customer_id":"c)" + std::to_string(i) +
        R"(","total_spend":"1000000000000","purchase_count":)" + std::to_string(1 + i % 3) +
        R"(,"first_purchase_date":"2023-01-01","last_purchase_date":"2023-02-0)" +
        std::to_string(1 + i % 9) + R"(","updated_at":"2023-03-01"})");
  }
  suite.SendAll({imports}, &dice, &model);
  EXPECT_EQ(SumOf(suite.AskTable("clv_by_segment"), "total_revenue"), MicrosOf("40000000000000"));
  const History history{.rows = {}, .customer_ids = {"c1", "c2"}, .instants = {kNow}};
  for (const Question& question : RandomQuestions(3, history, true)) {
    EXPECT_EQ(Difference(suite, model, question, suite.clock().NowSeconds()), "")
        << question.endpoint << "?" << question.QueryString();
  }
}

TEST(ServedEqualsModelTest, EmailsAreMaskedForTokensThatMayNotReadCustomers) {
  const uint64_t seed = FirstSeed() + 400'000;
  Dice dice(seed);
  const History history = RandomHistory(seed);
  RunningSuite suite;
  model::NaiveModel model;
  suite.SendAll(SplitIntoBatches(history.rows, 20, &dice), &dice, &model);
  const auto answer = model.Query("total_customer_value", {}, suite.clock().NowSeconds(), false);
  const std::string token = suite.MakeToken("reports", {"PIPES:READ:total_customer_value"});
  const auto served =
      model::ReadServedTable(suite.Get("/v0/pipes/total_customer_value.json", token).body);
  ASSERT_TRUE(std::holds_alternative<model::Table>(served)) << std::get<std::string>(served);
  EXPECT_EQ(Compare(std::get<model::Table>(answer), std::get<model::Table>(served)), "");
}

}  // namespace
}  // namespace clv::properties
