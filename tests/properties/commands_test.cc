// Deletion, truncation, replacement and erasure between the rows of random histories: every number
// that is served afterwards equals the naive model's, and a recomputation from the facts and from
// the whole log (promises 3, 4 and 10).

#include "tests/properties/commands.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/model/naive_model.h"
#include "tests/properties/histories.h"
#include "tests/properties/questions.h"
#include "tests/properties/suite_fixture.h"

namespace clv::properties {
namespace {

// One suite, its model and a history that both are told.
class Story {
 public:
  explicit Story(uint64_t seed)
      : dice_(seed), history_(RandomHistory(seed, {.max_customers = 8, .max_purchases = 60})) {}

  void Run() {
    for (const Batch& batch : SplitIntoBatches(history_.rows, 12, &dice_)) {
      suite_.SendAll({batch}, &dice_, &model_);
      if (dice_.OneIn(3)) Command();
      if (::testing::Test::HasFailure()) return;
    }
    Command();
    Compare();
  }

 private:
  void Command() {
    const std::string data_source =
        dice_.Of<std::string>({"customers", "purchases", "purchases", "customer_clv"});
    suite_.clock().Advance(1);
    switch (dice_.Below(8)) {
      case 0:
        return Erase();
      case 1:
        EXPECT_EQ(Truncate(suite_, data_source).removed_rows(),
                  static_cast<uint64_t>(model_.Remove(data_source, nullptr)));
        return;
      case 2:
      case 3:
        return ReplaceSome(data_source);
      default:
        return DeleteSome(data_source);
    }
  }

  void DeleteSome(const std::string& data_source) {
    const model::Condition condition = RandomCondition(data_source, history_, &dice_);
    const std::string text = model::TextOf(data_source, condition);
    SCOPED_TRACE("delete " + data_source + " where " + text);
    const int64_t counted = CountRows(suite_, data_source, text);
    const int64_t removed = model_.Remove(data_source, &condition);
    EXPECT_EQ(counted, removed);
    EXPECT_EQ(DeleteRows(suite_, data_source, text).removed_rows(), static_cast<uint64_t>(removed));
  }

  void ReplaceSome(const std::string& data_source) {
    const bool all = dice_.OneIn(3);
    const model::Condition condition = RandomCondition(data_source, history_, &dice_);
    const std::string text = all ? "" : model::TextOf(data_source, condition);
    SCOPED_TRACE("replace " + data_source + " where " + text);
    const model::Condition* only = all ? nullptr : &condition;
    std::string file;
    std::vector<std::string> accepted;
    int64_t sent = 0;
    for (const SentRow& row : history_.rows) {
      if (row.data_source != data_source || !dice_.OneIn(4)) continue;
      file += row.json + "\n";
      ++sent;
      if (model_.Accepts(data_source, row.json, suite_.clock().NowSeconds(), only)) {
        accepted.push_back(row.json);
      }
    }
    // A file without a valid row is refused as a whole: it replaces nothing.
    if (accepted.empty()) return;
    const int64_t removed = model_.Remove(data_source, only);
    for (const std::string& row : accepted) {
      model_.Send(data_source, row, suite_.clock().NowSeconds(), only);
    }
    const v1::Job job = Replace(suite_, data_source, text, file, &dice_);
    EXPECT_EQ(job.removed_rows(), static_cast<uint64_t>(removed));
    EXPECT_EQ(job.successful_rows(), accepted.size());
    EXPECT_EQ(job.quarantined_rows(), static_cast<uint64_t>(sent) - accepted.size());
  }

  void Erase() {
    const std::string customer = dice_.Of(history_.customer_ids);
    SCOPED_TRACE("erase " + customer);
    model_.Erase(customer);
    EraseCustomer(suite_, customer);
  }

  void Compare() {
    for (const Question& question : RandomQuestions(dice_.Seed(), history_, false)) {
      const std::string difference =
          Difference(suite_, model_, question, suite_.clock().NowSeconds());
      ASSERT_EQ(difference, "") << question.endpoint << "?" << question.QueryString();
    }
    suite_.ExpectVerified();
  }

  Dice dice_;
  const History history_;
  RunningSuite suite_;
  model::NaiveModel model_;
};

TEST(CommandsTest, RandomCommandsBetweenRowsGiveTheModelsNumbers) {
  const int cases = Cases(25, 2'000);
  for (int i = 0; i < cases && !::testing::Test::HasFailure(); ++i) {
    const uint64_t seed = FirstSeed() + 5'000'000 + static_cast<uint64_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story(seed).Run();
  }
}

}  // namespace
}  // namespace clv::properties
