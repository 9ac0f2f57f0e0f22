#include "tests/services/ingest/erasure_scene.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "services/aggregation/fold.h"
#include "services/aggregation/recompute.h"
#include "tests/common/storage/raw_sqlite.h"

namespace clv::ingest {
namespace {

constexpr uint64_t kRowsPerRead = 1'000;

domain::DataSource DataSourceOf(const wire::LogRows& rows) {
  if (!rows.purchases.empty()) return domain::DataSource::kPurchases;
  if (!rows.customer_clvs.empty()) return domain::DataSource::kCustomerClv;
  return domain::DataSource::kCustomers;
}

}  // namespace

ErasureScene::ErasureScene(LogRetention log_retention)
    : log_(storage::SqliteEventLog::Open({.path = log_path_}).value()),
      reader_(storage::SqliteEventReader::Open({.path = log_path_}).value()),
      store_(storage::SqliteClvStore::Open({.path = clv_path_}).value()) {
  EXPECT_TRUE(aggregation::AdoptReportingCurrency(*store_, "USD").ok());
  const auto trim_interval =
      std::chrono::milliseconds(log_retention == LogRetention::kFolded ? 0 : 3'600'000);
  queue_ = std::make_unique<WriteQueue>(WriteQueue::Options{.log = log_.get(),
                                                            .progress = &progress_,
                                                            .clock = &SystemClock(),
                                                            .log_retention = log_retention,
                                                            .trim_interval = trim_interval});
  steps_ = std::make_unique<ErasureSteps>(ErasureSteps::Options{
      .queue = queue_.get(),
      .log = log_.get(),
      .open_log = [this]() -> absl::StatusOr<std::unique_ptr<storage::EventReader>> {
        return storage::SqliteEventReader::Open({.path = log_path_});
      },
      .progress = &progress_,
      .facts = &facts_,
      .quarantine = &quarantine_,
      .log_content = &log_content_});
}

storage::LogPosition ErasureScene::Append(const wire::LogRows& rows) {
  const auto* commit = std::get_if<wire::LoadCommit>(&rows.command);
  const auto* erasure = std::get_if<wire::CustomerErasure>(&rows.command);
  storage::LogBatch batch{
      .record = storage::NewRecord{.data_source = DataSourceOf(rows),
                                   .received_at_seconds = rows.received_at_seconds,
                                   .row_count = static_cast<uint32_t>(rows.size()),
                                   .payload = wire::EncodeLogRecord(rows),
                                   .load_id = rows.load_id,
                                   .commits_load = commit != nullptr ? commit->load_id : ""}};
  if (erasure != nullptr) {
    batch.tombstone = storage::Tombstone{.id_hash = "a hash", .erased_at_seconds = 1};
  }
  EXPECT_TRUE(
      queue_->RunOnWriter([&](storage::EventLog& log) { return log.Append({batch}).status(); })
          .ok());
  return log_->LastPosition();
}

void ErasureScene::Quarantine(const std::vector<storage::QuarantinedRow>& rows) {
  EXPECT_TRUE(queue_
                  ->RunOnWriter([&](storage::EventLog& log) {
                    return log.Append({{.quarantined = rows}}).status();
                  })
                  .ok());
}

void ErasureScene::Fold(storage::SqliteClvStore& store, storage::LogPosition through) {
  const aggregation::FoldOptions options{
      .reporting_currency = "USD",
      .read_log =
          [&](storage::LogPosition after) { return reader_->ReadAfter(after, kRowsPerRead); },
      .open_erasures = [&] { return reader_->OpenErasures(); }};
  while (store.Checkpoint().value() < through) {
    const auto transaction = store.Begin().value();
    const auto records = reader_->ReadAfter(transaction->checkpoint(), 5).value();
    std::vector<aggregation::LoggedRows> rows;
    for (const storage::LoggedRecord& record : records) {
      if (record.position <= through) rows.push_back(aggregation::DecodeRecord(record));
    }
    const auto counts = aggregation::Fold(rows, options, *transaction);
    ASSERT_TRUE(counts.ok()) << counts.status();
    ASSERT_TRUE(transaction->Commit(rows.back().position).ok());
  }
}

void ErasureScene::FoldThrough(storage::LogPosition through) {
  Fold(*store_, through);
  ASSERT_TRUE(store_->Scrub().ok());
}

absl::Status ErasureScene::Erase(storage::LogPosition position, int stop_at) {
  int questions = 0;
  return steps_->Run(
      position,
      {.is_stopping = [&] { return ++questions >= stop_at; },
       .progress = [&](double, const ErasureSteps::Counts& counts) { counts_ = counts; }});
}

std::string ErasureScene::StateOf(const std::string& clv_db_path) {
  std::string state;
  for (const char* table : {"customers", "purchases", "customer_clv_imports"}) {
    state += std::string(table) + "\n" +
             storage::DumpClvSql(clv_db_path, "SELECT * FROM " + std::string(table));
  }
  return state + "customer_clv\n" +
         storage::DumpRawSql(clv_db_path,
                             "SELECT customer_id, country, customer_segment, purchase_count, "
                             "total_spend_micros, first_purchase_date, last_purchase_date, "
                             "described, imported, gross_micros, updated_at FROM customer_clv "
                             "ORDER BY customer_id");
}

std::string ErasureScene::Replayed() {
  const std::string path = directory_.path() + "/replay" + std::to_string(replays_++) + ".db";
  const auto store = storage::SqliteClvStore::Open({.path = path}).value();
  EXPECT_TRUE(aggregation::AdoptReportingCurrency(*store, "USD").ok());
  Fold(*store, store_->Checkpoint().value());
  std::string state = StateOf(path);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  return state;
}

std::vector<wire::LogRows> ErasureScene::Records() const {
  std::vector<wire::LogRows> rows;
  storage::LogPosition at = log_->FirstRetainedPosition() - 1;
  while (at < log_->LastPosition()) {
    const std::vector<storage::LoggedRecord> records = reader_->ReadAfter(at, kRowsPerRead).value();
    for (const storage::LoggedRecord& record : records) {
      rows.push_back(wire::DecodeLogRecord(record.payload).value());
      EXPECT_EQ(record.row_count, rows.back().size());
      at = record.position;
    }
  }
  return rows;
}

std::vector<storage::QuarantinedRow> ErasureScene::Quarantined(
    domain::DataSource data_source) const {
  storage::SqliteQuarantineReader reader(log_path_);
  return reader.ListAfter(data_source, 0, 1'000).value();
}

bool ErasureScene::FilesHold(const std::string& text) const {
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (bytes.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace clv::ingest
