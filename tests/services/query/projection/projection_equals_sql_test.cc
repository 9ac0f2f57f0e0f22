// Every report from the projection equals the report from SQL, in every field, and what the naive
// model says: made from nothing, and carried along in random steps. A failure names its seed:
// CLV_TEST_SEED=n repeats it alone with CLV_TEST_CASES=1.

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/instant.h"
#include "gtest/gtest.h"
#include "services/query/projection/value_sums.h"
#include "tests/model/naive_model.h"
#include "tests/properties/commands.h"
#include "tests/properties/histories.h"
#include "tests/properties/questions.h"
#include "tests/properties/suite_fixture.h"
#include "tests/services/query/projection/folded_store.h"
#include "tests/services/query/projection/projected_answers.h"

namespace clv::query {
namespace {

using properties::Batch;
using properties::Dice;
using properties::History;
using properties::Question;
using properties::RandomQuestions;

int CasesWanted(int usual, int thorough) {
  const char* value = std::getenv("CLV_TEST_CASES");
  return value != nullptr ? std::atoi(value) : properties::Cases(usual, thorough);
}

wire::RowDeletion DeletionOf(const std::string& data_source, const std::string& condition) {
  const domain::DataSource source = *domain::DataSourceOfName(data_source);
  wire::RowDeletion deletion{.data_source = source, .condition = {}};
  if (!condition.empty()) deletion.condition = domain::ParseRowCondition(source, condition).value();
  return deletion;
}

// A store, the model of it, and what answers from it.
class Scene {
 public:
  explicit Scene(uint64_t seed, History history)
      : dice_(seed),
        history_(std::move(history)),
        in_windows_(InWindows(history_, &dice_)),
        sql_(AskedReports::OfSql(store_.path(), clock_)),
        in_steps_(InSteps()) {}

  void Send(const Batch& batch) {
    clock_.Advance(dice_.Below(3));
    Batch accepted{batch.data_source, {}};
    for (const std::string& value : batch.values) {
      if (model_.Send(batch.data_source, value, clock_.NowSeconds()).empty()) {
        accepted.values.push_back(value);
      }
    }
    // Where it can, the projection takes what is told before the commit.
    store_.coming().Want();
    if (!accepted.values.empty()) store_.Fold(accepted, clock_.NowSeconds());
  }

  // A deletion, an erasure, a rebuild, or another reporting currency, of which the model knows
  // nothing.
  void Command() {
    const std::string data_source =
        dice_.Of<std::string>({"customers", "purchases", "customer_clv"});
    switch (dice_.Below(5)) {
      case 0: {
        const std::string id = dice_.Of(history_.customer_ids);
        model_.Erase(id);
        return store_.Fold(wire::CustomerErasure{id});
      }
      case 1:
        if (!dice_.OneIn(3)) return store_.Rebuild();
        model_.Remove(data_source, nullptr);
        return store_.Fold(DeletionOf(data_source, ""));
      case 2:
        if (!dice_.OneIn(2)) return;
        is_in_dollars_ = !is_in_dollars_;
        has_been_converted_ = true;
        return store_.AdoptReportingCurrency(is_in_dollars_ ? "USD" : "EUR");
      default: {
        const model::Condition condition =
            properties::RandomCondition(data_source, history_, &dice_);
        model_.Remove(data_source, &condition);
        return store_.Fold(DeletionOf(data_source, model::TextOf(data_source, condition)));
      }
    }
  }

  // Another fit serves, or the same as of another day, of which the model knows nothing.
  void Score() {
    has_model_ = true;
    const int64_t day = properties::kNow / 86'400 - dice_.Below(900);
    store_.PutScoring(1 + static_cast<uint64_t>(dice_.Below(4)), day);
  }

  // The projection that is carried along ends, and another goes on from what it kept.
  void Restart() {
    in_steps_.reset();
    in_steps_ = InSteps();
  }

  // The same windows, of all and of some customers, at instants at which all is visible.
  static std::vector<Question> InWindows(const History& history, Dice* dice) {
    std::vector<Question> questions;
    for (int i = 0; i < 2 && !history.instants.empty(); ++i) {
      const auto [first, last] =
          std::minmax({dice->Of(history.instants), dice->Of(history.instants)});
      for (const std::string endpoint : {"clv_by_segment", "clv_by_acquisition_source"}) {
        Question question{endpoint, {{"start_date", FormatInstant(std::max<int64_t>(0, first))}}};
        if (!dice->OneIn(4)) question.parameters.emplace("end_date", FormatInstant(last));
        if (dice->OneIn(3))
          question.parameters.emplace("country", dice->Of<std::string>({"US", "DE"}));
        if (dice->OneIn(3)) question.parameters.emplace("as_of", "2030-01-01");
        questions.push_back(std::move(question));
      }
    }
    return questions;
  }

