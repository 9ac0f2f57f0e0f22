// tests/drills/recording_disk.h: a disk that remembers what was written and what was synced, and
// what a power loss may leave of it.
//
// A SQLite VFS before the default one. Nothing is really synced: what counts is the record.
#ifndef CLV_TESTS_DRILLS_RECORDING_DISK_H_
#define CLV_TESTS_DRILLS_RECORDING_DISK_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/drills/fault_plan.h"
#include "tests/properties/dice.h"

namespace clv::drills {

// A change of a file that is not synced yet.
struct PendingChange {
  bool is_truncation = false;
  int64_t offset = 0;  // or the new size
  std::string bytes;
  bool is_lost = false;  // a failed sync took it for written: no later sync writes it
};

// A file's content, whatever its name is by now.
struct RecordedContent {
  std::string synced;
  std::vector<PendingChange> pending;
  bool syncs_directory = false;  // its first sync makes the names of files durable
};

// The one disk of the process. Thread-safe.
class RecordingDisk {
 public:
  using Names = std::map<std::string, std::shared_ptr<RecordedContent>>;

  // Makes the recording VFS the default of this process; call it before SQLite opens a file.
  static RecordingDisk& Install();

  // Called after every recorded write, truncation, sync and deletion, with the disk unlocked, on
  // the thread that made it; must not use SQLite on recorded files. Empty: nothing is called.
  void set_after_operation(std::function<void()> hook) { after_operation_ = std::move(hook); }

  // The same before every sync: where most is written and not synced.
  void set_before_sync(std::function<void()> hook) { before_sync_ = std::move(hook); }

  // Whether syncs count (true); a disk that ignores them is a seeded bug.
  void set_honours_sync(bool honours) { honours_sync_ = honours; }

  // Which operation on a recorded file fails; a write that does leaves its first half, and a sync
  // that does leaves what it was to sync to chance.
  FaultPlan& faults() { return faults_; }

  // Drops all that is recorded of the files below `directory`, which must be closed.
  void Forget(const std::string& directory);

  // Whether a failed sync marks what it did not write as written, as kernels do: later reads see
  // it, but no later sync writes it, unless its page is written to again (false).
  void set_forgets_failed_syncs(bool forgets) { forgets_failed_syncs_ = forgets; }

  // Writes what a power loss at this moment may leave of the files below `directory` into `image`:
  // all that was synced; each later change kept, dropped, or torn after some 512-byte sectors. A
  // page cache never writes an older version of a sector over a newer one, so every order in which
  // the disk may have written them is such a choice. Names that are not durable yet are all there
  // or all gone. The shared-memory index is not kept.
  void WritePowerLossImage(const std::string& directory, const std::string& image,
                           properties::Dice& dice);

  // Writes what a killed process leaves of the files below `directory` into `image`: all that was
  // written. What was not synced there is not synced in the image either.
  void WriteKillImage(const std::string& directory, const std::string& image);

  // For the VFS.
  std::shared_ptr<RecordedContent> Opened(const std::string& path, bool is_journal);
  void Wrote(RecordedContent& content, PendingChange change);
  void AboutToSync() {
    if (before_sync_) before_sync_();
  }
  size_t PendingOf(const RecordedContent& content);
  void Synced(RecordedContent& content, size_t changes);
  void FailedToSync(RecordedContent& content);
  void Deleted(const std::string& path, bool syncs_directory);

 private:
  void Tell() {
    if (after_operation_) after_operation_();
  }

  std::mutex mutex_;
  Names names_;
  Names durable_names_;
  bool honours_sync_ = true;
  std::atomic<bool> forgets_failed_syncs_ = false;
  FaultPlan faults_;
  std::function<void()> after_operation_;
  std::function<void()> before_sync_;
};

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_RECORDING_DISK_H_
