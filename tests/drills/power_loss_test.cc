#include <cstdlib>
#include <iostream>

#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/event_reader.h"
#include "common/wire/log_codec.h"
#include "gtest/gtest.h"
#include "services/aggregation/fold.h"
#include "services/aggregation/recompute.h"
#include "tests/common/storage/temp_directory.h"
#include "tests/drills/recording_disk.h"

namespace clv::drills {
namespace {

constexpr uint64_t kRowsOfARecord = 6;

// A log and a store in one directory, written in turn by one thread.
struct Site {
  explicit Site(const std::string& directory) : directory(directory) {}

  absl::Status Open() {
    auto opened_log = storage::SqliteEventLog::Open({.path = directory + "/event_log.db"});
    if (!opened_log.ok()) return opened_log.status();
    log = *std::move(opened_log);
    auto opened_store = storage::SqliteClvStore::Open({.path = directory + "/clv.db"});
    if (!opened_store.ok()) return opened_store.status();
    store = *std::move(opened_store);
    auto opened_reader = storage::SqliteEventReader::Open({.path = directory + "/event_log.db"});
    if (!opened_reader.ok()) return opened_reader.status();
    reader = *std::move(opened_reader);
    return aggregation::AdoptReportingCurrency(*store, "USD");
  }

  absl::Status FoldAll() {
    const auto checkpoint = store->Checkpoint();
    if (!checkpoint.ok()) return checkpoint.status();
    const auto records = reader->ReadAfter(*checkpoint, 1'000'000);
    if (!records.ok()) return records.status();
    if (records->empty()) return absl::OkStatus();
    std::vector<aggregation::LoggedRows> rows;
    for (const auto& record : *records) rows.push_back(aggregation::DecodeRecord(record));
    auto transaction = store->Begin();
    if (!transaction.ok()) return transaction.status();
    const aggregation::FoldOptions options{.reporting_currency = "USD"};
    if (auto counts = Fold(rows, options, **transaction); !counts.ok()) return counts.status();
    return (*transaction)->Commit(records->back().position);
  }

