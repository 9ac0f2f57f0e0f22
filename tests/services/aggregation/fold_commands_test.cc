// Deletion, replacement and erasure at their place in the log.

#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "services/aggregation/worker.h"
#include "tests/services/aggregation/fold_fixture.h"

namespace clv::aggregation {
namespace {

using Buys = std::vector<Buy>;
using domain::DataSource;

wire::RowDeletion Deletion(DataSource data_source, const std::string& condition) {
  wire::RowDeletion deletion{.data_source = data_source};
  if (!condition.empty()) {
    deletion.condition = domain::ParseRowCondition(data_source, condition).value();
  }
  return deletion;
}

std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

using FoldCommandsTest = FoldTest;

TEST_F(FoldCommandsTest, ADeletionRemovesTheRowsThatMeetItAndRecomputesTheirCustomers) {
  Send(Buys{{"p1", "c1", 10, 1}, {"p2", "c1", 20, 5}, {"p3", "c2", 30, 5}});
  FoldRecords({Command(Deletion(DataSource::kPurchases, "purchase_date >= '2023-01-04'"))});
  EXPECT_EQ(Outcome(last_position_).removed_rows, 2u);
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(10));
  EXPECT_EQ(Summary("c1").purchase_count, 1);
  EXPECT_FALSE(IsKnown("c2"));
}

TEST_F(FoldCommandsTest, ADeletionSeesOnlyWhatWasBeforeIt) {
  const LoggedRows before = Record(Buys{{"p1", "c1", 10, 1}});
  const LoggedRows deletion = Command(Deletion(DataSource::kPurchases, "customer_id = 'c1'"));
  const LoggedRows after = Record(Buys{{"p1", "c1", 7, 1}, {"p2", "c1", 5, 2}});
  FoldRecords({before, deletion, after});
  EXPECT_EQ(Outcome(deletion.position).removed_rows, 1u);
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(12));
}

TEST_F(FoldCommandsTest, ALaterRowOfARemovedKeyIsNewHoweverOldItsInstant) {
  Send(Buys{{"p1", "c1", 10, 1, 20}});
  FoldRecords({Command(Deletion(DataSource::kPurchases, "purchase_id = 'p1'"))});
  Send(Buys{{"p1", "c1", 3, 1, 2}});
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(3));
}

TEST_F(FoldCommandsTest, AnOlderVersionDoesNotComeBackWhenTheWinnerIsRemoved) {
  Send(Buys{{"p1", "c1", 10, 1, 2}});
  Send(Buys{{"p1", "c1", 20, 1, 3}});
  FoldRecords({Command(Deletion(DataSource::kPurchases, "purchase_amount = 20"))});
  EXPECT_FALSE(IsKnown("c1"));
}

TEST_F(FoldCommandsTest, TruncatingOneDataSourceLeavesTheOthers) {
  Send(domain::Customer{.customer_id = "c1", .country = "USA"});
  Send(Buys{{"p1", "c1", 10, 1}});
  FoldRecords({Command(Deletion(DataSource::kCustomers, ""))});
  EXPECT_EQ(Value("c1").attributes.country, "(unknown)");
  EXPECT_FALSE(Value("c1").described);
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(10));
}

