#include "tests/common/storage/contract/event_log_contract.h"

#include <chrono>
#include <thread>
#include <utility>

#include "gmock/gmock.h"

namespace clv::storage {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EventLogContract);

void EventLogContract::SetUp() {
  home_ = GetParam()();
  Reopen();
}

void EventLogContract::Reopen() {
  reader_.reset();
  log_.reset();
  auto log = home_->OpenLog();
  ASSERT_TRUE(log.ok()) << log.status();
  log_ = *std::move(log);
  auto reader = home_->OpenReader();
  ASSERT_TRUE(reader.ok()) << reader.status();
  reader_ = *std::move(reader);
}

LogBatch EventLogContract::Batch(uint32_t rows) {
  return {.record = NewRecord{.data_source = DataSource::kPurchases,
                              .received_at_seconds = 1'000 + batches_made_,
                              .row_count = rows,
                              .payload = "payload " + std::to_string(batches_made_++)},
          .quarantined = {}};
}

QuarantinedRow EventLogContract::Refused(const std::string& raw, int64_t inserted_at_seconds,
                                         DataSource data_source) {
  return {.data_source = data_source,
          .columns = {{"purchase_id", "p1", ""}, {"customer_id", std::nullopt, "want a text"}},
          .error = "",
          .import_id = "request 7",
          .inserted_at_seconds = inserted_at_seconds,
          .raw = raw,
          .raw_length = raw.size() + 5};
}

std::vector<LogPosition> EventLogContract::Append(const std::vector<LogBatch>& batches) {
  auto positions = log_->Append(batches);
  EXPECT_TRUE(positions.ok()) << positions.status();
  return positions.ok() ? *positions : std::vector<LogPosition>();
}

std::vector<LogPosition> EventLogContract::PositionsAfter(LogPosition after, uint64_t max_rows) {
  std::vector<LogPosition> positions;
  const auto records = reader_->ReadAfter(after, max_rows);
  EXPECT_TRUE(records.ok()) << records.status();
  if (!records.ok()) return positions;
  for (const LoggedRecord& record : *records) positions.push_back(record.position);
  return positions;
}

std::vector<std::string> EventLogContract::Quarantined(DataSource data_source, uint64_t limit,
                                                       uint64_t offset) {
  std::vector<std::string> raws;
  const auto rows = home_->OpenQuarantine()->List(data_source, limit, offset);
  EXPECT_TRUE(rows.ok()) << rows.status();
  if (!rows.ok()) return raws;
  for (const QuarantinedRow& row : *rows) raws.push_back(row.raw);
  return raws;
}

TEST_P(EventLogContract, BeginsEmpty) {
  EXPECT_EQ(log_->LastPosition(), 0u);
  EXPECT_EQ(log_->FirstRetainedPosition(), 0u);
  EXPECT_EQ(log_->quarantine_counts().size(), 3u);
  EXPECT_THAT(PositionsAfter(0), IsEmpty());
}

TEST_P(EventLogContract, GivesPositionsWithoutGapsToTheBatchesThatHaveARecord) {
  EXPECT_THAT(Append({Batch(), {.record = {}, .quarantined = {Refused("x")}}, Batch(), {}}),
              ElementsAre(1u, 0u, 2u, 0u));
  EXPECT_THAT(Append({Batch()}), ElementsAre(3u));
  EXPECT_EQ(log_->LastPosition(), 3u);
  EXPECT_THAT(PositionsAfter(0), ElementsAre(1u, 2u, 3u));
}

TEST_P(EventLogContract, AppendsNothingForNoBatches) {
  EXPECT_THAT(Append({}), IsEmpty());
  EXPECT_EQ(log_->LastPosition(), 0u);
}

