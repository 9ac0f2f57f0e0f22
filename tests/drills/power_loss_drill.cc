#include "tests/drills/power_loss_drill.h"

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/drills/breach.h"
#include "tests/drills/recorded_directory.h"
#include "tests/drills/requests.h"
#include "tests/drills/running_roles.h"
#include "tests/drills/site.h"

namespace clv::drills {
namespace {

using storage::LogPosition;

std::vector<const Request*> PointersTo(const std::vector<Request>& requests) {
  std::vector<const Request*> pointers;
  for (const Request& request : requests) pointers.push_back(&request);
  return pointers;
}

// Power losses while a run lasts, and the check of what they leave.
class PowerLosses {
 public:
  PowerLosses(std::string directory, uint64_t seed, int64_t one_in)
      : directory_(std::move(directory)), dice_(seed), one_in_(one_in) {
    RecordingDisk::Install().set_after_operation([this] { MayDrop(one_in_); });
    RecordingDisk::Install().set_before_sync([this] { MayDrop(one_in_ / 4); });
  }
  ~PowerLosses() { End(); }

  void Acknowledge(LogPosition position) { acknowledged_ = position; }
  void End() {
    RecordingDisk::Install().set_after_operation({});
    RecordingDisk::Install().set_before_sync({});
  }

  // Checks at most `images`.
  void Check(Book& book, int images, Found* found) {
    for (const Loss& loss : losses_) {
      if (images-- == 0) return;
      found->Add(Breach(loss.image, book, loss.acknowledged), book.RowsUntil(loss.acknowledged));
      std::filesystem::remove_all(loss.image);
      RecordingDisk::Install().Forget(loss.image);
    }
  }

 private:
  struct Loss {
    std::string image;
    LogPosition acknowledged = 0;
  };

  void MayDrop(int64_t one_in) {
    std::lock_guard lock(mutex_);
    if (!dice_.OneIn(one_in)) return;
    // First: what is acknowledged while the image is made may be missing in it.
    const LogPosition acknowledged = acknowledged_;
    losses_.push_back({directory_ + "/" + std::to_string(losses_.size()), acknowledged});
    RecordingDisk::Install().WritePowerLossImage(directory_, losses_.back().image, dice_);
  }

  const std::string directory_;
  std::mutex mutex_;
  properties::Dice dice_;  // guarded by mutex_, as losses_
  const int64_t one_in_;
  std::vector<Loss> losses_;
  std::atomic<LogPosition> acknowledged_ = 0;
};

// Sends the requests in turn until `ends` says so; acknowledgements go to `acknowledge`.
void RunInTurn(Site& site, const std::vector<Request>& requests, bool trims, properties::Dice& dice,
               const std::function<void(LogPosition)>& acknowledge,
               const std::function<bool()>& ends) {
  for (const Request& request : requests) {
    if (ends()) return;
    const auto positions = site.log().Append(request.write.batches);
    EXPECT_TRUE(positions.ok()) << positions.status();
    if (positions.ok()) acknowledge(positions->back());
    if (dice.OneIn(3)) {
      EXPECT_TRUE(site.FoldAll().ok());
    }
    if (dice.OneIn(5)) {
      EXPECT_TRUE(site.store().MakeDurable().ok());
    }
    if (trims && dice.OneIn(8)) {
      EXPECT_TRUE(site.Trim().ok());
    }
    if (dice.OneIn(10)) {
      EXPECT_TRUE(site.store().Scrub().ok());
    }
  }
}

void RunUnderThreads(const std::string& directory, const std::vector<Request>& requests, bool trims,
                     PowerLosses& losses) {
  const auto roles = RunningRoles::Start(directory, trims);
  ASSERT_TRUE(roles.ok()) << roles.status();
  std::mutex mutex;
  std::condition_variable answered;
  size_t answers = 0;  // guarded by mutex
  size_t sent = 0;
  const auto done = [&](const absl::StatusOr<ingest::Written>& written) {
    EXPECT_TRUE(written.ok()) << written.status();
    std::lock_guard lock(mutex);
    // In their order, and each is one record.
    losses.Acknowledge(++answers);
    answered.notify_one();
  };
  for (const Request& request : requests) {
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return sent - answers < 3; });
    ++sent;
    lock.unlock();
    EXPECT_TRUE((*roles)->queue().Submit(request.write, done).ok());
  }
  EXPECT_TRUE((*roles)->WaitUntilFolded(requests.size()));
}

}  // namespace

