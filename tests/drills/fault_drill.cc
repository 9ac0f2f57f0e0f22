#include "tests/drills/fault_drill.h"

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/drills/breach.h"
#include "tests/drills/recorded_directory.h"
#include "tests/drills/requests.h"
#include "tests/drills/running_roles.h"
#include "tests/drills/site.h"
#include "tests/drills/stubborn_client.h"

namespace clv::drills {
namespace {

using storage::LogPosition;

// Errors after which a fault that would last for ever is lifted.
constexpr int kErrorsBorne = 4;

// A process that works in turn, and is started again after some of its errors.
class Process {
 public:
  Process(std::string directory, uint64_t seed, const Fault& fault)
      : directory_(std::move(directory)), dice_(seed), fault_(fault) {}

  void CountError() {
    if (++errors_ >= kErrorsBorne) Lift();
    if (dice_.OneIn(2)) site_.reset();
  }

  absl::StatusOr<LogPosition> Append(const Request& request) {
    if (absl::Status opened = Open(); !opened.ok()) return opened;
    const auto positions = site_->log().Append(request.write.batches);
    if (!positions.ok()) return positions.status();
    return positions->back();
  }

  // Something besides appending.
  void Work() {
    const int64_t kind = dice_.Below(12);
    if (kind > 5) return;
    if (!Open().ok()) return CountError();
    if (kind < 4) return CountErrorOf(site_->FoldSome(30).status());
    if (kind == 4) {
      CountErrorOf(site_->store().MakeDurable());
      return site_ != nullptr ? CountErrorOf(site_->Trim()) : void();
    }
    CountErrorOf(dice_.OneIn(2) ? site_->store().Scrub() : site_->log().Scrub());
  }

  // Whether the fault was met, now or before.
  bool Lift() {
    was_met_ = fault_.lift() || was_met_;
    return was_met_;
  }

  void End() { site_.reset(); }
  int64_t errors() const { return errors_; }

 private:
  absl::Status Open() {
    if (site_ != nullptr) return absl::OkStatus();
    auto opened = Site::Open(directory_);
    if (opened.ok()) site_ = *std::move(opened);
    return opened.status();
  }

  void CountErrorOf(const absl::Status& status) {
    if (!status.ok()) CountError();
  }

  const std::string directory_;
  properties::Dice dice_;
  const Fault& fault_;
  bool was_met_ = false;
  std::unique_ptr<Site> site_;
  int64_t errors_ = 0;
};

void Check(const std::string& directory, const StubbornClient& client, int64_t nth,
           FaultsFound* found) {
  Book book(client.in_log_order());
  std::string breach = client.breach();
  if (breach.empty()) breach = Breach(directory, book, client.acknowledged());
  if (!breach.empty()) breach += " (operation " + std::to_string(nth) + ")";
  found->Add(breach, breach.empty() ? book.RowsUntil(client.acknowledged()) : 0);
  found->landed_failures += client.landed_failures();
}

// One run; whether the fault was met.
bool FailNth(const Fault& fault, uint64_t seed, int64_t nth, FaultsFound* found) {
  const RecordedDirectory directory;
  properties::Dice dice(seed);
  const std::vector<Request> requests = RandomRequests(dice.Seed(), 6, 15);
  Process process(directory.path(), dice.Seed(), fault);
  StubbornClient client([&] { process.CountError(); });
  fault.arm(nth);
  for (const Request& request : requests) {
    client.Send(request, [&](const Request& sent) { return process.Append(sent); });
    process.Work();
  }
  const bool is_met = process.Lift();
  const std::string image = directory.path() + "/image";
  RecordingDisk::Install().WritePowerLossImage(directory.path(), image, dice);
  process.End();
  found->errors += process.errors();
  Check(directory.path(), client, nth, found);
  if (is_met) Check(image, client, nth, found);
  return is_met;
}

}  // namespace

Fault DiskFault(DiskOperation operation, bool for_ever, int code, bool forgets) {
  RecordingDisk& disk = RecordingDisk::Install();
  const auto arm = [=, &disk](int64_t nth) {
    disk.set_forgets_failed_syncs(forgets);
    disk.faults().Arm(operation, nth, for_ever, code);
  };
  const auto lift = [&disk] {
    disk.faults().Disarm();
    return disk.faults().has_fired();
  };
  return {.arm = arm, .lift = lift};
}

FaultsFound FailInTurn(const Fault& fault, uint64_t seed, int64_t step) {
  FaultsFound found;
  int64_t nth = 1;
  while (FailNth(fault, seed, nth, &found)) nth += step;
  return found;
}

FaultsFound FailUnderThreads(const Fault& fault, uint64_t seed, int64_t most, int runs) {
  properties::Dice dice(seed);
  FaultsFound found;
  for (int run = 0; run < runs; ++run) {
    const RecordedDirectory directory;
    const std::vector<Request> requests = RandomRequests(dice.Seed(), 6, 15);
    const int64_t nth = 1 + dice.Below(most);
    StubbornClient client([&] {
      if (client.failures() >= kErrorsBorne) fault.lift();
    });
    {
      fault.arm(nth);
      auto roles = RunningRoles::Start(directory.path(), dice.OneIn(2));
      if (!roles.ok()) {
        // Who starts processes starts them again.
        ++found.errors;
        fault.lift();
        roles = RunningRoles::Start(directory.path(), dice.OneIn(2));
      }
      EXPECT_TRUE(roles.ok()) << roles.status();
      if (!roles.ok()) return found;
      for (const Request& request : requests) {
        client.Send(request, [&](const Request& sent) -> absl::StatusOr<LogPosition> {
          std::promise<absl::StatusOr<ingest::Written>> answer;
          EXPECT_TRUE(
              (*roles)
                  ->queue()
                  .Submit(sent.write, [&](const auto& written) { answer.set_value(written); })
                  .ok());
          const auto written = answer.get_future().get();
          if (!written.ok()) return written.status();
          return written->position;
        });
      }
      fault.lift();
      EXPECT_TRUE((*roles)->WaitUntilFolded(client.acknowledged()));
      EXPECT_EQ((*roles)->worker().stopped_because(), "");
    }
    found.errors += client.failures();
    Check(directory.path(), client, nth, &found);
  }
  return found;
}

}  // namespace clv::drills