  const std::string directory;
  std::unique_ptr<storage::SqliteEventLog> log;
  std::unique_ptr<storage::SqliteClvStore> store;
  std::unique_ptr<storage::SqliteEventReader> reader;
};

// Purchases under few ids: duplicates, corrections, late versions and moves come by themselves; and
// one refused row.
storage::LogBatch SomeBatch(properties::Dice& dice) {
  wire::LogRows rows{.received_at_seconds = 1'700'000'000};
  for (uint64_t i = 0; i < kRowsOfARecord; ++i) {
    const std::string id = std::to_string(dice.Below(200));
    rows.purchases.push_back({.purchase_id = "p" + id,
                              .customer_id = "c" + std::to_string(dice.Below(20)),
                              .order_id = "o" + id,
                              .purchase_amount_micros = dice.Below(5) * 1'000'000,
                              .purchase_date = 1'690'000'000 + dice.Below(9) * 86'400,
                              .created_at = 1'690'000'000 + dice.Below(4)});
  }
  return {.record = storage::NewRecord{.data_source = storage::DataSource::kPurchases,
                                       .received_at_seconds = 1'700'000'000,
                                       .row_count = kRowsOfARecord,
                                       .payload = wire::EncodeLogRecord(rows)},
          .quarantined = {{.data_source = storage::DataSource::kPurchases,
                           .error = "no object",
                           .reason = "no object",
                           .inserted_at_seconds = 1'700'000'000,
                           .raw = "refused"}}};
}

// What is broken in an image; empty when every promise is kept.
std::string Breach(const std::string& image, storage::LogPosition acknowledged) {
  Site site(image);
  if (const auto opened = site.Open(); !opened.ok()) return opened.ToString();
  const storage::LogPosition last = site.log->LastPosition();
  if (last < acknowledged) return "an acknowledged record is lost";
  if (site.log->quarantine_counts()[storage::DataSource::kPurchases].rows != last) {
    return "quarantine and log do not fit";
  }
  const auto checkpoint = site.store->Checkpoint();
  if (!checkpoint.ok()) return checkpoint.status().ToString();
  if (*checkpoint > last) return "the checkpoint is beyond the log";
  const storage::LogPosition first = site.log->FirstRetainedPosition();
  if (first == 0 ? *checkpoint != last : first > *checkpoint + 1) {
    return "the log is trimmed beyond the fold";
  }
  if (const auto folded = site.FoldAll(); !folded.ok()) return folded.ToString();
  if (site.store->Read().value()->Totals()->rows != last * kRowsOfARecord) {
    return "a row is lost or doubled";
  }
  const auto verified = aggregation::VerifyFromFacts(*site.store, [](const auto&) { return true; });
  if (!verified.ok()) return verified.status().ToString();
  return verified->difference_count == 0 ? "" : "values differ from the facts";
}

struct Found {
  int images = 0;
  int breaches = 0;
  std::string first;
};

// Appends, folds and trims at random and opens images of random moments until there are enough.
Found RunDrill(uint64_t seed, int images) {
  properties::Dice dice(seed);
  RecordingDisk& disk = RecordingDisk::Install();
  Found found;
  while (found.images < images) {
    const TempDirectory directory;
    storage::LogPosition acknowledged = 0;
    std::vector<storage::LogPosition> taken;
    {
      Site site(directory.path());
      EXPECT_TRUE(site.Open().ok());
      disk.set_after_operation([&] {
        if (!dice.OneIn(12)) return;
        disk.WritePowerLossImage(directory.path(),
                                 directory.path() + "/" + std::to_string(taken.size()), dice);
        taken.push_back(acknowledged);
      });
      for (int turn = 0; turn < 40; ++turn) {
        const auto positions = site.log->Append({SomeBatch(dice)});
        EXPECT_TRUE(positions.ok()) << positions.status();
        if (positions.ok()) acknowledged = positions->back();
        if (dice.OneIn(3)) {
          EXPECT_TRUE(site.FoldAll().ok());
        }
        if (dice.OneIn(8)) {
          EXPECT_TRUE(site.log->TrimThrough(site.store->Checkpoint().value()).ok());
        }
        if (dice.OneIn(10)) {
          EXPECT_TRUE(site.store->Scrub().ok());
        }
      }
      disk.set_after_operation({});
    }
    for (size_t i = 0; i < taken.size() && found.images < images; ++i) {
      ++found.images;
      const std::string breach = Breach(directory.path() + "/" + std::to_string(i), taken[i]);
      if (breach.empty()) continue;
      if (found.breaches++ == 0) found.first = breach;
    }
  }
  return found;
}

TEST(PowerLossTest, EveryImageKeepsWhatWasAcknowledgedExactlyOnce) {
  const int images = std::getenv("CLV_TEST_LONG") != nullptr ? 5'000 : 200;
  const Found found = RunDrill(1, images);
  std::cout << found.images << " power-loss images opened, " << found.breaches << " breaches\n";
  EXPECT_EQ(found.breaches, 0) << found.first;
}

// Kills the process at some moment of some appends and folds; lets the next one fold and trim what
// it finds; then power fails. Breaches, each with the moment.
std::string BreachAfterKill(properties::Dice& dice) {
  RecordingDisk& disk = RecordingDisk::Install();
  const TempDirectory directory;
  const std::string killed = directory.path() + "/killed";
  const std::string image = directory.path() + "/image";
  storage::LogPosition acknowledged = 0;
  storage::LogPosition acknowledged_when_killed = 0;
  {
    Site site(directory.path());
    EXPECT_TRUE(site.Open().ok());
    int64_t operations_left = dice.Below(60);
    disk.set_after_operation([&] {
      if (operations_left-- != 0) return;
      disk.WriteKillImage(directory.path(), killed);
      acknowledged_when_killed = acknowledged;
    });
    while (operations_left >= 0) {
      const auto positions = site.log->Append({SomeBatch(dice)});
      EXPECT_TRUE(positions.ok()) << positions.status();
      if (positions.ok()) acknowledged = positions->back();
      if (dice.OneIn(2)) {
        EXPECT_TRUE(site.FoldAll().ok());
      }
    }
    disk.set_after_operation({});
  }
  Site next(killed);
  EXPECT_TRUE(next.Open().ok());
  if (dice.OneIn(2)) {
    EXPECT_TRUE(next.FoldAll().ok());
  }
  if (dice.OneIn(2)) {
    EXPECT_TRUE(next.log->TrimThrough(next.store->Checkpoint().value()).ok());
  }
  disk.WritePowerLossImage(killed, image, dice);
  return Breach(image, acknowledged_when_killed);
}

TEST(PowerLossTest, WhatAKilledProcessLeftUnsyncedIsNotBuiltUpon) {
  const int kills = std::getenv("CLV_TEST_LONG") != nullptr ? 2'000 : 150;
  properties::Dice dice(3);
  int breaches = 0;
  std::string first;
  for (int i = 0; i < kills; ++i) {
    const std::string breach = BreachAfterKill(dice);
    if (breach.empty()) continue;
    if (breaches++ == 0) first = breach;
  }
  std::cout << kills << " kills followed by a power loss, " << breaches << " breaches\n";
  EXPECT_EQ(breaches, 0) << first;
}

TEST(PowerLossTest, ADiskWhoseSyncsCountForNothingIsFound) {
  RecordingDisk::Install().set_honours_sync(false);
  const Found found = RunDrill(2, 60);
  RecordingDisk::Install().set_honours_sync(true);
  std::cout << found.breaches << " breaches in " << found.images << " images\n";
  EXPECT_GT(found.breaches, 0);
}

}  // namespace
}  // namespace clv::drills
