#include "services/query/projection/window_keeper.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "services/query/projection/projection_version.h"

namespace clv::query {
namespace {

// Windows that were asked for once.
constexpr size_t kMostAsked = 16;

// More changes than this are not remembered while sums are made: making them again costs less.
size_t MostRemembered(const ProjectionVersion& version) { return 1'000 + version.customers; }

// Carrying along a changed customer costs several times what one costs in a scan, but who asks does
// not wait for it.
uint64_t MostUnasked(const ProjectionVersion& version) {
  return 4'096 + uint64_t{version.customers} / 2;
}

// Forgets those that nobody asks for, the longest unasked first.
void DropUnasked(uint64_t most_unasked, std::vector<KeptWindow>* windows) {
  std::stable_sort(windows->begin(), windows->end(), [](const KeptWindow& a, const KeptWindow& b) {
    return *a.changes_unasked < *b.changes_unasked;
  });
  while (!windows->empty() && (windows->size() > WindowKeeper::kMostWindows ||
                               *windows->back().changes_unasked > most_unasked)) {
    windows->pop_back();
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ValueSums>> WindowKeeper::SumsOf(
    const std::shared_ptr<const ProjectionVersion>& version, const DateRange& window, Make make) {
  for (const KeptWindow& kept : version->windows) {
    if (kept.window != window) continue;
    *kept.changes_unasked = 0;
    return kept.sums;
  }
  if (version->attribute_sets > kMostAttributeSets) return nullptr;
  {
    std::lock_guard lock(mutex_);
    for (const Made& made : made_) {
      if (made.version == version && made.kept.window == window) return made.kept.sums;
    }
  }
  if (!BeginMaking(version->serial, window)) return nullptr;
  absl::StatusOr<ValueSums> sums = make();
  if (!sums.ok()) {
    EndMaking(window, std::nullopt);
    return sums.status();
  }
  KeptWindow kept{window, std::make_shared<const ValueSums>(*std::move(sums)),
                  std::make_shared<std::atomic<uint64_t>>(0)};
  EndMaking(window, Made{version, kept});
  return kept.sums;
}

bool WindowKeeper::BeginMaking(uint64_t serial, const DateRange& window) {
  std::lock_guard lock(mutex_);
  const auto asked = std::find(asked_.begin(), asked_.end(), window);
  if (asked == asked_.end()) {
    asked_.push_back(window);
    if (asked_.size() > kMostAsked) asked_.pop_front();
    return false;
  }
  // Of an earlier version it is not known what has changed since.
  if (last_serial_ > serial) return false;
  if (std::any_of(making_.begin(), making_.end(),
                  [&](const Making& making) { return making.window == window; })) {
    return false;
  }
  making_.push_back({window, serial});
  return true;
}

void WindowKeeper::EndMaking(const DateRange& window, std::optional<Made> made) {
  std::vector<Made> forgotten;  // destroyed after the lock is given back
  std::lock_guard lock(mutex_);
  making_.erase(std::find_if(making_.begin(), making_.end(),
                             [&](const Making& making) { return making.window == window; }));
  if (!made) return;
  asked_.erase(std::remove(asked_.begin(), asked_.end(), window), asked_.end());
  if (made_.size() >= kMostWindows) {
    forgotten.push_back(std::move(made_.front()));
    made_.erase(made_.begin());
  }
  made_.push_back(*std::move(made));
}

std::optional<std::vector<uint32_t>> WindowKeeper::ChangedBetween(uint64_t serial, uint64_t until,
                                                                  absl::Span<const Step> steps) {
  std::vector<uint32_t> changed;
  for (const Step& step : steps) {
    if (step.after <= serial) continue;
    if (step.before != serial) return std::nullopt;
    changed.insert(changed.end(), step.changed->begin(), step.changed->end());
    serial = step.after;
  }
  if (serial != until) return std::nullopt;
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  return changed;
}

std::vector<KeptWindow> WindowKeeper::Follow(const ProjectionVersion& before,
                                             const ProjectionVersion& after,
                                             absl::Span<const uint32_t> changed) {
  const Step step{before.serial, after.serial,
                  std::make_shared<const std::vector<uint32_t>>(changed.begin(), changed.end())};
  std::vector<Made> made;
  std::vector<Step> steps;
  {
    std::lock_guard lock(mutex_);
    last_serial_ = after.serial;
    if (!making_.empty() || !made_.empty()) {
      changes_ += changed.size();
      steps_.push_back(step);
    }
    made.swap(made_);
    steps = steps_;
    if (making_.empty() || changes_ > MostRemembered(after)) {
      steps_.clear();
      changes_ = 0;
    }
  }
  std::vector<KeptWindow> windows;
  const auto carry = [&](const KeptWindow& kept, const ProjectionVersion& from,
                         absl::Span<const uint32_t> since) {
    if (after.attribute_sets > kMostAttributeSets ||
        !kept.sums->CanFollow(after, *after.population, since.size())) {
      return;
    }
    *kept.changes_unasked += since.size();
    windows.push_back(
        {kept.window,
         std::make_shared<const ValueSums>(kept.sums->With(from, after, *after.population, since)),
         kept.changes_unasked});
  };
  std::vector<KeptWindow> of_before = before.windows;
  DropUnasked(MostUnasked(after), &of_before);
  for (const KeptWindow& kept : of_before) carry(kept, before, changed);
  for (const Made& one : made) {
    const auto since = ChangedBetween(one.version->serial, after.serial, steps);
    const auto is_same = [&](const KeptWindow& kept) { return kept.window == one.kept.window; };
    if (since && std::none_of(windows.begin(), windows.end(), is_same)) {
      carry(one.kept, *one.version, *since);
    }
  }
  DropUnasked(UINT64_MAX, &windows);
  return windows;
}

}  // namespace clv::query
