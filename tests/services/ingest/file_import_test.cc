#include "services/ingest/file_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "common/rpc/v0_reply.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/event_reader.h"
#include "common/storage/sqlite/job_store.h"
#include "common/storage/sqlite/quarantine_reader.h"
#include "tests/services/ingest/row_recorder.h"
#include "tests/services/ingest/temp_directory.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using ::testing::HasSubstr;

class FileImportTest : public ::testing::Test {
 protected:
  std::unique_ptr<FileImport> Begin(FileRequest request = {}) {
    return FileImport::Begin(std::move(request), {.queue = &queue_,
                                                  .jobs = jobs_.get(),
                                                  .clock = &SystemClock(),
                                                  .erased = &erased_,
                                                  .batch_rows = 10})
        .value();
  }

  static FileRequest Replace(const std::string& condition = "") {
    FileRequest request{.replaces = true};
    if (!condition.empty()) {
      request.replace_condition =
          domain::ParseRowCondition(DataSource::kCustomers, condition).value();
    }
    return request;
  }

  // Lines `c<first>` to `c<last>`.
  static std::string Ids(int first, int last) {
    std::string text;
    for (int i = first; i <= last; ++i) text += "c" + std::to_string(i) + "\n";
    return text;
  }

  std::vector<storage::LoggedRecord> Records() {
    return storage::SqliteEventReader::Open({.path = path_})
        .value()
        ->ReadAfter(0, 1'000'000)
        .value();
  }
  std::vector<storage::QuarantinedRow> Quarantined() {
    return storage::SqliteQuarantineReader(path_).List(DataSource::kCustomers, 1'000, 0).value();
  }

  // What persons' erasure does to the log.
  void Erase(const std::string& customer_id) {
    ASSERT_TRUE(queue_
                    .RunOnWriter([&](storage::EventLog& log) {
                      storage::LogBatch batch;
                      batch.tombstone = storage::Tombstone{erased_.HashOf(customer_id), 1};
                      erased_.Add(batch.tombstone->id_hash);
                      return log.Append({batch}).status();
                    })
                    .ok());
  }

  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/event_log.db";
  std::unique_ptr<storage::SqliteEventLog> log_ =
      storage::SqliteEventLog::Open({.path = path_}).value();
  ErasedCustomers erased_{log_->ErasureKey()};
  WriteQueue queue_{{.log = log_.get(), .clock = &SystemClock(), .erased = &erased_}};
  std::unique_ptr<storage::SqliteJobStore> job_store_ =
      storage::SqliteJobStore::Open(path_).value();
  std::unique_ptr<JobBoard> jobs_ =
      JobBoard::Open({.store = job_store_.get(), .clock = &SystemClock()}).value();
};

TEST_F(FileImportTest, AppendsInBatches) {
  const auto import = Begin();
  const std::string text = "customer_id\n" + Ids(1, 35) + "bad,line\n";
  ASSERT_TRUE(
      TakeInPieces([&](std::string_view piece) { return import->Take(piece); }, text, {11, 1, 40})
          .ok());
  const FileResult result = import->Finish().value();
  EXPECT_EQ(result.successful_rows, 35u);
  EXPECT_EQ(result.refused_rows, 1u);
  EXPECT_EQ(result.invalid_lines, 1u);
  EXPECT_EQ(result.position, 4u);
  EXPECT_EQ(result.data_source, DataSource::kCustomers);
  EXPECT_GE(result.ended_at_seconds, result.begun_at_seconds);
  const std::vector<storage::LoggedRecord> records = Records();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].row_count, 10u);
  EXPECT_EQ(records[3].row_count, 5u);
  const wire::LogRows last = wire::DecodeLogRecord(records[3].payload).value();
  EXPECT_EQ(last.customers[4].customer_id, "c35");
  EXPECT_EQ(last.load_id, "");
  ASSERT_EQ(Quarantined().size(), 1u);
  EXPECT_EQ(Quarantined()[0].import_id, result.import_id);
}

TEST_F(FileImportTest, KeepsBrokenCsvRowsInTheFormInWhichTheyCanBeSentAgain) {
  const auto import = Begin();
  ASSERT_TRUE(import->Take("customer_id;active\nc1;maybe\n").ok());
  ASSERT_TRUE(import->Finish().ok());
  ASSERT_EQ(Quarantined().size(), 1u);
  EXPECT_EQ(Quarantined()[0].raw, R"({"customer_id":"c1","active":"maybe"})");
}

