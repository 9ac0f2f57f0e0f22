#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "services/aggregation/recompute.h"
#include "services/aggregation/worker.h"
#include "tests/common/storage/temp_directory.h"
#include "tests/drills/breach.h"
#include "tests/drills/requests.h"
#include "tests/drills/site.h"
#include "tests/drills/zombie_drill.h"
#include "tests/properties/dice.h"

namespace clv::drills {
namespace {

constexpr int kProcesses = 4;
constexpr int kAtWork = 2;

[[noreturn]] void FoldForEver(const std::string& directory) {
  std::unique_ptr<storage::SqliteClvStore> store;
  while (store == nullptr) {
    auto opened = storage::SqliteClvStore::Open({.path = StorePath(directory), .cache_kib = 1'024});
    if (opened.ok() && aggregation::AdoptReportingCurrency(**opened, "USD").ok()) {
      store = *std::move(opened);
    }
  }
  const auto open_log = [&]() -> absl::StatusOr<std::unique_ptr<storage::EventReader>> {
    return storage::SqliteEventReader::Open({.path = LogPath(directory)});
  };
  aggregation::Worker worker({.store = store.get(), .open_log = open_log, .max_rows_per_fold = 15});
  worker.Start();
  while (true) ::pause();
}

// Worker processes, of which some are at work and the others wait, stopped. All begin before this
// process opens a database: SQLite cannot be carried into a child.
class WorkerProcesses {
 public:
  explicit WorkerProcesses(const std::string& directory) {
    for (int i = 0; i < kProcesses; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        FoldForEver(directory);
      }
      EXPECT_GT(child, 0);
      children_.push_back(child);
      if (i >= kAtWork) ::kill(child, SIGSTOP);
    }
  }
  ~WorkerProcesses() {
    while (!children_.empty()) KillFirst();
  }

  // Stops one that is at work for a while, or kills it for good while there are others.
  void Disturb(properties::Dice& dice) {
    if (dice.OneIn(12) && children_.size() > kAtWork) {
      KillFirst();
      ::kill(children_[kAtWork - 1], SIGCONT);
      return;
    }
    const pid_t child = children_[static_cast<size_t>(dice.Below(kAtWork))];
    ::kill(child, SIGSTOP);
    std::this_thread::sleep_for(std::chrono::milliseconds(dice.Below(8)));
    // It goes on after the other one has.
    ::kill(child, SIGCONT);
  }

 private:
  void KillFirst() {
    ::kill(children_.front(), SIGKILL);
    ::waitpid(children_.front(), nullptr, 0);
    children_.erase(children_.begin());
  }

  std::vector<pid_t> children_;
};

}  // namespace

Found StopAndResumeProcesses(uint64_t seed, int runs) {
  properties::Dice dice(seed);
  Found found;
  while (found.checks < runs) {
    const TempDirectory directory;
    const std::vector<Request> requests = RandomRequests(dice.Seed(), 10, 80);
    std::vector<const Request*> in_log_order;
    {
      WorkerProcesses workers(directory.path());
      auto log = storage::SqliteEventLog::Open({.path = LogPath(directory.path())});
      EXPECT_TRUE(log.ok()) << log.status();
      for (const Request& request : requests) {
        const auto positions = (*log)->Append(request.write.batches);
        EXPECT_TRUE(positions.ok()) << positions.status();
        in_log_order.push_back(&request);
        workers.Disturb(dice);
      }
      storage::SqliteFoldProgress progress({.path = StorePath(directory.path())});
      EXPECT_TRUE(progress.WaitUntilFolded(requests.size(), std::chrono::seconds(60)));
    }
    Book book(std::move(in_log_order));
    found.Add(Breach(directory.path(), book, requests.size()), book.RowsUntil(requests.size()));
  }
  return found;
}

}  // namespace clv::drills