TEST_F(FoldCommandsTest, TruncatingMoreThanASliceRemovesEverything) {
  Buys buys;
  for (int i = 0; i < 5'001; ++i) {
    buys.push_back({"p" + std::to_string(i), "c" + std::to_string(i / 7), 1, 1});
  }
  Send(buys);
  FoldRecords({Command(Deletion(DataSource::kPurchases, ""))});
  EXPECT_EQ(Outcome(last_position_).removed_rows, 5'001u);
  EXPECT_EQ(store_->Read().value()->CountFacts()->customers, 0u);
}

TEST_F(FoldCommandsTest, DuplicatesAndSupersededRowsAreToldApart) {
  LoggedRows rows = Record(Buys{{"p1", "c1", 10, 1, 5}});
  FoldRecords({rows});
  rows = Record(Buys{{"p1", "c1", 10, 1, 5}, {"p1", "c1", 9, 1, 4}, {"p2", "c1", 1, 1}});
  rows.wants_outcome = true;
  FoldRecords({rows});
  EXPECT_EQ(Outcome(rows.position),
            (storage::FoldOutcome{.rows = 3, .duplicate_rows = 1, .superseded_rows = 1}));
  EXPECT_EQ(*store_->Read().value()->Totals(),
            (storage::FoldOutcome{.rows = 4, .duplicate_rows = 1, .superseded_rows = 1}));
}

TEST_F(FoldCommandsTest, AnErasureRemovesAllFactsAndTheOutcomeWaitsForTheScrub) {
  Send(domain::Customer{.customer_id = "c1", .name = "Canary Person"});
  Send(Buys{{"p1", "c1", 10, 1}, {"p2", "c2", 20, 5}});
  FoldRecords({Command(wire::CustomerErasure{"c1"})});
  EXPECT_FALSE(IsKnown("c1"));
  EXPECT_EQ(Summary("c2").total_spend_micros, Units(20));
  EXPECT_FALSE(store_->Read().value()->OutcomeOf(last_position_)->has_value());
  ASSERT_TRUE(store_->Scrub().ok());
  EXPECT_EQ(Outcome(last_position_).removed_rows, 2u);
  EXPECT_EQ(Bytes(clv_path_).find("Canary Person"), std::string::npos);
  EXPECT_EQ(Bytes(clv_path_ + "-wal").find("Canary Person"), std::string::npos);
}

TEST_F(FoldCommandsTest, AnErasedVersionEndsTheWinnerOfItsKey) {
  Send(Buys{{"p1", "c2", 10, 1, 9}, {"p2", "c2", 1, 1}});
  LoggedRows rows = Record(Buys());
  rows.purchases = wire::BatchOf({domain::Purchase{.purchase_id = "p1"}});
  // Older than the version that was there: without the erased one between it would lose.
  const LoggedRows later = Record(Buys{{"p1", "c2", 4, 1, 3}});
  FoldRecords({rows, later});
  EXPECT_EQ(Summary("c2").total_spend_micros, Units(5));
}

TEST_F(FoldCommandsTest, AnErasedVersionWithoutASuccessorLeavesNothing) {
  Send(Buys{{"p1", "c2", 10, 1}});
  LoggedRows rows = Record(Buys());
  rows.purchases = wire::BatchOf({domain::Purchase{.purchase_id = "p1"}});
  FoldRecords({rows});
  EXPECT_FALSE(IsKnown("c2"));
}

class FoldLoadsTest : public LoggedFoldTest {
 protected:
  LoggedRows Staged(const std::string& load_id, const Buys& buys) {
    LoggedRows rows = Record(buys);
    rows.load_id = load_id;
    return rows;
  }
  LoggedRows Commit(const std::string& load_id, storage::LogPosition first,
                    const std::string& condition = "") {
    return Command(wire::LoadCommit{load_id, first, Deletion(DataSource::kPurchases, condition)});
  }
};

TEST_F(FoldLoadsTest, StagedRowsCountOnlyFromTheEndOfTheirLoad) {
  Append(Record(Buys{{"p0", "c1", 100, 1}}));
  Append(Staged("l", {{"p1", "c1", 1, 1}}));
  Append(Record(Buys{{"p9", "c9", 9, 1}}));
  Append(Staged("l", {{"p2", "c2", 2, 1}}));
  FoldLog();
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(100));
  EXPECT_FALSE(IsKnown("c2"));
  Append(Commit("l", 2));
  FoldLog();
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(1));
  EXPECT_EQ(Summary("c2").total_spend_micros, Units(2));
  EXPECT_FALSE(IsKnown("c9"));
  const storage::FoldOutcome outcome = Outcome(last_position_);
  EXPECT_EQ(outcome.removed_rows, 2u);
  EXPECT_EQ(outcome.rows, 2u);
}

TEST_F(FoldLoadsTest, AReplacementWithAConditionLeavesTheRest) {
  Append(Record(Buys{{"p0", "c1", 100, 1}, {"p1", "c1", 50, 200}}));
  Append(Staged("l", {{"p2", "c1", 7, 201}}));
  Append(Commit("l", 2, "purchase_date >= '2023-03-01'"));
  FoldLog();
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(107));
}

TEST_F(FoldLoadsTest, TwoLoadsDoNotMix) {
  Append(Staged("a", {{"p1", "c1", 1, 1}}));
  Append(Staged("b", {{"p2", "c2", 2, 1}}));
  Append(Commit("b", 2));
  FoldLog();
  EXPECT_FALSE(IsKnown("c1"));
  EXPECT_EQ(Summary("c2").total_spend_micros, Units(2));
}

TEST_F(FoldLoadsTest, AnEmptyLoadOnlyRemoves) {
  Append(Record(Buys{{"p0", "c1", 100, 1}}));
  Append(Commit("l", 0));
  FoldLog();
  EXPECT_FALSE(IsKnown("c1"));
}

TEST_F(FoldLoadsTest, RowsStagedBeforeTheErasureOfTheirCustomerCountForNothing) {
  Append(Record(Buys{{"p1", "c2", 10, 1, 5}}));
  Append(Staged("l", {{"p1", "c1", 1, 1, 6}, {"p2", "c1", 2, 1}, {"p3", "c2", 3, 1}}));
  Append(Command(wire::CustomerErasure{"c1"}));
  Append(Staged("l", {{"p4", "c1", 4, 1}}));
  Append(Commit("l", 2, "purchase_id = 'p9'"));
  FoldLog();
  EXPECT_EQ(Summary("c2").total_spend_micros, Units(13));
  // What comes after the erasure is ingest's to refuse.
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(4));
}

TEST_F(FoldLoadsTest, TheWorkerScrubsAfterAnErasureAndTellsOfIt) {
  Append(Record(domain::Customer{.customer_id = "c1", .name = "Canary Person"}));
  Append(Command(wire::CustomerErasure{"c1"}));
  std::atomic<int> told = 0;
  Worker worker({.store = store_.get(),
                 .open_log = [this] { return OpenLog(); },
                 .on_erasure = [&] { ++told; }});
  worker.Start();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!store_->Read().value()->OutcomeOf(2)->has_value() &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  worker.Stop();
  EXPECT_EQ(Outcome(2).removed_rows, 1u);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(Bytes(clv_path_).find("Canary Person"), std::string::npos);
  EXPECT_EQ(Bytes(clv_path_ + "-wal").find("Canary Person"), std::string::npos);
}

}  // namespace
}  // namespace clv::aggregation
