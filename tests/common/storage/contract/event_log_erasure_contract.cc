// What erasure asks of an event log: tombstones, records that change in place, open erasures.

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/common/storage/contract/event_log_contract.h"

namespace clv::storage {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

LogBatch Erasure(const std::string& id_hash) {
  return {.record = NewRecord{.received_at_seconds = 5, .payload = "erase " + id_hash},
          .tombstone = Tombstone{.id_hash = id_hash, .erased_at_seconds = 5}};
}

}  // namespace

TEST_P(EventLogContract, GivesRecordsNewContentAtTheirPlace) {
  Append({Batch(3), Batch(3), Batch(3)});
  ASSERT_TRUE(log_->ReplaceRecords({{.position = 1, .row_count = 0, .payload = ""},
                                    {.position = 3, .row_count = 2, .payload = "other"}})
                  .ok());
  Reopen();
  const auto records = reader_->ReadAfter(0, 1'000);
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 3u);
  EXPECT_EQ((*records)[0].payload, "");
  EXPECT_EQ((*records)[0].row_count, 0u);
  EXPECT_EQ((*records)[0].received_at_seconds, 1'000);
  EXPECT_EQ((*records)[1].row_count, 3u);
  EXPECT_EQ((*records)[2].payload, "other");
  EXPECT_EQ((*records)[2].row_count, 2u);
}

TEST_P(EventLogContract, ReplacesAllRecordsOrNone) {
  Append({Batch(3), Batch(3)});
  ASSERT_TRUE(log_->TrimThrough(1).ok());
  EXPECT_EQ(log_->ReplaceRecords({{.position = 2, .payload = "other"}, {.position = 1}}).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(log_->FinishErasure({.position = 1}).code(), absl::StatusCode::kNotFound);
  const auto records = reader_->ReadAfter(1, 1'000);
  ASSERT_TRUE(records.ok()) << records.status();
  EXPECT_NE(records->front().payload, "other");
}

TEST_P(EventLogContract, AnErasureIsOpenUntilItIsFinished) {
  Append({Batch(), Erasure("one"), Batch(), Erasure("two")});
  EXPECT_THAT(log_->OpenErasures(), ElementsAre(2u, 4u));
  EXPECT_THAT(reader_->OpenErasures().value(), ElementsAre(2u, 4u));
  Reopen();
  EXPECT_THAT(log_->OpenErasures(), ElementsAre(2u, 4u));
  ASSERT_TRUE(log_->FinishErasure({.position = 2, .payload = "blank"}).ok());
  EXPECT_THAT(log_->OpenErasures(), ElementsAre(4u));
  EXPECT_THAT(reader_->OpenErasures().value(), ElementsAre(4u));
  EXPECT_EQ(reader_->ReadAfter(1, 1).value().front().payload, "blank");
  ASSERT_TRUE(log_->FinishErasure({.position = 2, .payload = "blank"}).ok());
  Reopen();
  EXPECT_THAT(log_->OpenErasures(), ElementsAre(4u));
}

TEST_P(EventLogContract, ATombstoneWithoutARecordOpensNothing) {
  Append({{.tombstone = Tombstone{.id_hash = "one", .erased_at_seconds = 5}}});
  EXPECT_THAT(log_->OpenErasures(), IsEmpty());
  EXPECT_THAT(log_->ErasedHashes().value(), ElementsAre("one"));
}

TEST_P(EventLogContract, ACustomerThatIsErasedAgainCountsOnce) {
  Append({Erasure("one")});
  Append({Erasure("one")});
  EXPECT_EQ(log_->erased_counts().customers, 1u);
  EXPECT_THAT(log_->OpenErasures(), ElementsAre(1u, 2u));
  Reopen();
  EXPECT_EQ(log_->erased_counts().customers, 1u);
  EXPECT_THAT(log_->ErasedHashes().value(), ElementsAre("one"));
}

TEST_P(EventLogContract, TrimsNothingWhileAnErasureIsOpen) {
  Append({Batch(), Erasure("one"), Batch(), Batch()});
  Reopen();
  ASSERT_TRUE(log_->TrimThrough(3).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 1u);
  ASSERT_TRUE(log_->FinishErasure({.position = 2}).ok());
  ASSERT_TRUE(log_->TrimThrough(3).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 4u);
}

}  // namespace clv::storage
