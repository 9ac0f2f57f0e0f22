// tests/services/ingest/erasure_scene.h: a log, the facts that are folded from it, and all that an
// erasure works on, in a temporary directory.
#ifndef CLV_TESTS_SERVICES_INGEST_ERASURE_SCENE_H_
#define CLV_TESTS_SERVICES_INGEST_ERASURE_SCENE_H_

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/event_reader.h"
#include "common/storage/sqlite/fold_progress.h"
#include "common/storage/sqlite/quarantine_reader.h"
#include "common/wire/log_codec.h"
#include "services/ingest/erasure_steps.h"
#include "services/ingest/write_queue.h"
#include "tests/services/ingest/temp_directory.h"

namespace clv::ingest {

// The customer who is erased.
inline constexpr char kCanary[] = "canary-person-7";

// Reads facts, but for the next so many times.
class FlakyReader final : public storage::ClvReader {
 public:
  explicit FlakyReader(std::string path) : reader_(std::move(path)) {}

  void FailNext(int times) { failures_ = times; }
  int failures_left() const { return failures_; }

  absl::StatusOr<std::unique_ptr<storage::ClvReadTransaction>> Read() override {
    if (failures_ > 0) {
      --failures_;
      return absl::UnavailableError("not now");
    }
    return reader_.Read();
  }

 private:
  storage::SqliteClvReader reader_;
  std::atomic<int> failures_ = 0;
};

class ErasureScene {
 public:
  // With kFolded the log is trimmed whenever the queue has something to do.
  explicit ErasureScene(LogRetention log_retention = LogRetention::kAll);

  // Appends a record and returns its position. An erasure gets a tombstone.
  storage::LogPosition Append(const wire::LogRows& rows);
  void Quarantine(const std::vector<storage::QuarantinedRow>& rows);

  // Folds up to `through`, and scrubs, so that the outcomes of erasures are known.
  void FoldThrough(storage::LogPosition through);
  void FoldAll() { FoldThrough(log_->LastPosition()); }

  // Runs the steps of the erasure at `position`; told to stop at the `stop_at`-th question.
  absl::Status Erase(storage::LogPosition position, int stop_at = 1'000'000);
  const ErasureSteps::Counts& counts() const { return counts_; }

  // All facts and values as text, receipt times included: as they are, and as they follow from the
  // whole log.
  std::string State() const { return StateOf(clv_path_); }
  std::string Replayed();

  // The retained records, decoded.
  std::vector<wire::LogRows> Records() const;
  std::vector<storage::QuarantinedRow> Quarantined(domain::DataSource data_source) const;
  // Whether any file in the directory holds a text.
  bool FilesHold(const std::string& text) const;

  storage::SqliteEventLog& log() { return *log_; }
  WriteQueue& queue() { return *queue_; }
  ErasureSteps& steps() { return *steps_; }
  FlakyReader& facts() { return facts_; }
  std::timed_mutex& log_content() { return log_content_; }
  const TempDirectory& directory() const { return directory_; }

 private:
  static std::string StateOf(const std::string& clv_db_path);
  void Fold(storage::SqliteClvStore& store, storage::LogPosition through);

  TempDirectory directory_;
  const std::string log_path_ = directory_.path() + "/event_log.db";
  const std::string clv_path_ = directory_.path() + "/clv.db";
  std::unique_ptr<storage::SqliteEventLog> log_;
  std::unique_ptr<storage::SqliteEventReader> reader_;
  std::unique_ptr<storage::SqliteClvStore> store_;
  FlakyReader facts_{clv_path_};
  storage::SqliteQuarantineReader quarantine_{log_path_};
  storage::SqliteFoldProgress progress_{{.path = clv_path_}};
  std::timed_mutex log_content_;
  std::unique_ptr<WriteQueue> queue_;
  std::unique_ptr<ErasureSteps> steps_;
  ErasureSteps::Counts counts_;
  int replays_ = 0;
};

}  // namespace clv::ingest

#endif  // CLV_TESTS_SERVICES_INGEST_ERASURE_SCENE_H_
