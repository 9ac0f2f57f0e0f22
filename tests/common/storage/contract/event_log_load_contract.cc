// What loads ask of an event log: records that are staged, ended or abandoned.

#include <string>

#include "gmock/gmock.h"
#include "tests/common/storage/contract/event_log_contract.h"

namespace clv::storage {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

LogBatch Staged(LogBatch batch, const std::string& load_id) {
  batch.record->load_id = load_id;
  return batch;
}

LogBatch EndOf(LogBatch batch, const std::string& load_id) {
  batch.record->commits_load = load_id;
  return batch;
}

}  // namespace

TEST_P(EventLogContract, KnowsWhereALoadBegins) {
  Append({Batch(), Staged(Batch(), "a"), Staged(Batch(), "b")});
  Append({Staged(Batch(), "a")});
  EXPECT_EQ(log_->LoadStart("a"), 2u);
  EXPECT_EQ(log_->LoadStart("b"), 3u);
  EXPECT_EQ(log_->LoadStart("c"), 0u);
  Append({EndOf(Batch(), "a")});
  EXPECT_EQ(log_->LoadStart("a"), 2u);
}

TEST_P(EventLogContract, AnAppendThatFailsBeginsNoLoad) {
  home_->RefuseQuarantined("boom");
  LogBatch batch = Staged(Batch(), "a");
  batch.quarantined = {Refused("boom")};
  EXPECT_FALSE(log_->Append({batch}).ok());
  EXPECT_EQ(log_->LoadStart("a"), 0u);
}

TEST_P(EventLogContract, AnOpenLoadHoldsTheLogFromItsFirstRecordOn) {
  Append({Batch(), Staged(Batch(), "a"), Batch(), Staged(Batch(), "a"), Batch()});
  ASSERT_TRUE(log_->TrimThrough(5).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 2u);
  EXPECT_THAT(PositionsAfter(1), ElementsAre(2u, 3u, 4u, 5u));
}

TEST_P(EventLogContract, ALoadHoldsTheLogUntilItsEndIsFolded) {
  Append({Staged(Batch(), "a"), Batch(), EndOf(Batch(), "a"), Batch()});
  ASSERT_TRUE(log_->TrimThrough(2).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 1u);
  Reopen();
  ASSERT_TRUE(log_->TrimThrough(2).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 1u);
  ASSERT_TRUE(log_->TrimThrough(3).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 4u);
  EXPECT_EQ(log_->LoadStart("a"), 0u);
}

TEST_P(EventLogContract, TheOldestOfSeveralLoadsHoldsTheLog) {
  Append({Batch(), Staged(Batch(), "a"), Staged(Batch(), "b"), EndOf(Batch(), "a"), Batch()});
  ASSERT_TRUE(log_->TrimThrough(5).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 3u);
}

TEST_P(EventLogContract, AnAbandonedLoadHoldsNothingAndLosesItsQuarantinedRows) {
  LogBatch batch = Staged(Batch(), "request 7");
  batch.quarantined = {Refused("of the load"), Refused("too", 1'000, DataSource::kCustomers)};
  QuarantinedRow other = Refused("of another request");
  other.import_id = "request 8";
  Append({batch, {.quarantined = {other}}, Batch()});
  ASSERT_TRUE(log_->AbandonLoad("request 7").ok());
  EXPECT_EQ(log_->LoadStart("request 7"), 0u);
  EXPECT_THAT(Quarantined(DataSource::kPurchases), ElementsAre("of another request"));
  EXPECT_THAT(Quarantined(DataSource::kCustomers), IsEmpty());
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].rows, 1u);
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].dropped_rows, 0u);
  ASSERT_TRUE(log_->TrimThrough(2).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 0u);
}

TEST_P(EventLogContract, ALoadThatAProcessLeftOpenIsAbandonedByTheNext) {
  LogBatch open = Staged(Batch(), "request 7");
  open.quarantined = {Refused("x")};
  Append({open, Staged(Batch(), "ended"), EndOf(Batch(), "ended")});
  Reopen();
  EXPECT_EQ(log_->LoadStart("request 7"), 0u);
  EXPECT_EQ(log_->LoadStart("ended"), 2u);
  EXPECT_THAT(Quarantined(DataSource::kPurchases), IsEmpty());
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].rows, 0u);
  ASSERT_TRUE(log_->TrimThrough(1).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 2u);
}

TEST_P(EventLogContract, AnEndedLoadIsNotAbandoned) {
  LogBatch end = EndOf(Batch(), "request 7");
  Append({Staged(Batch(), "request 7"), end});
  ASSERT_TRUE(log_->AbandonLoad("request 7").ok());
  EXPECT_EQ(log_->LoadStart("request 7"), 1u);
  ASSERT_TRUE(log_->TrimThrough(1).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 1u);
}

TEST_P(EventLogContract, ALoadWithoutStagedRecordsHoldsNothing) {
  Append({Batch(), EndOf(Batch(), "empty"), Batch()});
  EXPECT_EQ(log_->LoadStart("empty"), 0u);
  ASSERT_TRUE(log_->TrimThrough(3).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 0u);
}

}  // namespace clv::storage