TEST_F(FileImportTest, WhatWasAppendedBeforeAnErrorStays) {
  const auto import = Begin({.body = {.compression = Compression::kGzip}});
  EXPECT_TRUE(absl::IsInvalidArgument(import->Take("no gzip")));
  const auto plain = Begin({.body = {.content_type = "multipart/form-data; boundary=x"}});
  ASSERT_TRUE(
      plain->Take("--x\r\nContent-Disposition: form-data; name=csv\r\n\r\n" + Ids(1, 25)).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(plain->Finish().status()));
  plain->Abandon(absl::CancelledError("cut"));
  EXPECT_GE(plain->appended_rows(), 10u);
  EXPECT_FALSE(Records().empty());
}

TEST_F(FileImportTest, AReplacementIsStagedAndThenCountsInOneRecord) {
  const auto import = Begin(Replace("customer_id != 'keep'"));
  ASSERT_TRUE(import->Take("customer_id\n" + Ids(1, 15) + "keep\n").ok());
  const FileResult result = import->Finish().value();
  EXPECT_EQ(result.successful_rows, 15u);
  EXPECT_EQ(result.refused_rows, 1u);
  const std::vector<storage::LoggedRecord> records = Records();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(result.position, 3u);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(wire::DecodeLogRecord(records[i].payload).value().load_id, result.import_id);
  }
  const wire::LogRows commit = wire::DecodeLogRecord(records[2].payload).value();
  EXPECT_TRUE(commit.wants_outcome);
  const auto& load = std::get<wire::LoadCommit>(commit.command);
  EXPECT_EQ(load.load_id, result.import_id);
  EXPECT_EQ(load.first_position, 1u);
  EXPECT_EQ(load.replaces.data_source, DataSource::kCustomers);
  EXPECT_EQ(load.replaces.condition,
            domain::ParseRowCondition(DataSource::kCustomers, "customer_id != 'keep'").value());
  EXPECT_EQ(records[2].row_count, 0u);
  EXPECT_THAT(Quarantined().at(0).error, HasSubstr("want a row that meets replace_condition"));
  import->Abandon(absl::CancelledError("cut"));
  EXPECT_EQ(Quarantined().size(), 1u);
}

TEST_F(FileImportTest, AReplacementWithoutRowsReplacesByNothing) {
  const auto import = Begin(Replace());
  ASSERT_TRUE(import->Take("customer_id\n").ok());
  EXPECT_EQ(import->Finish().value().position, 1u);
  const wire::LogRows commit = wire::DecodeLogRecord(Records().at(0).payload).value();
  EXPECT_EQ(std::get<wire::LoadCommit>(commit.command).first_position, 0u);
  EXPECT_FALSE(std::get<wire::LoadCommit>(commit.command).replaces.condition.has_value());
}

TEST_F(FileImportTest, AReplacementThatIsAbandonedHasNotHappened) {
  const auto import = Begin(Replace());
  ASSERT_TRUE(import->Take("customer_id\n" + Ids(1, 12) + "bad,line\n" + Ids(1, 12)).ok());
  import->Abandon(absl::CancelledError("cut"));
  import->Abandon(absl::CancelledError("cut"));
  EXPECT_TRUE(Quarantined().empty());
  for (const storage::LoggedRecord& record : Records()) {
    EXPECT_NE(wire::DecodeLogRecord(record.payload).value().load_id, "");
  }
  // Nothing holds the log any more.
  ASSERT_TRUE(log_->TrimThrough(log_->LastPosition()).ok());
  EXPECT_EQ(log_->FirstRetainedPosition(), 0u);
}

TEST_F(FileImportTest, AReplacementIsAbortedWhenACustomerIsErasedMeanwhile) {
  const auto import = Begin(Replace());
  ASSERT_TRUE(import->Take("customer_id\n" + Ids(1, 25)).ok());
  Erase("somebody");
  const absl::StatusOr<FileResult> result = import->Finish();
  EXPECT_TRUE(absl::IsAborted(result.status())) << result.status();
  EXPECT_EQ(rpc::HttpStatusOf(result.status()), 409);
  import->Abandon(absl::CancelledError("cut"));
  for (const storage::LoggedRecord& record : Records()) {
    EXPECT_TRUE(std::holds_alternative<std::monostate>(
        wire::DecodeLogRecord(record.payload).value().command));
  }
  // The same again goes through.
  const auto again = Begin(Replace());
  ASSERT_TRUE(again->Take("customer_id\nsomebody\n" + Ids(1, 25)).ok());
  const FileResult second = again->Finish().value();
  EXPECT_EQ(second.successful_rows, 25u);
  EXPECT_EQ(second.refused_rows, 1u);
}

TEST_F(FileImportTest, AppendingGoesOnWhenACustomerIsErasedMeanwhile) {
  const auto import = Begin();
  ASSERT_TRUE(import->Take("customer_id\n" + Ids(1, 15)).ok());
  Erase("c14");
  ASSERT_TRUE(import->Take("c14\n").ok());
  const FileResult result = import->Finish().value();
  EXPECT_EQ(result.successful_rows, 14u);
  EXPECT_EQ(result.refused_rows, 2u);
  EXPECT_EQ(log_->erased_counts().refused_rows, 2u);
}

