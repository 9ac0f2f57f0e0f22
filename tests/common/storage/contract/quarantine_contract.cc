// What sending quarantined rows again, counting and removing them asks of an event log.

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "tests/common/storage/contract/event_log_contract.h"

namespace clv::storage {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace {

std::vector<std::string> RawsOf(const absl::StatusOr<std::vector<QuarantinedRow>>& rows) {
  std::vector<std::string> raws;
  EXPECT_TRUE(rows.ok()) << rows.status();
  if (!rows.ok()) return raws;
  for (const QuarantinedRow& row : *rows) raws.push_back(row.raw);
  return raws;
}

// A row that breaks the rules of these columns.
QuarantinedRow Breaking(const std::vector<std::pair<std::string, std::string>>& columns,
                        int64_t inserted_at_seconds) {
  QuarantinedRow row{.data_source = DataSource::kPurchases,
                     .inserted_at_seconds = inserted_at_seconds};
  row.columns.push_back({.name = "well"});
  for (const auto& [column, reason] : columns) {
    row.columns.push_back({.name = column, .error = "got 'x', want " + reason, .reason = reason});
  }
  return row;
}

}  // namespace

TEST_P(EventLogContract, ListsTheQuarantineForwardFromAnId) {
  Append({{.quarantined = {Refused("a"), Refused("other", 1'000, DataSource::kCustomers),
                           Refused("b")}}});
  Append({{.quarantined = {Refused("c")}}});
  const auto reader = home_->OpenQuarantine();
  const auto all = reader->ListAfter(DataSource::kPurchases, 0, 10);
  EXPECT_THAT(RawsOf(all), ElementsAre("a", "b", "c"));
  EXPECT_THAT(RawsOf(reader->ListAfter(DataSource::kPurchases, (*all)[0].id, 1)), ElementsAre("b"));
  EXPECT_THAT(RawsOf(reader->ListAfter(DataSource::kPurchases, (*all)[2].id, 10)), IsEmpty());
  EXPECT_THAT(RawsOf(reader->ListAfter(DataSource::kCustomers, 0, 10)), ElementsAre("other"));
}

TEST_P(EventLogContract, IdsOfQuarantinedRowsRiseAndAreNeverGivenTwice) {
  Append({{.quarantined = {Refused("a"), Refused("b")}}});
  const auto reader = home_->OpenQuarantine();
  const uint64_t last = reader->ListAfter(DataSource::kPurchases, 0, 10)->back().id;
  Append({{.resolved = {last}}});
  Reopen();
  Append({{.quarantined = {Refused("c")}}});
  EXPECT_GT(reader->ListAfter(DataSource::kPurchases, 0, 10)->back().id, last);
}

TEST_P(EventLogContract, ResolvedRowsLeaveTheQuarantineWithTheRecord) {
  Append({{.quarantined = {Refused("a"), Refused("b"), Refused("c")}}});
  const auto rows = home_->OpenQuarantine()->ListAfter(DataSource::kPurchases, 0, 10).value();
  LogBatch batch = Batch();
  batch.resolved = {rows[0].id, rows[2].id, 9'999};
  EXPECT_THAT(Append({batch}), ElementsAre(1u));
  EXPECT_THAT(Quarantined(DataSource::kPurchases), ElementsAre("b"));
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].rows, 1u);
  Reopen();
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].rows, 1u);
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].dropped_rows, 0u);
  EXPECT_EQ(home_->OpenQuarantine()->Count(DataSource::kPurchases).value(), 1u);
}

TEST_P(EventLogContract, RowsOfAnAppendThatFailsAreNotResolved) {
  Append({{.quarantined = {Refused("a")}}});
  const uint64_t id = home_->OpenQuarantine()->List(DataSource::kPurchases, 1, 0)->front().id;
  home_->RefuseQuarantined("boom");
  EXPECT_FALSE(log_->Append({{.resolved = {id}}, {.quarantined = {Refused("boom")}}}).ok());
  EXPECT_THAT(Quarantined(DataSource::kPurchases), ElementsAre("a"));
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].rows, 1u);
}

