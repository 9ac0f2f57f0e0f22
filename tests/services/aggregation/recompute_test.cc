// Verify and Rebuild: they find what was damaged, and nothing else.

#include "services/aggregation/recompute.h"

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/services/aggregation/fold_fixture.h"

namespace clv::aggregation {
namespace {

using ::testing::HasSubstr;
using Buys = std::vector<Buy>;

bool GoOn(const RecomputeProgress&) { return true; }

// A log that calls `interrupt` after it was first read.
class InterruptedLog final : public storage::EventReader {
 public:
  InterruptedLog(storage::EventReader* log, std::function<void()> interrupt)
      : log_(*log), interrupt_(std::move(interrupt)) {}

  absl::StatusOr<std::vector<storage::LoggedRecord>> ReadAfter(storage::LogPosition after,
                                                               uint64_t max_rows) override {
    auto records = log_.ReadAfter(after, max_rows);
    if (interrupt_) std::exchange(interrupt_, nullptr)();
    return records;
  }
  absl::StatusOr<storage::LogLag> LagAfter(storage::LogPosition after) override {
    return log_.LagAfter(after);
  }
  absl::StatusOr<std::vector<storage::LogPosition>> OpenErasures() override {
    return log_.OpenErasures();
  }
  void WaitForAppend(std::chrono::milliseconds timeout) override { log_.WaitForAppend(timeout); }

 private:
  storage::EventReader& log_;
  std::function<void()> interrupt_;
};

class RecomputeTest : public LoggedFoldTest {
 protected:
  void SetUp() override {
    LoggedFoldTest::SetUp();
    Append(Record(Buys{{"p1", "c1", 10, 0}, {"p2", "c1", 5, 1}, {"p3", "c2", 7, 2}}));
    Append(Record(domain::Customer{
        .customer_id = "c1", .name = "Ann", .email = "ann@example.com", .country = "USA"}));
    Append(Record(domain::ImportedClv{.customer_id = "c3",
                                      .total_spend_micros = Units(3),
                                      .purchase_count = 2,
                                      .first_purchase_date = 1,
                                      .last_purchase_date = 2,
                                      .updated_at = 3}));
    FoldLog();
  }

  void Damage(const std::string& sql) { storage::RunRawSql(clv_path_, sql); }

