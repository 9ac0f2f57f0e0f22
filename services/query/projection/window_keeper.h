// services/query/projection/window_keeper.h: windows that are asked about again and again, carried
// along with the versions instead of scanned for each.
#ifndef CLV_SERVICES_QUERY_PROJECTION_WINDOW_KEEPER_H_
#define CLV_SERVICES_QUERY_PROJECTION_WINDOW_KEEPER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "services/query/projection/value_sums.h"

namespace clv::query {

struct ProjectionVersion;

// The sums of a window, of one version.
struct KeptWindow {
  DateRange window;
  std::shared_ptr<const ValueSums> sums;
  // Customers that changed since it was last asked for, of whatever version.
  std::shared_ptr<std::atomic<uint64_t>> changes_unasked;
};

// Shared by versions that follow each other, and outlived by them. The first question about a
// window is answered by a scan, the second makes its sums; from then on the applier carries them
// along, until so many customers have changed without a question that making them again costs less.
// Thread-safe; its lock is held to copy pointers only.
class WindowKeeper {
 public:
  static constexpr size_t kMostWindows = 4;
  // Sums of more sets than this take too much memory to be kept several times.
  static constexpr size_t kMostAttributeSets = 1'024;

  // The sums of a window at a version that was made with this keeper; null: the answer needs a
  // scan. Where they are worth it, `make` makes them, whose error is returned.
  using Make = absl::FunctionRef<absl::StatusOr<ValueSums>()>;
  absl::StatusOr<std::shared_ptr<const ValueSums>> SumsOf(
      const std::shared_ptr<const ProjectionVersion>& version, const DateRange& window, Make make);

  // By the applier, for each version once, in order: the windows of `after`, which differs from
  // `before` in the customers `changed` only (ascending, each once).
  std::vector<KeptWindow> Follow(const ProjectionVersion& before, const ProjectionVersion& after,
                                 absl::Span<const uint32_t> changed);

 private:
  // While sums are made: of the version with this serial.
  struct Making {
    DateRange window;
    uint64_t serial = 0;
  };
  // Sums of a version that came too late to be carried along with it.
  struct Made {
    std::shared_ptr<const ProjectionVersion> version;
    KeptWindow kept;
  };
  // What a version differs in from the one before.
  struct Step {
    uint64_t before = 0;
    uint64_t after = 0;
    std::shared_ptr<const std::vector<uint32_t>> changed;
  };

  bool BeginMaking(uint64_t serial, const DateRange& window);
  void EndMaking(const DateRange& window, std::optional<Made> made);
  // The customers changed by these steps since one version until another; absent where they do not
  // tell all.
  static std::optional<std::vector<uint32_t>> ChangedBetween(uint64_t serial, uint64_t until,
                                                             absl::Span<const Step> steps);

  std::mutex mutex_;
  std::deque<DateRange> asked_;  // lately, for the first time
  std::vector<Making> making_;
  std::vector<Made> made_;
  std::vector<Step> steps_;   // while sums are made, or wait for the next version
  size_t changes_ = 0;        // in all steps
  uint64_t last_serial_ = 0;  // of the last version that followed; 0: none did
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_WINDOW_KEEPER_H_