TEST_P(EventLogContract, BytesOfResolvedRowsNoLongerCount) {
  Append({{.quarantined = {Refused("aaaa"), Refused("bbbb"), Refused("cccc")}}});
  const auto rows = home_->OpenQuarantine()->ListAfter(DataSource::kPurchases, 0, 10).value();
  Append({{.resolved = {rows[1].id}}});
  ASSERT_TRUE(log_->LimitQuarantine(1'000, 8).ok());
  EXPECT_THAT(Quarantined(DataSource::kPurchases), ElementsAre("cccc", "aaaa"));
}

TEST_P(EventLogContract, RemovesTheQuarantinedRowsThatAreMeant) {
  LogBatch batch;
  for (int i = 0; i < 4'500; ++i) batch.quarantined.push_back(Refused(i % 3 == 0 ? "odd" : "x"));
  batch.quarantined.push_back(Refused("odd", 1'000, DataSource::kCustomers));
  Append({batch});
  const auto removed = log_->RemoveQuarantined(
      DataSource::kPurchases, [](const QuarantinedRow& row) { return row.raw == "odd"; });
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_EQ(*removed, 1'500u);
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].rows, 3'000u);
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].dropped_rows, 0u);
  EXPECT_THAT(Quarantined(DataSource::kPurchases, 5'000), SizeIs(3'000));
  EXPECT_THAT(Quarantined(DataSource::kCustomers), SizeIs(1));
  EXPECT_EQ(
      log_->RemoveQuarantined(DataSource::kPurchases, [](const auto&) { return false; }).value(),
      0u);
}

TEST_P(EventLogContract, ShowsWholeRowsToTheRemoval) {
  Append({{.quarantined = {Refused("raw")}}});
  std::vector<QuarantinedRow> shown;
  ASSERT_TRUE(log_->RemoveQuarantined(DataSource::kPurchases,
                                      [&](const QuarantinedRow& row) {
                                        shown.push_back(row);
                                        return false;
                                      })
                  .ok());
  ASSERT_THAT(shown, SizeIs(1));
  EXPECT_EQ(shown[0].raw, "raw");
  EXPECT_EQ(shown[0].import_id, "request 7");
  EXPECT_EQ(shown[0].columns.at(0).raw, "p1");
}

TEST_P(EventLogContract, CountsQuarantinedRowsByColumnAndReason) {
  QuarantinedRow text{.data_source = DataSource::kPurchases,
                      .error = "got a list",
                      .reason = "a JSON object",
                      .inserted_at_seconds = 70};
  Append({{.quarantined = {Breaking({{"a", "a number"}, {"b", "text"}}, 10),
                           Breaking({{"b", "text"}}, 30), text, Breaking({{"b", "letters"}}, 20),
                           Refused("other", 1'000, DataSource::kCustomers)}}});
  Append({{.quarantined = {Breaking({{"a", "a number"}, {"b", "text"}}, 40)}}});
  const auto counts = home_->OpenQuarantine()->CountByReason(DataSource::kPurchases);
  ASSERT_TRUE(counts.ok()) << counts.status();
  std::vector<std::string> shown;
  for (const QuarantineReasonCount& count : *counts) {
    shown.push_back(count.column + "|" + count.reason + "|" + std::to_string(count.rows) + "|" +
                    std::to_string(count.last_inserted_at_seconds));
  }
  EXPECT_THAT(shown, ElementsAre("b|text|3|40", "a|a number|2|40", "|a JSON object|1|70",
                                 "b|letters|1|20"));
}

TEST_P(EventLogContract, ReasonsGoWithTheirRows) {
  Append({{.quarantined = {Breaking({{"a", "a number"}}, 10), Breaking({{"a", "text"}}, 20)}}});
  const auto reader = home_->OpenQuarantine();
  const auto rows = reader->ListAfter(DataSource::kPurchases, 0, 10).value();
  Append({{.resolved = {rows[0].id}}});
  EXPECT_THAT(*reader->CountByReason(DataSource::kPurchases), SizeIs(1));
  ASSERT_TRUE(
      log_->RemoveQuarantined(DataSource::kPurchases, [](const auto&) { return true; }).ok());
  EXPECT_THAT(*reader->CountByReason(DataSource::kPurchases), IsEmpty());
  Append({{.quarantined = {Breaking({{"a", "a number"}}, 10)}}});
  ASSERT_TRUE(log_->LimitQuarantine(100 * 86'400, 1'000'000).ok());
  EXPECT_THAT(*reader->CountByReason(DataSource::kPurchases), IsEmpty());
}

TEST_P(EventLogContract, TombstonesKeyAndCountsSurviveReopening) {
  const std::string key = log_->ErasureKey();
  EXPECT_THAT(key, SizeIs(32));
  LogBatch batch;
  batch.tombstone = Tombstone{.id_hash = std::string("\0hash", 5), .erased_at_seconds = 5};
  Append({batch, {.refused_erased_rows = 3}});
  Append({{.refused_erased_rows = 4}});
  Reopen();
  EXPECT_EQ(log_->ErasureKey(), key);
  EXPECT_THAT(*log_->ErasedHashes(), ElementsAre(std::string("\0hash", 5)));
  EXPECT_EQ(log_->erased_counts().customers, 1u);
  EXPECT_EQ(log_->erased_counts().refused_rows, 7u);
}

TEST_P(EventLogContract, AnAppendThatFailsLeavesNoTombstone) {
  home_->RefuseQuarantined("boom");
  LogBatch batch{.quarantined = {Refused("boom")},
                 .tombstone = Tombstone{.id_hash = "hash"},
                 .refused_erased_rows = 3};
  EXPECT_FALSE(log_->Append({batch}).ok());
  EXPECT_EQ(log_->erased_counts().customers, 0u);
  EXPECT_EQ(log_->erased_counts().refused_rows, 0u);
  EXPECT_THAT(*log_->ErasedHashes(), IsEmpty());
}

}  // namespace clv::storage
