#include "tests/drills/zombie_drill.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "services/aggregation/recompute.h"
#include "services/aggregation/worker.h"
#include "tests/common/storage/temp_directory.h"
#include "tests/drills/breach.h"
#include "tests/drills/requests.h"
#include "tests/drills/site.h"
#include "tests/properties/dice.h"

namespace clv::drills {
namespace {

constexpr std::chrono::seconds kPatience(60);

// Where a worker pauses, each time that it has read something.
class Pause {
 public:
  // For the worker.
  void Meet() {
    std::unique_lock lock(mutex_);
    ++meetings_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
  }

  void WaitForMeetings(int meetings) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return meetings_ >= meetings; }));
  }

  void Open() {
    std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int meetings_ = 0;
  bool is_open_ = false;
};

// A real reader that pauses after every read.
class PausingReader final : public storage::EventReader {
 public:
  PausingReader(std::unique_ptr<storage::EventReader> reader, Pause* pause)
      : reader_(std::move(reader)), pause_(pause) {}

  absl::StatusOr<std::vector<storage::LoggedRecord>> ReadAfter(storage::LogPosition after,
                                                               uint64_t max_rows) override {
    auto records = reader_->ReadAfter(after, max_rows);
    pause_->Meet();
    return records;
  }
  absl::StatusOr<storage::LogLag> LagAfter(storage::LogPosition after) override {
    return reader_->LagAfter(after);
  }
  absl::StatusOr<std::vector<storage::LogPosition>> OpenErasures() override {
    return reader_->OpenErasures();
  }
  void WaitForAppend(std::chrono::milliseconds timeout) override {
    reader_->WaitForAppend(timeout);
  }

 private:
  const std::unique_ptr<storage::EventReader> reader_;
  Pause* const pause_;
};

// A worker with a store object of its own, as a second process would have.
class LoneWorker {
 public:
  LoneWorker(const std::string& directory, Pause* pause) {
    auto store = storage::SqliteClvStore::Open({.path = StorePath(directory), .cache_kib = 1'024});
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    const auto open_log = [=]() -> absl::StatusOr<std::unique_ptr<storage::EventReader>> {
      auto reader = storage::SqliteEventReader::Open({.path = LogPath(directory)});
      if (!reader.ok() || pause == nullptr) return reader;
      return std::make_unique<PausingReader>(*std::move(reader), pause);
    };
    worker_ = std::make_unique<aggregation::Worker>(aggregation::Worker::Options{
        .store = store_.get(), .open_log = open_log, .max_rows_per_fold = 25});
    worker_->Start();
  }

  std::string stopped_because() const { return worker_->stopped_because(); }

 private:
  std::unique_ptr<storage::SqliteClvStore> store_;
  std::unique_ptr<aggregation::Worker> worker_;
};

struct Scene {
  explicit Scene(uint64_t seed) : requests(RandomRequests(seed, 10, 60)) {
    auto opened = Site::Open(directory.path());
    EXPECT_TRUE(opened.ok()) << opened.status();
    site = *std::move(opened);
  }

  // Appends requests until there are `count` in the log.
  void AppendUntil(size_t count) {
    for (; sent < count; ++sent) {
      EXPECT_TRUE(site->log().Append(requests[sent].write.batches).ok());
    }
  }

  void WaitUntilFolded() const {
    storage::SqliteFoldProgress progress({.path = StorePath(directory.path())});
    EXPECT_TRUE(progress.WaitUntilFolded(sent, kPatience));
  }

  void Check(Found* found) {
    site.reset();
    std::vector<const Request*> in_log_order;
    for (const Request& request : requests) in_log_order.push_back(&request);
    Book book(std::move(in_log_order));
    found->Add(Breach(directory.path(), book, sent), book.RowsUntil(sent));
  }

  const TempDirectory directory;
  const std::vector<Request> requests;
  std::unique_ptr<Site> site;
  size_t sent = 0;
};

}  // namespace

Found ResumeAfterAnotherMovedOn(uint64_t seed, int runs) {
  properties::Dice dice(seed);
  Found found;
  while (found.checks < runs) {
    Scene scene(dice.Seed());
    const auto size = static_cast<int64_t>(scene.requests.size());
    scene.AppendUntil(static_cast<size_t>(1 + dice.Below(size)));
    Pause pause;
    {
      const LoneWorker zombie(scene.directory.path(), &pause);
      pause.WaitForMeetings(1);
      scene.AppendUntil(scene.requests.size());
      {
        const LoneWorker other(scene.directory.path(), nullptr);
        scene.WaitUntilFolded();
      }
      pause.Open();
      // It has folded what it held, or learnt that it must not.
      pause.WaitForMeetings(2);
      scene.WaitUntilFolded();
      EXPECT_EQ(zombie.stopped_because(), "");
    }
    scene.Check(&found);
  }
  return found;
}

Found FoldByTwoWorkers(uint64_t seed, int runs) {
  properties::Dice dice(seed);
  Found found;
  while (found.checks < runs) {
    Scene scene(dice.Seed());
    {
      const LoneWorker one(scene.directory.path(), nullptr);
      const LoneWorker other(scene.directory.path(), nullptr);
      scene.AppendUntil(scene.requests.size());
      scene.WaitUntilFolded();
      EXPECT_EQ(one.stopped_because() + other.stopped_because(), "");
    }
    scene.Check(&found);
  }
  return found;
}

}  // namespace clv::drills