TEST_P(EventLogContract, ReadsBackWhatWasAppended) {
  const std::string payload("\0\xff binary \n", 12);
  Append({{.record = NewRecord{DataSource::kCustomerClv, 1'700'000'000, 4'000'000'000u, payload},
           .quarantined = {}}});
  Reopen();
  const auto records = reader_->ReadAfter(0, 1);
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ((*records)[0].data_source, DataSource::kCustomerClv);
  EXPECT_EQ((*records)[0].received_at_seconds, 1'700'000'000);
  EXPECT_EQ((*records)[0].row_count, 4'000'000'000u);
  EXPECT_EQ((*records)[0].payload, payload);
}

TEST_P(EventLogContract, AnAppendThatFailsWritesNothing) {
  Append({Batch()});
  home_->RefuseQuarantined("boom");
  const auto failed = log_->Append({Batch(),
                                    {.record = Batch().record, .quarantined = {Refused("first")}},
                                    {.record = {}, .quarantined = {Refused("boom")}}});
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(log_->LastPosition(), 1u);
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].rows, 0u);
  EXPECT_THAT(PositionsAfter(0), ElementsAre(1u));
  EXPECT_THAT(Quarantined(DataSource::kPurchases), IsEmpty());
}

TEST_P(EventLogContract, GoesOnWithoutAGapAfterAnAppendThatFailed) {
  home_->RefuseQuarantined("boom");
  EXPECT_FALSE(log_->Append({{.record = Batch().record, .quarantined = {Refused("boom")}}}).ok());
  EXPECT_THAT(Append({Batch()}), ElementsAre(1u));
  EXPECT_THAT(PositionsAfter(0), ElementsAre(1u));
}

TEST_P(EventLogContract, NeverGivesAPositionTwice) {
  Append({Batch(), Batch(), Batch()});
  ASSERT_TRUE(log_->TrimThrough(3).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 0u);
  Reopen();
  EXPECT_EQ(log_->LastPosition(), 3u);
  EXPECT_EQ(log_->FirstRetainedPosition(), 0u);
  EXPECT_THAT(Append({Batch(), Batch()}), ElementsAre(4u, 5u));
  EXPECT_EQ(log_->FirstRetainedPosition(), 4u);
}

TEST_P(EventLogContract, TrimsUpToAndIncludingThePosition) {
  Append({Batch(), Batch(), Batch(), Batch()});
  ASSERT_TRUE(log_->TrimThrough(2).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 3u);
  EXPECT_THAT(PositionsAfter(2), ElementsAre(3u, 4u));
  ASSERT_TRUE(log_->TrimThrough(1).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 3u);
}