TEST_F(FileImportTest, AReplacementByBadRowsOnlyIsRefused) {
  const auto import = Begin(Replace());
  ASSERT_TRUE(import->Take("customer_id,active\n,1\nc1,maybe\n").ok());
  const absl::StatusOr<FileResult> result = import->Finish();
  EXPECT_TRUE(absl::IsInvalidArgument(result.status()));
  EXPECT_EQ(
      std::string(result.status().message()),
      "no row of the file is valid, so nothing was replaced; row 0: customer_id: got nothing, "
      "want a value");
  import->Abandon(absl::CancelledError("cut"));
  EXPECT_TRUE(Records().empty());
  EXPECT_TRUE(Quarantined().empty());
}

TEST_F(FileImportTest, AJobTellsHowFarItIs) {
  const auto import = Begin();
  const auto job = [&] { return jobs_->ListJobs(1).at(0); };
  EXPECT_EQ(job().kind(), v1::JOB_KIND_IMPORT);
  EXPECT_EQ(job().state(), v1::JOB_STATE_WORKING);
  EXPECT_EQ(job().data_source(), "customers");
  ASSERT_TRUE(import->Take("customer_id\n" + Ids(1, 25)).ok());
  // The second batch is on its way.
  EXPECT_EQ(job().successful_rows(), 10u);
  EXPECT_LT(job().progress(), 1);
  ASSERT_TRUE(import->Take("bad,line\n").ok());
  const FileResult result = import->Finish().value();
  EXPECT_EQ(job().job_id(), result.import_id);
  EXPECT_EQ(job().state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(job().progress(), 1);
  EXPECT_EQ(job().successful_rows(), 25u);
  EXPECT_EQ(job().quarantined_rows(), 1u);
  EXPECT_EQ(job().invalid_lines(), 1u);
  EXPECT_EQ(job().folded_position(), result.position);
  // What came to nothing was not.
  import->Abandon(absl::CancelledError("cut"));
  EXPECT_EQ(job().state(), v1::JOB_STATE_DONE);
}

TEST_F(FileImportTest, TheJobOfAnAbandonedFileTellsWhyAndWhatStays) {
  for (const bool replaces : {false, true}) {
    const auto import = Begin(replaces ? Replace() : FileRequest());
    ASSERT_TRUE(import->Take("customer_id\n" + Ids(1, 25)).ok());
    import->Abandon(absl::CancelledError("cut"));
    const v1::Job job = jobs_->ListJobs(1).at(0);
    EXPECT_EQ(job.state(), v1::JOB_STATE_ERROR);
    EXPECT_EQ(job.error(), "cut");
    EXPECT_EQ(job.successful_rows(), replaces ? 0u : 10u);
  }
}

TEST_F(FileImportTest, NothingIsReplacedWhenItCannotBeNoted) {
  int calls = 0;
  for (const bool replaces : {false, true}) {
    const auto import = FileImport::Begin(replaces ? Replace() : FileRequest(),
                                          {.queue = &queue_,
                                           .jobs = jobs_.get(),
                                           .clock = &SystemClock(),
                                           .before_replacing =
                                               [&calls] {
                                                 ++calls;
                                                 return absl::UnavailableError("no audit log");
                                               }})
                            .value();
    ASSERT_TRUE(import->Take("customer_id\n" + Ids(1, 5)).ok());
    EXPECT_EQ(import->Finish().status().message(), replaces ? "no audit log" : "");
    import->Abandon(absl::UnavailableError("no audit log"));
    EXPECT_EQ(calls, replaces ? 1 : 0);
  }
  for (const storage::LoggedRecord& record : Records()) {
    EXPECT_TRUE(std::holds_alternative<std::monostate>(
        wire::DecodeLogRecord(record.payload).value().command));
  }
}

TEST_F(FileImportTest, AnEmptyFileIsRefused) {
  for (const char* text : {"", "\n\n"}) {
    for (const bool replaces : {false, true}) {
      const auto import = Begin(replaces ? Replace() : FileRequest());
      ASSERT_TRUE(import->Take(text).ok());
      const absl::StatusOr<FileResult> result = import->Finish();
      EXPECT_EQ(rpc::HttpStatusOf(result.status()), 400);
      EXPECT_THAT(std::string(result.status().message()), HasSubstr("the file is empty"));
    }
  }
  EXPECT_EQ(log_->LastPosition(), 0u);
}

TEST_F(FileImportTest, AFileOfTheWrongKindIsNotReadToItsEnd) {
  const auto import =
      FileImport::Begin({.kind = FileKind::kJson},
                        {.queue = &queue_, .jobs = jobs_.get(), .clock = &SystemClock()})
          .value();
  std::string lines;
  for (int i = 0; i < 1'000; ++i) lines += "c1,x\n";
  absl::Status status;
  int pieces = 0;
  while (status.ok() && ++pieces < 1'000) status = import->Take(lines);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("rows are all refused"));
  EXPECT_LT(pieces, 200);
}

TEST_F(FileImportTest, EndsWithTheErrorOfTheQueue) {
  const auto import = Begin(Replace());
  queue_.Drain();
  EXPECT_TRUE(absl::IsUnavailable(import->Take("customer_id\n" + Ids(1, 25))));
  import->Abandon(absl::CancelledError("cut"));
}

// Takes appends and keeps nothing, so that only the import's own memory counts.
class EmptyLog final : public storage::EventLog {
 public:
  absl::StatusOr<std::vector<storage::LogPosition>> Append(
      const std::vector<storage::LogBatch>& batches) override {
    std::vector<storage::LogPosition> positions;
    for (const storage::LogBatch& batch : batches) {
      positions.push_back(batch.record ? ++last_ : 0);
      rows_ += batch.record ? batch.record->row_count : 0;
    }
    return positions;
  }
  uint64_t rows() const { return rows_; }

  absl::Status TrimThrough(storage::LogPosition) override { return absl::OkStatus(); }
  storage::LogPosition LoadStart(const std::string&) const override { return 1; }
  absl::Status AbandonLoad(const std::string&) override { return absl::OkStatus(); }
  absl::Status ReplaceRecords(const std::vector<storage::RewrittenRecord>&) override {
    return absl::OkStatus();
  }
  std::vector<storage::LogPosition> OpenErasures() const override { return {}; }
  absl::Status FinishErasure(const storage::RewrittenRecord&) override { return absl::OkStatus(); }
  absl::StatusOr<uint64_t> RemoveQuarantined(
      DataSource, const std::function<bool(const storage::QuarantinedRow&)>&) override {
    return 0;
  }
  absl::Status LimitQuarantine(int64_t, uint64_t) override { return absl::OkStatus(); }
  absl::Status Scrub() override { return absl::OkStatus(); }
  storage::LogPosition LastPosition() const override { return last_; }
  storage::LogPosition FirstRetainedPosition() const override { return 0; }
  std::map<DataSource, storage::QuarantineCounts> quarantine_counts() const override { return {}; }
  std::string ErasureKey() const override { return "k"; }
  absl::StatusOr<std::vector<std::string>> ErasedHashes() override {
    return std::vector<std::string>();
  }
  storage::ErasedCounts erased_counts() const override { return {}; }
  uint64_t SizeBytes() const override { return 0; }

 private:
  std::atomic<uint64_t> last_ = 0;
  std::atomic<uint64_t> rows_ = 0;
};

// The greatest resident size that this process ever had.
int64_t PeakBytes() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1'024;
  }
  ADD_FAILURE() << "no VmHWM";
  return 0;
}

TEST(FileImportMemoryTest, DoesNotGrowWithTheFile) {
  TempDirectory directory;
  const auto job_store = storage::SqliteJobStore::Open(directory.path() + "/event_log.db").value();
  const auto jobs = JobBoard::Open({.store = job_store.get(), .clock = &SystemClock()}).value();
  EmptyLog log;
  WriteQueue queue({.log = &log, .clock = &SystemClock()});
  std::string piece;
  uint64_t rows = 0;
  for (; piece.size() < (1 << 20); ++rows) {
    piece += "p" + std::to_string(rows) + ",c" + std::to_string(rows % 1'000) +
             ",12.50,2023-01-16 14:20:00,prod789,Premium Subscription,Subscription,Card,USD,\n";
  }
  // Every byte in a quarantine takes many more bytes than its text, so half of the lines are bad.
  std::string bad(piece);
  for (size_t at = bad.find(",12.50"); at != std::string::npos; at = bad.find(",12.50", at + 6)) {
    bad[at + 1] = 'x';
  }
  const auto import =
      FileImport::Begin({.data_source = DataSource::kPurchases, .replaces = true},
                        {.queue = &queue, .jobs = jobs.get(), .clock = &SystemClock()})
          .value();
  const auto send = [&](int pieces) {
    for (int i = 0; i < pieces; ++i) {
      ASSERT_TRUE(import->Take(i % 2 == 0 ? piece : bad).ok());
    }
  };
  send(20);
  const int64_t before = PeakBytes();
  send(100);
  EXPECT_LT(PeakBytes() - before, 24 << 20);
  const FileResult result = import->Finish().value();
  EXPECT_EQ(result.successful_rows, 60 * rows);
  EXPECT_EQ(result.refused_rows, 60 * rows);
  EXPECT_EQ(log.rows(), 60 * rows);
}

}  // namespace
}  // namespace clv::ingest
