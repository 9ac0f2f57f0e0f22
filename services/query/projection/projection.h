// services/query/projection/projection.h: keeps a projection current.
#ifndef CLV_SERVICES_QUERY_PROJECTION_PROJECTION_H_
#define CLV_SERVICES_QUERY_PROJECTION_PROJECTION_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/other_thread.h"
#include "common/base/shown_number.h"
#include "common/storage/coming_changes.h"
#include "common/storage/projection_source.h"
#include "services/query/projection/follow_pace.h"
#include "services/query/projection/projection_builder.h"
#include "services/query/projection/projection_size.h"
#include "services/query/projection/projection_version.h"

namespace clv::query {

// Thread-safe. A thread of its own applies what is committed, most of it before it is announced;
// who needs a newer version than it has made yet applies it at once. Where the folds of the same
// process tell what they change, another thread applies one while it is under way, if somebody has
// asked since the one before. Readers keep the version that
// they got as long as they like, and nobody waits for them.
class Projection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  struct Options {
    // Where a version is kept for the next start; empty: nowhere.
    std::string snapshot_path;
    // Where the aggregation is shown the log position of the last version, or while nobody asks the
    // greatest number; empty: nowhere.
    std::string position_path;
    // Of an aggregation in the same process, else null; must outlive the projection, which stops
    // it.
    storage::ComingChanges* coming = nullptr;
    // Fewer are read from the store as fast.
    uint32_t least_customers_in_snapshot = 20'000;
  };

  Projection(std::unique_ptr<storage::ProjectionSource> source,
             std::unique_ptr<storage::ChangeWatch> watch, Options options);
  // Without a snapshot.
  Projection(std::unique_ptr<storage::ProjectionSource> source,
             std::unique_ptr<storage::ChangeWatch> watch)
      : Projection(std::move(source), std::move(watch), Options()) {}
  // Keeps the last version in the snapshot.
  ~Projection();

  // The newest version that is made, if it holds every change announced before the call, else one
  // with all that is committed. UNAVAILABLE while there is no store yet, DEADLINE_EXCEEDED when it
  // cannot be made in time.
  absl::StatusOr<std::shared_ptr<const ProjectionVersion>> Newest(Deadline deadline);
  // A version that holds every change committed before the call; the same errors.
  absl::StatusOr<std::shared_ptr<const ProjectionVersion>> WithAllCommitted(Deadline deadline);

  // Whether nothing was committed since the state of a version that Newest gave.
  bool IsNewest(const ProjectionVersion& version);

  // Whether Newest takes about a millisecond at most, going by the last apply or the calm since.
  bool IsQuick() const { return is_quick_; }

  // `loaded` is called, on any thread, with the serial of each later version that is made from
  // nothing: what was taken from those before may name customers who were erased. Call once.
  void OnLoad(std::function<void(uint64_t serial)> loaded);

  // Of what is there now; goes through all chunks.
  ProjectionSize Size();

 private:
  // The last version, and the number of the apply that made it.
  struct Published {
    std::shared_ptr<const ProjectionVersion> version;
    int64_t watched = -1;  // the watch's version from before it was read
    uint64_t apply = 0;
  };
  Published LastPublished();
  // Returns the last version where `suffices` says so of it, else applies what there is.
  absl::StatusOr<std::shared_ptr<const ProjectionVersion>> LastOrNext(
      Deadline deadline,
      absl::FunctionRef<absl::StatusOr<bool>(const ProjectionVersion&)> suffices);
  // What the snapshot holds: the last change, and the scoring.
  struct InSnapshot {
    uint64_t change = 0;
    std::optional<storage::ScoringState> scoring;

    bool operator==(const InSnapshot&) const = default;
  };
  InSnapshot LastInSnapshot();
  void SetInSnapshot(const ProjectionVersion& version);
  // With apply_mutex_ held, as the next. `is_asked_for`: else it may leave all as it is.
  absl::Status Apply(bool is_asked_for);
  // Of a thread of its own: makes versions of folds that are under way.
  void Foresee();
  void ForeseeFold(const storage::ComingChanges::Fold& fold);
  void Publish(Published next, bool is_load);
  void StartFromSnapshot(const storage::ProjectionReading& reading);
  // Of the follower, and of nobody when it has ended.
  void KeepSnapshot();
  bool IsTimeForSnapshot() const;
  void Follow();
  // What a try of the follower has come to.
  struct Followed {
    absl::Status status;
    bool has_applied = false;
    bool were_many = false;
  };
  Followed TryToFollow(bool is_time_for_many);
  // What the aggregation is shown.
  void ShowPosition();
  // Frees what versions that are not published any more were the last to hold: takes a while, and
  // nobody is to wait for it.
  void FreeRetired();
  // Once, of the first version: scores everybody for the tables that this leaves in the model. One
  // from a snapshot has scores without them, and applies would make them while somebody waits.
  void WarmUp();
  // Returns false when the projection is ending.
  bool Pause(std::chrono::nanoseconds time);

  const std::unique_ptr<storage::ProjectionSource> source_;
  const std::unique_ptr<storage::ChangeWatch> watch_;
  const Options options_;
  std::optional<ShownNumber> shown_position_;       // of the follower
  std::optional<storage::LogPosition> last_shown_;  // likewise

  std::timed_mutex apply_mutex_;
  ProjectionBuilder builder_;  // with apply_mutex_ held
  bool has_started_ = false;   // likewise
  std::atomic<uint64_t> applies_begun_{0};
  std::atomic<uint64_t> loads_{0};  // versions made from nothing: what was kept may be too much
  std::atomic<std::chrono::steady_clock::time_point> last_apply_{};
  std::atomic<bool> is_quick_{false};
  std::atomic<bool> is_asked_{false};  // since the follower looked last
  bool is_warm_ = false;               // of the follower
  FollowPace pace_;                    // likewise
  OtherThread urgent_;                 // likewise; does not give way

  std::chrono::steady_clock::time_point last_snapshot_ = std::chrono::steady_clock::now();

  std::mutex published_mutex_;  // held to copy or replace the next four only
  Published published_;
  std::vector<std::shared_ptr<const ProjectionVersion>> retired_;
  InSnapshot in_snapshot_;
  std::function<void(uint64_t)> loaded_;  // likewise

  std::mutex stop_mutex_;
  std::condition_variable stopping_;
  bool is_stopping_ = false;
  std::thread follower_;
  std::thread foreseer_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_PROJECTION_H_