  RecomputeProgress FromFacts() {
    const auto progress = VerifyFromFacts(*store_, GoOn);
    EXPECT_TRUE(progress.ok()) << progress.status();
    return progress.value_or(RecomputeProgress());
  }
  RecomputeProgress FromLog() {
    const auto log = OpenLog();
    const auto scratch = OpenScratch();
    const auto progress = VerifyFromLog(*store_, **log, **scratch, "USD", GoOn);
    EXPECT_TRUE(progress.ok()) << progress.status();
    return progress.value_or(RecomputeProgress());
  }
};

TEST_F(RecomputeTest, AStoreThatNobodyTouchedIsClean) {
  const RecomputeProgress facts = FromFacts();
  EXPECT_EQ(facts.difference_count, 0u);
  EXPECT_EQ(facts.customers_done, 3u);
  EXPECT_EQ(facts.customers_total, 3u);
  EXPECT_GT(facts.values_checked, 3u * 10);
  EXPECT_EQ(facts.folded_position, 3u);
  const RecomputeProgress log = FromLog();
  EXPECT_EQ(log.difference_count, 0u);
  EXPECT_EQ(log.folded_position, 3u);
}

TEST_F(RecomputeTest, VerifyFromFactsFindsAChangedValue) {
  Damage("UPDATE customer_clv SET total_spend_micros = 15000001 WHERE customer_id = 'c1'");
  const RecomputeProgress progress = FromFacts();
  EXPECT_EQ(progress.difference_count, 1u);
  ASSERT_EQ(progress.differences.size(), 1u);
  EXPECT_EQ(progress.differences[0].subject, "customer_clv c1");
  EXPECT_EQ(progress.differences[0].column, "total_spend_micros");
  EXPECT_EQ(progress.differences[0].stored, "15000001");
  EXPECT_EQ(progress.differences[0].recomputed, "15000000");
}

TEST_F(RecomputeTest, VerifyFromFactsChecksEveryColumn) {
  for (const char* column :
       {"country", "customer_segment", "acquisition_source", "described", "imported", "signup_date",
        "purchase_count", "total_spend_micros", "refunded_micros", "first_purchase_date",
        "last_purchase_date", "repeat_order_days", "visible_rows", "unconverted_rows",
        "last_activity_date", "gross_micros"}) {
    Damage(
        "CREATE TABLE kept AS SELECT * FROM customer_clv WHERE customer_id = 'c2'; "
        "UPDATE customer_clv SET " +
        std::string(column) + " = 9 WHERE customer_id = 'c2'");
    // What is counted differs from the kept count, too.
    const bool is_counted = std::set<std::string>{"described", "imported", "repeat_order_days",
                                                  "visible_rows", "unconverted_rows"}
                                .contains(column);
    EXPECT_EQ(FromFacts().difference_count, is_counted ? 2u : 1u) << column;
    Damage(
        "DELETE FROM customer_clv WHERE customer_id = 'c2'; "
        "INSERT INTO customer_clv SELECT * FROM kept; DROP TABLE kept");
  }
  EXPECT_EQ(FromFacts().difference_count, 0u);
}

TEST_F(RecomputeTest, VerifyFromFactsFindsAWrongCount) {
  Damage("UPDATE fact_counts SET purchases = purchases + 1");
  const RecomputeProgress progress = FromFacts();
  ASSERT_EQ(progress.difference_count, 1u);
  EXPECT_EQ(progress.differences[0].subject, "fact_counts");
  EXPECT_EQ(progress.differences[0].column, "purchases");
}

// Of a row for a customer without facts, from that of another.
const std::string kRowOfC9 =
    "'c9', country, customer_segment, acquisition_source, described, imported, signup_date, "
    "purchase_count, total_spend_micros, refunded_micros, first_purchase_date, "
    "last_purchase_date, repeat_order_days, visible_rows, unconverted_rows, last_activity_date, "
    "gross_micros, updated_at, folded_position, NULL, NULL";

TEST_F(RecomputeTest, VerifyFromFactsFindsAMissingAndASuperfluousRow) {
  Damage("INSERT INTO customer_clv SELECT " + kRowOfC9 +
         " FROM customer_clv WHERE customer_id = 'c2'; "
         "UPDATE customer_clv SET folded_position = -1 WHERE customer_id = 'c2'");
  const RecomputeProgress progress = FromFacts();
  ASSERT_EQ(progress.difference_count, 2u);
  EXPECT_EQ(progress.differences[0].subject, "customer_clv c2");
  EXPECT_EQ(progress.differences[0].column, "(row)");
  EXPECT_EQ(progress.differences[0].stored, "absent");
  EXPECT_EQ(progress.differences[1].subject, "customer_clv c9");
  EXPECT_EQ(progress.differences[1].recomputed, "absent");
}

TEST_F(RecomputeTest, VerifyFromLogFindsAChangedFact) {
  ChangePurchase("p1", [](domain::Purchase& purchase) { purchase.product_name = "other"; });
  EXPECT_EQ(FromFacts().difference_count, 0u);
  const RecomputeProgress progress = FromLog();
  ASSERT_EQ(progress.difference_count, 1u);
  EXPECT_EQ(progress.differences[0].subject, "purchases p1");
  EXPECT_EQ(progress.differences[0].column, "product_name");
}

TEST_F(RecomputeTest, VerifyFromLogFindsMissingAndSuperfluousFacts) {
  ChangePurchase("p1", [](domain::Purchase& purchase) { purchase.purchase_id = "p9"; });
  Damage("DELETE FROM customer_clv_imports");
  // Two purchases and the import, and of the imported customer nothing was changed yet.
  EXPECT_EQ(FromLog().difference_count, 3u);
}

TEST_F(RecomputeTest, VerifyFromLogFindsAChangedReceipt) {
  Damage("UPDATE customer_clv SET updated_at = updated_at + 1 WHERE customer_id = 'c2'");
  EXPECT_EQ(FromLog().difference_count, 1u);
}

TEST_F(RecomputeTest, VerifyFromLogGivesUpWhenAnErasureEndsMeanwhile) {
  Append(Command(wire::CustomerErasure{"c1"}));
  FoldLog();
  EXPECT_EQ(FromLog().difference_count, 0u);
  const auto log = OpenLog().value();
  InterruptedLog interrupted(
      log.get(), [&] { ASSERT_TRUE(log_->FinishErasure({.position = last_position_}).ok()); });
  const auto scratch = OpenScratch().value();
  EXPECT_EQ(VerifyFromLog(*store_, interrupted, *scratch, "USD", GoOn).status().code(),
            absl::StatusCode::kAborted);
}

TEST_F(RecomputeTest, DifferencesDoNotShowNamesAndEmails) {
  Damage("UPDATE customers SET name = 'Bob', email = 'bob@example.com' WHERE customer_id = 'c1'");
  const RecomputeProgress progress = FromLog();
  ASSERT_EQ(progress.difference_count, 2u);
  for (const ValueDifference& difference : progress.differences) {
    EXPECT_EQ(difference.stored, "(text)");
    EXPECT_EQ(difference.recomputed, "(text)");
  }
}

TEST_F(RecomputeTest, OnlyTheFirstDifferencesAreShownAndAllAreCounted) {
  Buys buys;
  for (int i = 0; i < 1'200; ++i) {
    buys.push_back({"q" + std::to_string(i), "d" + std::to_string(i), 1, 1});
  }
  Append(Record(buys));
  FoldLog();
  Damage("UPDATE customer_clv SET purchase_count = 2 WHERE customer_id >= 'd'");
  const RecomputeProgress progress = FromFacts();
  EXPECT_EQ(progress.difference_count, 1'200u);
  EXPECT_EQ(progress.differences.size(), 20u);
}

TEST_F(RecomputeTest, VerifyFromLogComparesMoreCustomersThanASlice) {
  Buys buys;
  for (int i = 0; i < 1'200; ++i) {
    buys.push_back({"q" + std::to_string(i), "d" + std::to_string(i), 1, 1});
  }
  Append(Record(buys));
  FoldLog();
  EXPECT_EQ(FromLog().difference_count, 0u);
  const auto facts = store_->Begin().value();
  for (const Buy& buy : buys) {
    ASSERT_TRUE(facts->RemovePurchase(buy.customer_id, buy.purchase_id).ok());
    ASSERT_TRUE(facts->RemoveValue(buy.customer_id).ok());
  }
  ASSERT_TRUE(facts->Commit(facts->checkpoint()).ok());
  EXPECT_EQ(FromLog().difference_count, 2u * 1'200);
}

TEST_F(RecomputeTest, VerifyFromLogNeedsTheWholeLog) {
  ASSERT_TRUE(log_->TrimThrough(1).ok());
  const auto log = OpenLog();
  const auto scratch = OpenScratch();
  EXPECT_EQ(VerifyFromLog(*store_, **log, **scratch, "USD", GoOn).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(RecomputeTest, VerifyEndsWhenItIsTold) {
  const auto stop = [](const RecomputeProgress&) { return false; };
  EXPECT_EQ(VerifyFromFacts(*store_, stop).status().code(), absl::StatusCode::kCancelled);
}

TEST_F(RecomputeTest, RebuildMendsValuesFromTheFacts) {
  const std::string before = State(true);
  Damage(
      "UPDATE customer_clv SET total_spend_micros = 1, gross_micros = 2; "
      "UPDATE customer_clv SET folded_position = -1 WHERE customer_id = 'c3'; "
      "INSERT INTO customer_clv SELECT " +
      kRowOfC9 + " FROM customer_clv WHERE customer_id = 'c1'");
  const auto progress = Rebuild(*store_, GoOn);
  ASSERT_TRUE(progress.ok()) << progress.status();
  EXPECT_EQ(FromFacts().difference_count, 0u);
  EXPECT_FALSE(IsKnown("c9"));
  EXPECT_EQ(store_->Checkpoint().value(), 3u);
  storage::RunRawSql(clv_path_, "UPDATE customer_clv SET updated_at = " +
                                    std::to_string(kNewYear + 3) + " WHERE customer_id = 'c3'");
  EXPECT_EQ(State(true), before);
}

TEST_F(RecomputeTest, AdoptingAnotherCurrencyComputesEveryCustomerAgain) {
  Append(Record(Buys{{"e1", "c1", 100, 0, {}, "", "EUR"}}));
  FoldLog();
  ASSERT_TRUE(AdoptReportingCurrency(*store_, "EUR").ok());
  EXPECT_EQ(store_->Read().value()->reporting_currency(), "EUR");
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(100));
  EXPECT_EQ(Summary("c1").unconverted_rows, 2);
  EXPECT_EQ(Summary("c2").purchase_count, 0);
  EXPECT_EQ(FromFacts().difference_count, 0u);
}

TEST_F(RecomputeTest, AdoptingTheSameCurrencyChangesNothing) {
  const std::string before = storage::DumpRawSql(clv_path_, "SELECT * FROM customer_clv");
  ASSERT_TRUE(AdoptReportingCurrency(*store_, "USD").ok());
  EXPECT_EQ(storage::DumpRawSql(clv_path_, "SELECT * FROM customer_clv"), before);
}

}  // namespace
}  // namespace clv::aggregation
