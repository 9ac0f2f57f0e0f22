// Promises 3, 6 and 7: order, splitting, duplication, retries and racing workers change nothing.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/event_reader.h"
#include "gtest/gtest.h"
#include "services/aggregation/worker.h"
#include "tests/model/naive_model.h"
#include "tests/properties/histories.h"
#include "tests/properties/questions.h"
#include "tests/properties/suite_fixture.h"

namespace clv::properties {
namespace {

// Every endpoint's answer to every question, without what time and receipt decide.
std::vector<model::Table> Answers(const RunningSuite& suite,
                                  const std::vector<Question>& questions) {
  std::vector<model::Table> answers;
  for (const Question& question : questions) {
    const Reply reply = suite.Ask(question);
    auto table = model::ReadServedTable(reply.body);
    if (!std::holds_alternative<model::Table>(table)) continue;  // a refused question
    answers.push_back(std::get<model::Table>(std::move(table)));
    model::Table& answer = answers.back();
    for (size_t i = 0; i < answer.columns.size(); ++i) {
      if (answer.columns[i] != "updated_at") continue;
      for (auto& row : answer.rows) row[i] = model::Cell();
    }
  }
  return answers;
}

void ExpectSame(const std::vector<model::Table>& a, const std::vector<model::Table>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(Compare(a[i], b[i]), "");
}

// As it is kept in `rows`, some twice, in any order.
std::vector<SentRow> ShuffledWithRepeats(std::vector<SentRow> rows, Dice* dice) {
  const size_t count = rows.size();
  for (size_t i = 0; i < count; ++i) {
    if (dice->OneIn(5)) rows.push_back(rows[i]);
  }
  dice->Shuffle(&rows);
  return rows;
}

void SendRows(RunningSuite* suite, const std::vector<SentRow>& rows, int64_t max_rows, Dice* dice) {
  model::NaiveModel unused;
  suite->SendAll(SplitIntoBatches(rows, max_rows, dice), dice, &unused);
}

TEST(InvarianceTest, OrderSplittingAndDuplicationDoNotMatterForRowsWithDistinctVersions) {
  for (int i = 0; i < Cases(6, 300); ++i) {
    const uint64_t seed = FirstSeed() + 500'000 + static_cast<uint64_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const History history = RandomHistory(seed, {.order_matters = false});
    const std::vector<Question> questions = RandomQuestions(seed, history, false);
    RunningSuite first;
    SendRows(&first, history.rows, 200, &dice);
    const std::string state = first.State();
    const std::vector<model::Table> answers = Answers(first, questions);
    for (const int64_t max_rows : {1, 9, 1'000}) {
      RunningSuite other;
      SendRows(&other, ShuffledWithRepeats(history.rows, &dice), max_rows, &dice);
      // Both clocks stand where the questions may ask for "now".
      other.clock().Advance(first.clock().NowSeconds() - other.clock().NowSeconds());
      EXPECT_EQ(other.State(), state);
      ExpectSame(Answers(other, questions), answers);
    }
  }
}

TEST(InvarianceTest, SplittingAndMergingDoNotMatterInTheSameOrder) {
  for (int i = 0; i < Cases(6, 300); ++i) {
    const uint64_t seed = FirstSeed() + 600'000 + static_cast<uint64_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const History history = RandomHistory(seed);
    RunningSuite one_by_one;
    SendRows(&one_by_one, history.rows, 1, &dice);
    RunningSuite together;
    SendRows(&together, history.rows, 1'000, &dice);
    EXPECT_EQ(together.State(), one_by_one.State());
  }
}

TEST(InvarianceTest, SendingAllOfALogAgainChangesNothing) {
  for (int i = 0; i < Cases(4, 100); ++i) {
    const uint64_t seed = FirstSeed() + 700'000 + static_cast<uint64_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const History history = RandomHistory(seed, {.order_matters = false});
    RunningSuite suite;
    SendRows(&suite, history.rows, 50, &dice);
    const std::string state = suite.State();
    const auto values = suite.AskTable("total_customer_value");
    SendRows(&suite, history.rows, 50, &dice);
    EXPECT_EQ(suite.State(), state);
    // Not even a receipt time moves: no row became a winner again.
    EXPECT_EQ(Compare(values, suite.AskTable("total_customer_value")), "");
    suite.ExpectVerified();
  }
}

TEST(InvarianceTest, ARetriedBatchHasOneEffect) {
  RunningSuite suite;
  const std::string body =
      R"({"purchase_id":"p1","customer_id":"c1","purchase_amount":10,"purchase_date":"2023-01-01"}
         {"purchase_id":"p2","customer_id":"c1","purchase_amount":-3,"purchase_date":"2023-01-02","order_id":"p1"}
         {"purchase_id":"p3","customer_id":"c2","purchase_amount":5,"purchase_date":"2023-01-02"})";
  EXPECT_EQ(suite.Send("purchases", body, true).successful_rows, 3);
  const auto before = suite.AskTable("total_customer_value");
  suite.clock().Advance(60);
  EXPECT_EQ(suite.Send("purchases", body, true).successful_rows, 3);
  EXPECT_EQ(Compare(before, suite.AskTable("total_customer_value")), "");
  EXPECT_EQ(SumOf(before, "total_spend"), MicrosOf("12"));
}

TEST(InvarianceTest, ARestartChangesNothing) {
  for (int i = 0; i < Cases(3, 50); ++i) {
    const uint64_t seed = FirstSeed() + 800'000 + static_cast<uint64_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const History history = RandomHistory(seed);
    RunningSuite suite;
    model::NaiveModel model;
    std::vector<Batch> batches = SplitIntoBatches(history.rows, 5, &dice);
    for (size_t part = 0; part < batches.size(); part += 10) {
      suite.SendAll({batches.begin() + part, batches.begin() + std::min(batches.size(), part + 10)},
                    &dice, &model);
      suite.Restart();
    }
    for (const std::string& endpoint : Endpoints()) {
      EXPECT_EQ(Difference(suite, model, {endpoint, {}}, suite.clock().NowSeconds()), "")
          << endpoint;
    }
    suite.ExpectVerified();
  }
}

TEST(InvarianceTest, RacingWorkersChangeNothing) {
  for (int i = 0; i < Cases(4, 100); ++i) {
    const uint64_t seed = FirstSeed() + 900'000 + static_cast<uint64_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const History history = RandomHistory(seed);
    RunningSuite suite;
    // Two more workers on stores of their own, one after the other paused and resumed.
    std::vector<std::unique_ptr<storage::SqliteClvStore>> stores;
    std::vector<std::unique_ptr<aggregation::Worker>> workers;
    const auto add_worker = [&](storage::ClvStore* store) {
      workers.push_back(std::make_unique<aggregation::Worker>(aggregation::Worker::Options{
          .store = store,
          .open_log = [&suite]() -> absl::StatusOr<std::unique_ptr<storage::EventReader>> {
            return storage::SqliteEventReader::Open(
                {.path = suite.directory().event_log(), .appended = nullptr});
          },
          .max_rows_per_fold = 3}));
      workers.back()->Start();
    };
    for (int n = 0; n < 2; ++n) {
      auto store =
          storage::SqliteClvStore::Open({.path = suite.directory().clv(), .least_folded_ahead = 1});
      ASSERT_TRUE(store.ok()) << store.status();
      stores.push_back(*std::move(store));
      add_worker(stores.back().get());
    }
    model::NaiveModel model;
    for (const Batch& batch : SplitIntoBatches(history.rows, 3, &dice)) {
      suite.SendAll({batch}, &dice, &model);
      if (dice.OneIn(8)) {
        workers.erase(workers.begin());
        add_worker(stores[static_cast<size_t>(dice.Below(2))].get());
      }
    }
    for (const std::string& endpoint : Endpoints()) {
      EXPECT_EQ(Difference(suite, model, {endpoint, {}}, suite.clock().NowSeconds()), "")
          << endpoint;
    }
    for (const auto& worker : workers) EXPECT_EQ(worker->stopped_because(), "");
    workers.clear();
    suite.ExpectVerified();
  }
}

}  // namespace
}  // namespace clv::properties