  // Asks the projection that is carried along some questions.
  void AskSome() {
    in_steps_->LookAgain();
    // Those that are asked again and again have the most that is carried along.
    std::vector<Question> asked = {{"purchase_frequency_analysis", {}},
                                   {"clv_by_acquisition_source", {}},
                                   {"clv_prediction", {{"limit", "3"}}},
                                   {"customer_segmentation", {{"limit", "3"}}}};
    for (const Question& question : in_windows_) asked.push_back(question);
    const std::vector<Question> questions = RandomQuestions(dice_.Seed(), history_, false);
    for (int i = 0; i < 3; ++i) asked.push_back(dice_.Of(questions));
    for (const Question& question : asked) {
      ASSERT_EQ(Difference(*sql_, *in_steps_, question), "")
          << question.endpoint << "?" << question.QueryString();
    }
  }

  // Asks everybody everything.
  void AskAll(bool thorough) {
    in_steps_->LookAgain();
    const auto from_nothing = AskedReports::OfProjection(store_.path(), clock_);
    for (const Question& question : RandomQuestions(dice_.Seed(), history_, thorough)) {
      SCOPED_TRACE(question.endpoint + "?" + question.QueryString());
      ASSERT_EQ(Difference(*sql_, *in_steps_, question), "") << "in steps";
      ASSERT_EQ(Difference(*sql_, *from_nothing, question), "") << "from nothing";
      // Rows without a currency have got the one of their time.
      if (has_been_converted_ || has_model_) continue;
      ASSERT_EQ(Difference(model_, *in_steps_, question, clock_.NowSeconds()), "") << "the model";
    }
  }

  Dice& dice() { return dice_; }
  const History& history() const { return history_; }

 private:
  std::unique_ptr<AskedReports> InSteps() {
    return AskedReports::OfProjection(store_.path(), clock_, snapshot_path_, &store_.coming());
  }