Found DropPower(uint64_t seed, int images) {
  properties::Dice dice(seed);
  Found found;
  while (found.checks < images) {
    const RecordedDirectory directory;
    const std::vector<Request> requests = RandomRequests(dice.Seed(), 12, 80);
    PowerLosses losses(directory.path(), dice.Seed(), 25);
    {
      const auto site = Site::Open(directory.path());
      EXPECT_TRUE(site.ok()) << site.status();
      RunInTurn(
          **site, requests, dice.OneIn(2), dice,
          [&](LogPosition position) { losses.Acknowledge(position); }, [] { return false; });
      losses.End();
    }
    Book book(PointersTo(requests));
    losses.Check(book, images - found.checks, &found);
  }
  return found;
}

Found DropPowerUnderThreads(uint64_t seed, int images) {
  properties::Dice dice(seed);
  Found found;
  while (found.checks < images) {
    const RecordedDirectory directory;
    const std::vector<Request> requests = RandomRequests(dice.Seed(), 12, 80);
    PowerLosses losses(directory.path(), dice.Seed(), 25);
    RunUnderThreads(directory.path(), requests, dice.OneIn(2), losses);
    losses.End();
    if (::testing::Test::HasFatalFailure()) return found;
    Book book(PointersTo(requests));
    losses.Check(book, images - found.checks, &found);
  }
  return found;
}

namespace {

// What is done in a directory that a killed process left.
absl::Status GoOnAfterKill(const std::string& directory, properties::Dice& dice) {
  if (dice.OneIn(2)) {
    // Ingest comes first, and trims by what it reads of the fold.
    auto log = storage::SqliteEventLog::Open({.path = LogPath(directory)});
    if (!log.ok()) return log.status();
    storage::SqliteFoldProgress progress({.path = StorePath(directory)});
    const auto folded = progress.DurablePosition();
    // No store yet.
    if (!folded.ok()) return absl::OkStatus();
    if (absl::Status trimmed = (*log)->TrimThrough(*folded); !trimmed.ok()) return trimmed;
    return (*log)->Scrub();
  }
  const auto next = Site::Open(directory);
  if (!next.ok()) return next.status();
  if (dice.OneIn(2)) {
    if (absl::Status folded = (*next)->FoldAll(); !folded.ok()) return folded;
  }
  return dice.OneIn(2) ? (*next)->Trim() : absl::OkStatus();
}

}  // namespace

Found DropPowerAfterKill(uint64_t seed, int kills) {
  properties::Dice dice(seed);
  RecordingDisk& disk = RecordingDisk::Install();
  Found found;
  while (found.checks < kills) {
    const RecordedDirectory directory;
    const std::string killed = directory.path() + "/killed";
    const std::string image = directory.path() + "/image";
    const std::vector<Request> requests = RandomRequests(dice.Seed(), 6, 20);
    LogPosition acknowledged = 0;
    LogPosition acknowledged_when_killed = 0;
    bool is_killed = false;
    {
      const auto site = Site::Open(directory.path());
      EXPECT_TRUE(site.ok()) << site.status();
      const bool before_sync = dice.OneIn(2);
      int64_t moments_left = dice.Below(before_sync ? 30 : 60);
      const auto may_kill = [&] {
        if (moments_left-- != 0) return;
        disk.WriteKillImage(directory.path(), killed);
        acknowledged_when_killed = acknowledged;
        is_killed = true;
      };
      before_sync ? disk.set_before_sync(may_kill) : disk.set_after_operation(may_kill);
      RunInTurn(
          **site, requests, dice.OneIn(2), dice,
          [&](LogPosition position) { acknowledged = position; }, [&] { return is_killed; });
      disk.set_after_operation({});
      disk.set_before_sync({});
    }
    if (!is_killed) continue;
    const absl::Status went_on = GoOnAfterKill(killed, dice);
    EXPECT_TRUE(went_on.ok()) << went_on;
    disk.WritePowerLossImage(killed, image, dice);
    Book book(PointersTo(requests));
    found.Add(Breach(image, book, acknowledged_when_killed),
              book.RowsUntil(acknowledged_when_killed));
  }
  return found;
}

}  // namespace clv::drills