TEST_P(EventLogContract, TrimsManyRecordsAtOnce) {
  std::vector<LogBatch> batches;
  for (int i = 0; i < 5'000; ++i) batches.push_back(Batch());
  Append(batches);
  ASSERT_TRUE(log_->TrimThrough(4'999).ok());
  EXPECT_THAT(PositionsAfter(4'999), ElementsAre(5'000u));
}

TEST_P(EventLogContract, ReadsInOrderUpToTheRowLimit) {
  Append({Batch(3), Batch(4), Batch(5)});
  EXPECT_THAT(PositionsAfter(0, 7), ElementsAre(1u, 2u));
  EXPECT_THAT(PositionsAfter(0, 6), ElementsAre(1u));
  EXPECT_THAT(PositionsAfter(1, 9), ElementsAre(2u, 3u));
}

TEST_P(EventLogContract, ReadsOneRecordAtLeast) {
  Append({Batch(100), Batch(100)});
  EXPECT_THAT(PositionsAfter(0, 1), ElementsAre(1u));
}

TEST_P(EventLogContract, ReadsTheNewWithTheSameReader) {
  Append({Batch()});
  EXPECT_THAT(PositionsAfter(0), ElementsAre(1u));
  Append({Batch()});
  EXPECT_THAT(PositionsAfter(1), ElementsAre(2u));
}

TEST_P(EventLogContract, TellsOfADamagedPayload) {
  Append({Batch(), Batch(), Batch()});
  home_->DamagePayload(2);
  EXPECT_EQ(reader_->ReadAfter(0, 1'000).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(reader_->ReadAfter(1, 1'000).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(PositionsAfter(2), ElementsAre(3u));
}

TEST_P(EventLogContract, TellsOfAMissingPosition) {
  Append({Batch(), Batch(), Batch()});
  home_->LoseRecord(2);
  EXPECT_EQ(reader_->ReadAfter(0, 1'000).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(PositionsAfter(2), ElementsAre(3u));
}

TEST_P(EventLogContract, TellsThatTheCheckpointLiesBeforeTheRetainedLog) {
  Append({Batch(), Batch()});
  ASSERT_TRUE(log_->TrimThrough(1).ok());
  EXPECT_EQ(reader_->ReadAfter(0, 1'000).status().code(), absl::StatusCode::kDataLoss);
}

TEST_P(EventLogContract, TellsWhatLiesBehindAPosition) {
  Append({Batch(3), Batch(4), Batch(5)});
  ASSERT_TRUE(log_->TrimThrough(1).ok());
  const auto lag = reader_->LagAfter(2);
  ASSERT_TRUE(lag.ok()) << lag.status();
  EXPECT_EQ(lag->last_position, 3u);
  EXPECT_EQ(lag->first_retained_position, 2u);
  EXPECT_EQ(lag->rows, 5u);
  EXPECT_EQ(lag->oldest_received_at_seconds, 1'002);
}

TEST_P(EventLogContract, NothingLiesBehindTheLastPosition) {
  Append({Batch(3)});
  const auto lag = reader_->LagAfter(1);
  ASSERT_TRUE(lag.ok()) << lag.status();
  EXPECT_EQ(lag->last_position, 1u);
  EXPECT_EQ(lag->rows, 0u);
  EXPECT_EQ(lag->oldest_received_at_seconds, 0);
}

TEST_P(EventLogContract, WaitingEndsWhenSomethingIsAppended) {
  reader_->WaitForAppend(std::chrono::milliseconds(0));
  const auto begun = std::chrono::steady_clock::now();
  std::thread writer([&] { Append({Batch()}); });
  reader_->WaitForAppend(std::chrono::seconds(30));
  writer.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(15));
}

TEST_P(EventLogContract, WaitingEndsAtOnceWhenSomethingWasAppendedSinceTheLastTime) {
  reader_->WaitForAppend(std::chrono::milliseconds(0));
  Append({Batch()});
  const auto begun = std::chrono::steady_clock::now();
  reader_->WaitForAppend(std::chrono::seconds(30));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(15));
}

TEST_P(EventLogContract, WaitingEndsWithItsTime) {
  reader_->WaitForAppend(std::chrono::milliseconds(0));
  reader_->WaitForAppend(std::chrono::milliseconds(5));
  EXPECT_THAT(PositionsAfter(0), IsEmpty());
}

TEST_P(EventLogContract, CountsQuarantinedRowsByDataSource) {
  Append(
      {{.record = {},
        .quarantined = {Refused("a"), Refused("b"), Refused("c", 1'000, DataSource::kCustomers)}}});
  Reopen();
  auto counts = log_->quarantine_counts();
  EXPECT_EQ(counts[DataSource::kPurchases].rows, 2u);
  EXPECT_EQ(counts[DataSource::kCustomers].rows, 1u);
  EXPECT_EQ(counts[DataSource::kCustomerClv].rows, 0u);
  EXPECT_EQ(home_->OpenQuarantine()->Count(DataSource::kPurchases).value(), 2u);
}

TEST_P(EventLogContract, ListsTheQuarantineNewestFirst) {
  Append({{.record = {}, .quarantined = {Refused("a"), Refused("b")}}});
  Append({{.record = {}, .quarantined = {Refused("c"), Refused("d")}}});
  EXPECT_THAT(Quarantined(DataSource::kPurchases), ElementsAre("d", "c", "b", "a"));
  EXPECT_THAT(Quarantined(DataSource::kPurchases, 2, 1), ElementsAre("c", "b"));
  EXPECT_THAT(Quarantined(DataSource::kPurchases, 0), IsEmpty());
  EXPECT_THAT(Quarantined(DataSource::kCustomers), IsEmpty());
}

TEST_P(EventLogContract, KeepsARefusedRowWhole) {
  QuarantinedRow row = Refused("{\"a\":\"\u00e4\"}");
  row.columns.push_back({"product_id", "", "want 256 bytes at most"});
  row.error = "not JSON";
  Append({{.record = {}, .quarantined = {row}}});
  const auto rows = home_->OpenQuarantine()->List(DataSource::kPurchases, 1, 0);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 1u);
  const QuarantinedRow& held = rows->front();
  EXPECT_EQ(held.raw, row.raw);
  EXPECT_EQ(held.raw_length, row.raw_length);
  EXPECT_EQ(held.error, "not JSON");
  EXPECT_EQ(held.import_id, "request 7");
  EXPECT_EQ(held.inserted_at_seconds, 1'000);
  ASSERT_EQ(held.columns.size(), 3u);
  EXPECT_EQ(held.columns[0].raw, "p1");
  EXPECT_EQ(held.columns[1].raw, std::nullopt);
  EXPECT_EQ(held.columns[1].error, "want a text");
  EXPECT_EQ(held.columns[2].raw, "");
}

TEST_P(EventLogContract, DropsQuarantinedRowsOlderThanThirtyDays) {
  constexpr int64_t kNow = 100 * 86'400;
  constexpr int64_t kLimit = kNow - 30 * 86'400;
  Append({{.record = {},
           .quarantined = {Refused("older", kLimit - 1), Refused("as old", kLimit),
                           Refused("new", kNow)}}});
  ASSERT_TRUE(log_->LimitQuarantine(kNow, 1'000'000).ok());
  EXPECT_THAT(Quarantined(DataSource::kPurchases), ElementsAre("new", "as old"));
  Reopen();
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].rows, 2u);
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].dropped_rows, 1u);
}

TEST_P(EventLogContract, DropsTheOldestQuarantinedRowsBeyondTheBytes) {
  Append({{.record = {}, .quarantined = {Refused("aaaa"), Refused("bbbb"), Refused("cccc")}}});
  ASSERT_TRUE(log_->LimitQuarantine(1'000, 8).ok());
  EXPECT_THAT(Quarantined(DataSource::kPurchases), ElementsAre("cccc", "bbbb"));
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].dropped_rows, 1u);
  ASSERT_TRUE(log_->LimitQuarantine(1'000, 7).ok());
  EXPECT_THAT(Quarantined(DataSource::kPurchases), ElementsAre("cccc"));
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].dropped_rows, 2u);
}

TEST_P(EventLogContract, DropsManyQuarantinedRowsAtOnce) {
  LogBatch batch;
  for (int i = 0; i < 5'000; ++i) batch.quarantined.push_back(Refused("x"));
  Append({batch});
  ASSERT_TRUE(log_->LimitQuarantine(1'000, 10).ok());
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].rows, 10u);
  EXPECT_EQ(home_->OpenQuarantine()->Count(DataSource::kPurchases).value(), 10u);
}

TEST_P(EventLogContract, LimitsTheQuarantineOfEachDataSourceByItself) {
  Append({{.record = {},
           .quarantined = {Refused("aaaa"), Refused("bbbb", 1'000, DataSource::kCustomers)}}});
  ASSERT_TRUE(log_->LimitQuarantine(1'000, 4).ok());
  EXPECT_THAT(Quarantined(DataSource::kPurchases), ElementsAre("aaaa"));
  EXPECT_THAT(Quarantined(DataSource::kCustomers), ElementsAre("bbbb"));
}

}  // namespace clv::storage