  Dice dice_;
  const History history_;
  const std::vector<Question> in_windows_;
  properties::TestClock clock_;
  FoldedStore store_{{.least_folded_ahead = dice_.OneIn(2) ? 6 : SIZE_MAX}};
  model::NaiveModel model_;
  bool is_in_dollars_ = true;
  bool has_been_converted_ = false;
  bool has_model_ = false;
  const std::string snapshot_path_ = store_.path() + "-snapshot";
  const std::unique_ptr<AskedReports> sql_;
  std::unique_ptr<AskedReports> in_steps_;
};

struct StepOptions {
  int64_t most_rows = 40;   // in a fold
  int64_t most_folds = 12;  // between questions
  int64_t one_command_in = 0;
  int64_t one_restart_in = 0;  // questions
  int64_t one_scoring_in = 0;  // folds
  bool thorough = false;
};

void CheckHistory(uint64_t seed, const properties::HistoryOptions& options,
                  const StepOptions& steps) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Scene scene(seed ^ 0x5eed, RandomHistory(seed, options));
  Dice& dice = scene.dice();
  int64_t until_asked = dice.Below(steps.most_folds);
  for (const Batch& batch :
       SplitIntoBatches(scene.history().rows, 1 + dice.Below(steps.most_rows), &dice)) {
    scene.Send(batch);
    if (steps.one_command_in != 0 && dice.OneIn(steps.one_command_in)) scene.Command();
    if (steps.one_scoring_in != 0 && dice.OneIn(steps.one_scoring_in)) scene.Score();
    if (until_asked-- == 0) {
      scene.AskSome();
      if (steps.one_restart_in != 0 && dice.OneIn(steps.one_restart_in)) scene.Restart();
      until_asked = dice.Below(steps.most_folds);
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
  scene.AskAll(steps.thorough);
}

void CheckHistories(int usual, int thorough, uint64_t from,
                    const properties::HistoryOptions& options, const StepOptions& steps) {
  const int cases = CasesWanted(usual, thorough);
  for (int i = 0; i < cases && !::testing::Test::HasFailure(); ++i) {
    CheckHistory(properties::FirstSeed() + from + static_cast<uint64_t>(i), options, steps);
  }
}

TEST(ProjectionEqualsSqlTest, ForRandomHistories) { CheckHistories(40, 10'000, 0, {}, {}); }

TEST(ProjectionEqualsSqlTest, ForAHistoryWithNegativePredictions) { CheckHistory(4'886, {}, {}); }

TEST(ProjectionEqualsSqlTest, AfterDeletionsErasuresRebuildsAndOtherCurrencies) {
  CheckHistories(30, 5'000, 100'000, {}, {.one_command_in = 4});
}

TEST(ProjectionEqualsSqlTest, AcrossRestartsFromSnapshots) {
  CheckHistories(40, 5'000, 500'000, {},
                 {.most_folds = 6, .one_command_in = 8, .one_restart_in = 2});
}

TEST(ProjectionEqualsSqlTest, WithFittedModelsThatChange) {
  CheckHistories(40, 5'000, 600'000, {},
                 {.most_folds = 6, .one_command_in = 20, .one_restart_in = 4, .one_scoring_in = 5});
}

TEST(ProjectionEqualsSqlTest, WhereItIsMoreFoldsBehindThanAreNamed) {
  CheckHistories(10, 1'000, 200'000, {}, {.most_rows = 1, .most_folds = 120, .one_command_in = 40});
}

TEST(ProjectionEqualsSqlTest, ForSmallHistoriesAskedThoroughly) {
  CheckHistories(6, 1'000, 300'000, {.max_customers = 6, .max_purchases = 15},
                 {.most_rows = 10, .most_folds = 6, .one_command_in = 8, .thorough = true});
}

TEST(ProjectionEqualsSqlTest, WithMoreCustomersThanAChunkHolds) {
  CheckHistories(3, 100, 400'000, {.max_customers = 700, .max_purchases = 1'800},
                 {.most_rows = 300, .most_folds = 8, .one_command_in = 10});
}

// Values of purchases, one for each of some customers.
Batch OnePurchaseEach(int begin, int end, const std::string& amount) {
  Batch batch{"purchases", {}};
  for (int i = begin; i < end; ++i) {
    const std::string n = std::to_string(i);
    batch.values.push_back(R"({"purchase_id":"p)" + n + R"(","customer_id":"c)" + n +
                           R"(","purchase_amount":")" + amount + R"(","purchase_date":"2023-03-0)" +
                           std::to_string(1 + i % 9) + "\"}");
  }
  return batch;
}

TEST(ProjectionEqualsSqlTest, WhereOrdersOfOneInstantComeOneAfterAnother) {
  properties::TestClock clock;
  FoldedStore store;
  const auto sql = AskedReports::OfSql(store.path(), clock);
  const auto projection = AskedReports::OfProjection(store.path(), clock);
  const auto fold = [&](const std::string& id, const std::string& amount, const std::string& date,
                        int version) {
    const std::string row = R"({"purchase_id":")" + id +
                            R"(","customer_id":"c","purchase_amount":")" + amount +
                            R"(","purchase_date":")" + date + R"(","created_at":"2023-04-0)" +
                            std::to_string(version) + "\"}";
    store.Fold(Batch{"purchases", {row}}, properties::kNow);
    projection->LookAgain();
    // Whose revenue follows which gap depends on the order of the ids.
    EXPECT_EQ(
        Difference(*sql, *projection, {"purchase_frequency_analysis", {{"view", "interval"}}}), "")
        << row;
  };
  fold("m", "10", "2023-01-01", 1);
  fold("p", "20", "2023-03-01", 1);
  fold("k", "30", "2023-03-01", 1);
  fold("z", "40", "2023-03-01", 1);
  fold("n", "20", "2023-03-01", 1);
  fold("k", "30", "2023-03-02", 2);  // leaves them
  fold("p", "20", "2023-02-01", 2);  // as one of two that are alike
  fold("m", "10", "2023-03-01", 2);  // joins them
  fold("a", "50", "2023-02-01", 1);
}

TEST(ProjectionEqualsSqlTest, WhereAFoldChangesMoreCustomersThanAreNamed) {
  properties::TestClock clock;
  FoldedStore store({.changes = {.most_named = 8'000}});
  const auto sql = AskedReports::OfSql(store.path(), clock);
  const auto projection = AskedReports::OfProjection(store.path(), clock);
  const auto check = [&](const std::string& what) {
    projection->LookAgain();
    for (const std::string& endpoint : properties::Endpoints()) {
      EXPECT_EQ(Difference(*sql, *projection, {endpoint, {{"limit", "20000"}}}), "")
          << what << ": " << endpoint;
    }
  };
  store.Fold(OnePurchaseEach(0, 9'000, "10"), properties::kNow);
  check("new customers");
  store.Fold(OnePurchaseEach(100, 8'900, "11"), properties::kNow);
  store.Fold(OnePurchaseEach(8'950, 9'400, "3.5"), properties::kNow);
  check("corrections, and new customers");
  store.Fold(DeletionOf("purchases", "purchase_amount = 11"));
  check("customers that have vanished");
  store.Fold(OnePurchaseEach(0, 9'000, "12"), properties::kNow);
  check("customers that have come back");
}

// In every chunk of customers some have more than all who are asked for, and many differ by less
// than a float tells.
TEST(ProjectionEqualsSqlTest, ForPredictionsOfManyCustomersOfWhomOthersHaveMore) {
  properties::TestClock clock;
  FoldedStore store;
  const auto sql = AskedReports::OfSql(store.path(), clock);
  const auto projection = AskedReports::OfProjection(store.path(), clock);
  Batch customers{"customers", {}};
  Batch purchases{"purchases", {}};
  for (int i = 0; i < 5'000; ++i) {
    const bool has_more = i % 4 == 0;
    const std::string n = std::to_string(i);
    customers.values.push_back(R"({"customer_id":"c)" + n + R"(","customer_segment":")" +
                               (has_more ? "high" : "low") + R"(","country":")" +
                               std::to_string(i % 3) + "\"}");
    for (int k = 0; k < 2 + (has_more ? 3 : i % 2); ++k) {
      purchases.values.push_back(R"({"purchase_id":"p)" + n + "_" + std::to_string(k) +
                                 R"(","customer_id":"c)" + n + R"(","purchase_amount":")" +
                                 std::to_string((has_more ? 500 : 1) + i % 60) + ".00000" +
                                 std::to_string(i % 7) + R"(","purchase_date":"2023-0)" +
                                 std::to_string(1 + k) + R"(-1)" + std::to_string(i % 7) + "\"}");
    }
  }
  store.Fold(customers, properties::kNow);
  store.Fold(purchases, properties::kNow);
  store.PutScoring(1, properties::kNow / 86'400 - 700);
  projection->LookAgain();
  for (const std::string segment : {"", "low", "high", "none"}) {
    for (const std::string limit : {"0", "1", "40", "700", "5000"}) {
      for (const std::string page : {"0", "2"}) {
        for (const std::string endpoint : {"clv_prediction", "total_customer_value"}) {
          Question question{endpoint,
                            {{"customer_segment", segment}, {"page_size", limit}, {"page", page}}};
          if (endpoint == "total_customer_value") {
            question.parameters.emplace("sort", "predicted_clv");
          }
          EXPECT_EQ(Difference(*sql, *projection, question), "")
              << endpoint << "?" << question.QueryString();
        }
      }
    }
  }
}

// So many that sums by them are not kept, and nobody knows how many customers a filter selects.
TEST(ProjectionEqualsSqlTest, ForPredictionsWithTooManyAttributeSets) {
  properties::TestClock clock;
  FoldedStore store;
  const auto sql = AskedReports::OfSql(store.path(), clock);
  const auto projection = AskedReports::OfProjection(store.path(), clock);
  Batch customers{"customers", {}};
  Batch purchases{"purchases", {}};
  for (size_t i = 0; i <= ValueSums::kMostAttributeSets; ++i) {
    const std::string n = std::to_string(i);
    customers.values.push_back(R"({"customer_id":"c)" + n + R"(","acquisition_source":"s)" + n +
                               R"(","customer_segment":")" + (i % 3 == 0 ? "some" : "others") +
                               "\"}");
    for (size_t k = 0; k <= i % 3; ++k) {
      purchases.values.push_back(R"({"purchase_id":"p)" + n + "_" + std::to_string(k) +
                                 R"(","customer_id":"c)" + n + R"(","purchase_amount":")" +
                                 std::to_string(1 + i % 90) + R"(","purchase_date":"2023-0)" +
                                 std::to_string(1 + k) + "-1" + std::to_string(i % 7) + "\"}");
    }
  }
  store.Fold(customers, properties::kNow);
  store.Fold(purchases, properties::kNow);
  store.PutScoring(1, properties::kNow / 86'400 - 700);
  projection->LookAgain();
  for (const std::string segment : {"", "some", "none"}) {
    for (const std::string page : {"0", "3"}) {
      const Question question{"clv_prediction",
                              {{"customer_segment", segment}, {"page_size", "40"}, {"page", page}}};
      EXPECT_EQ(Difference(*sql, *projection, question), "") << question.QueryString();
    }
  }
}

TEST(ProjectionEqualsSqlTest, WithoutAnyData) {
  properties::TestClock clock;
  FoldedStore store;
  const auto sql = AskedReports::OfSql(store.path(), clock);
  const auto projection = AskedReports::OfProjection(store.path(), clock);
  const History history{.rows = {}, .customer_ids = {"c1"}, .instants = {properties::kNow}};
  for (const Question& question : RandomQuestions(7, history, true)) {
    EXPECT_EQ(Difference(*sql, *projection, question), "")
        << question.endpoint << "?" << question.QueryString();
  }
}

}  // namespace
}  // namespace clv::query
