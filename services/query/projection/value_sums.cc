#include "services/query/projection/value_sums.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "services/query/projection/changed_customers.h"
#include "services/query/projection/early_value.h"
#include "services/query/projection/population_index.h"
#include "services/query/projection/projection_version.h"

namespace clv::query {
namespace {

// Where there are no data, nothing is before the horizon.
constexpr int64_t kNoHorizon = INT64_MIN / 2;

// More changed customers than this, and more than one of so many, are counted anew with all others.
constexpr size_t kFewChanged = 4'096;
constexpr size_t kOneOf = 16;

int64_t HorizonOf(const ProjectionVersion& version) {
  return version.horizon_seconds.value_or(kNoHorizon);
}

// What is summed up.
struct Scope {
  int64_t horizon_seconds = 0;
  std::optional<DateRange> window;

  // Whether a signup counts, once the horizon has come to it.
  bool HasSignup(const CustomerChunk& chunk, size_t i) const {
    if (!chunk.described[i]) return false;
    const uint32_t signup = chunk.Signup(i);
    return !window || (signup != kNoInstant && window->Holds(signup));
  }
  // Whether it has not.
  bool IsLate(const CustomerChunk& chunk, size_t i) const {
    const uint32_t signup = chunk.Signup(i);
    return signup != kNoInstant && int64_t{signup} > horizon_seconds;
  }
};

OrderBlock::Sums OrdersIn(const DateRange& window, const CustomerChunk& chunk, size_t i) {
  const OrderBlock* const block = chunk.orders[i / kBlockCustomers].get();
  if (block == nullptr) return {};
  return block->SumsOf(i % kBlockCustomers, window.first, window.last);
}

// Early values of a customer in the spans from `begin` to before `end`.
void CountEarly(const CustomerChunk& chunk, size_t i, size_t begin, size_t end, int sign,
                ValueFigures* sums) {
  if (begin == end || chunk.state.imported[i]) return;
  const EarlyValue early = EarlyValueOf(chunk, i);
  for (size_t span = begin; span < end; ++span) {
    sums->early_customers[span] += sign > 0 ? 1 : UINT64_MAX;
    sums->early_micros[span] += sign * __int128{early[span]};
  }
}

// What a customer gives to the sums of its set, but for the steps; taking away leaves the extremes.
// Returns whether the customer is a member.
bool Count(const CustomerChunk& chunk, size_t i, const Scope& scope, int sign, ValueFigures* sums) {
  const StateColumns& state = chunk.state;
  const bool has_orders = state.purchase_count[i] >= 1;
  const uint64_t one = sign > 0 ? 1 : UINT64_MAX;
  if (scope.HasSignup(chunk, i) && !scope.IsLate(chunk, i)) {
    sums->signups += one;
    sums->signups_with_orders += has_orders ? one : 0;
  }
  if (!has_orders) return false;
  if (scope.window) {
    const OrderBlock::Sums inside = OrdersIn(*scope.window, chunk, i);
    if (inside.qualifying == 0) return false;
    sums->window_micros += sign * __int128{inside.value_micros};
    sums->window_orders += one * inside.qualifying;  // wraps around where it is taken away
  }
  if (sign > 0) {
    sums->spend.Add(state.spend_micros[i]);
    sums->first = std::min(sums->first, state.first[i]);
    sums->last = std::max(sums->last, state.last[i]);
  } else {
    sums->spend.Remove(state.spend_micros[i]);
  }
  sums->orders += sign * __int128{state.purchase_count[i]};
  sums->repeat_customers += state.purchase_count[i] >= 2 ? one : 0;
  sums->lifespan_seconds += sign * __int128{state.LifespanSeconds(i)};
  // Longer spans are observed later.
  size_t observed = 0;
  while (observed < domain::kEarlyValueDays.size() &&
         int64_t{state.first[i]} <= LastObserved(scope.horizon_seconds, observed)) {
    ++observed;
  }
  CountEarly(chunk, i, 0, observed, sign, sums);
  return true;
}

struct ScanPart {
  std::vector<ValueFigures> sets;
  std::vector<DatedCustomer> late_signups;
};

// `members`: those of each chunk are filled in.
absl::StatusOr<ScanPart> ScanCustomers(const ProjectionVersion& version, const Scope& scope,
                                       const ScanOptions& options,
                                       std::vector<CustomerBits>* members) {
  CLV_ASSIGN_OR_RETURN(
      std::vector<ScanPart> parts,
      ScanChunks(version.chunks.size(), {options.deadline, true},
                 ScanPart{std::vector<ValueFigures>(version.attribute_sets), {}},
                 [&](size_t c, ScanPart& part) {
                   const CustomerChunk& chunk = version.chunks[c];
                   CustomerBits inside = 0;
                   chunk.ForEachWithOrders(FirstCustomers(version.SizeOf(c)), [&](size_t i) {
                     ValueFigures& sums = part.sets[chunk.attributes[i]];
                     inside |= CustomerBits{Count(chunk, i, scope, 1, &sums)} << i;
                     if (scope.HasSignup(chunk, i) && scope.IsLate(chunk, i)) {
                       part.late_signups.push_back(
                           {chunk.Signup(i), static_cast<uint32_t>(c * kChunkCustomers + i)});
                     }
                   });
                   (*members)[c] = inside;
                 }));
  for (size_t p = 1; p < parts.size(); ++p) {
    for (size_t set = 0; set < parts[p].sets.size(); ++set) {
      parts[0].sets[set] += parts[p].sets[set];
    }
    parts[0].late_signups.insert(parts[0].late_signups.end(), parts[p].late_signups.begin(),
                                 parts[p].late_signups.end());
  }
  std::sort(parts[0].late_signups.begin(), parts[0].late_signups.end());
  return std::move(parts[0]);
}

size_t StepOf(const std::vector<SpendPlace>& bounds, const SpendPlace& place) {
  return static_cast<size_t>(std::upper_bound(bounds.begin(), bounds.end(), place) -
                             bounds.begin());
}

}  // namespace

// Turns the sums of one version into those of the next.
class ValueSums::Change {
 public:
  explicit Change(ValueSums* sums)
      : sums_(*sums), sets_(std::make_shared<ChainedList<SetSums>>(sums->sets_->Successor())) {
    if (sums->members_ != nullptr) {
      members_ = std::make_shared<CustomerSet>(sums->members_->Successor());
    }
  }

  void Remove(const CustomerChunk& chunk, uint32_t number) {
    const size_t i = number % kChunkCustomers;
    const uint32_t set = chunk.attributes[i];
    SetSums& sums = Open(set);
    const bool was_member = Count(chunk, i, scope(), -1, &sums);
    if (IsLateSignup(chunk, i)) removed_late_.push_back({chunk.Signup(i), number});
    if (!was_member) return;
    const StateColumns& state = chunk.state;
    --sums.by_step[StepOf(sums_.step_bounds(), {state.spend_micros[i], number, set})];
    lost_first_[set] |= state.first[i] == sums.first ? 1 : 0;
    lost_last_[set] |= state.last[i] == sums.last ? 1 : 0;
  }

  // After all removals.
  void Add(const CustomerChunk& chunk, uint32_t number) {
    const size_t i = number % kChunkCustomers;
    const uint32_t set = chunk.attributes[i];
    SetSums& sums = Open(set);
    const uint32_t first = sums.first;
    const uint32_t last = sums.last;
    const bool is_member = Count(chunk, i, scope(), 1, &sums);
    if (IsLateSignup(chunk, i)) added_late_.push_back({chunk.Signup(i), number});
    if (members_ != nullptr) members_->Put(number, is_member);
    if (!is_member) return;
    const StateColumns& state = chunk.state;
    ++sums.by_step[StepOf(sums_.step_bounds(), {state.spend_micros[i], number, set})];
    // As far out as who was taken away.
    if (state.first[i] <= first) lost_first_[set] = 0;
    if (state.last[i] >= last) lost_last_[set] = 0;
  }

  // Signups and early values up to a later horizon.
  void MoveHorizon(const ProjectionVersion& version, const PopulationIndex& index,
                   int64_t horizon) {
    ApplyLate();
    std::vector<DatedCustomer> in_time;
    sums_.late_signups_.ForEachFrom([](const DatedCustomer&) { return false; },
                                    [&](const DatedCustomer& late) {
                                      if (int64_t{late.date} > horizon) return false;
                                      in_time.push_back(late);
                                      return true;
                                    });
    for (const DatedCustomer& late : in_time) {
      const CustomerChunk& chunk = version.ChunkOf(late.number);
      const size_t i = late.number % kChunkCustomers;
      SetSums& sums = Open(chunk.attributes[i]);
      ++sums.signups;
      sums.signups_with_orders += chunk.state.purchase_count[i] >= 1 ? 1 : 0;
    }
    sums_.late_signups_ = sums_.late_signups_.With(in_time, {});
    for (size_t span = 0; span < domain::kEarlyValueDays.size(); ++span) {
      index.ForEachFirstBetween(LastObserved(sums_.horizon_seconds_, span),
                                LastObserved(horizon, span), [&](uint32_t number) {
                                  if (!IsMember(number)) return;
                                  const CustomerChunk& chunk = version.ChunkOf(number);
                                  const size_t i = number % kChunkCustomers;
                                  CountEarly(chunk, i, span, span + 1, 1,
                                             &Open(chunk.attributes[i]));
                                });
    }
    sums_.horizon_seconds_ = horizon;
  }

  void Finish(const ProjectionVersion& version) {
    ApplyLate();
    FindExtremes(version);
    sets_->Seal();
    sums_.sets_ = std::move(sets_);
    if (members_ == nullptr) return;
    members_->Seal();
    sums_.members_ = std::move(members_);
  }

 private:
  Scope scope() const { return {sums_.horizon_seconds_, sums_.window_}; }
  bool IsMember(uint32_t number) const { return members_ == nullptr || members_->Has(number); }

  SetSums& Open(uint32_t set) {
    while (set >= sets_->size()) sets_->Append(std::make_unique<SetSums>());
    if (set >= lost_first_.size()) {
      lost_first_.resize(set + 1);
      lost_last_.resize(set + 1);
    }
    return sets_->Open(set);
  }

  bool IsLateSignup(const CustomerChunk& chunk, size_t i) const {
    return scope().HasSignup(chunk, i) && scope().IsLate(chunk, i);
  }

  void ApplyLate() {
    std::sort(removed_late_.begin(), removed_late_.end());
    std::sort(added_late_.begin(), added_late_.end());
    sums_.late_signups_ = sums_.late_signups_.With(removed_late_, added_late_);
    removed_late_.clear();
    added_late_.clear();
  }

  // Looks for those that only a customer who is not there any more had.
  void FindExtremes(const ProjectionVersion& version) {
    bool are_lost = false;
    for (uint32_t set = 0; set < lost_first_.size(); ++set) {
      if (lost_first_[set] == 0 && lost_last_[set] == 0) continue;
      SetSums& sums = Open(set);
      sums.first = kNoInstant;
      sums.last = 0;
      lost_first_[set] = 1;
      are_lost |= sums.spend.count() > 0;
    }
    if (!are_lost) return;
    lost_first_.resize(version.attribute_sets);
    for (size_t c = 0; c < version.chunks.size(); ++c) {
      const CustomerChunk& chunk = version.chunks[c];
      for (size_t i = 0; i < version.SizeOf(c); ++i) {
        const uint32_t set = chunk.attributes[i];
        if (lost_first_[set] == 0 || chunk.state.purchase_count[i] < 1 ||
            !IsMember(static_cast<uint32_t>(c * kChunkCustomers + i))) {
          continue;
        }
        SetSums& sums = Open(set);
        sums.first = std::min(sums.first, chunk.state.first[i]);
        sums.last = std::max(sums.last, chunk.state.last[i]);
      }
    }
  }

  ValueSums& sums_;
  std::shared_ptr<ChainedList<SetSums>> sets_;  // of the next version
  std::shared_ptr<CustomerSet> members_;        // likewise; null: everybody is one
  std::vector<uint8_t> lost_first_;             // by attribute set
  std::vector<uint8_t> lost_last_;
  std::vector<DatedCustomer> removed_late_;
  std::vector<DatedCustomer> added_late_;
};

std::vector<SpendPlace> ValueSums::ChooseBounds(const PopulationIndex& index) {
  std::vector<SpendPlace> bounds;
  const size_t population = index.by_spend.size();
  for (size_t step = 1; step < kSpendSteps && population > 0; ++step) {
    bounds.push_back(index.by_spend.At(population * step / kSpendSteps));
  }
  return bounds;
}

void ValueSums::CountSteps(const PopulationIndex& index, ChainedList<SetSums>* sets) const {
  const std::vector<SpendPlace>& bounds = *step_bounds_;
  size_t step = 0;
  index.by_spend.ForEach([&](const SpendPlace& place) {
    while (step < bounds.size() && !(place < bounds[step])) ++step;
    if (IsMember(place.number)) ++sets->Open(place.attribute_set).by_step[step];
  });
}

absl::StatusOr<ValueSums> ValueSums::Scan(const ProjectionVersion& version,
                                          const PopulationIndex& index,
                                          const std::optional<DateRange>& window,
                                          const ScanOptions& scan) {
  ValueSums sums;
  if (version.attribute_sets > kMostAttributeSets) return sums;
  sums.are_kept_ = true;
  sums.window_ = window;
  sums.horizon_seconds_ = HorizonOf(version);
  sums.bounds_for_ = index.by_spend.size();
  sums.step_bounds_ = std::make_shared<const std::vector<SpendPlace>>(ChooseBounds(index));
  std::vector<CustomerBits> members(version.chunks.size());
  CLV_ASSIGN_OR_RETURN(
      ScanPart scanned,
      ScanCustomers(version, {sums.horizon_seconds_, sums.window_}, scan, &members));
  if (window) {
    auto set = std::make_shared<CustomerSet>(members);
    set->Seal();
    sums.members_ = std::move(set);
  }
  sums.late_signups_ = sums.late_signups_.With({}, scanned.late_signups);
  auto sets = std::make_shared<ChainedList<SetSums>>();
  for (const ValueFigures& figures : scanned.sets) {
    sets->Append(std::make_unique<SetSums>(SetSums{figures, {}}));
  }
  sums.CountSteps(index, sets.get());
  sets->Seal();
  sums.sets_ = std::move(sets);
  return sums;
}

ValueSums ValueSums::Of(const ProjectionVersion& version, const PopulationIndex& index) {
  return *Scan(version, index, std::nullopt, {});  // there is no deadline to miss
}

absl::StatusOr<ValueSums> ValueSums::InWindow(const ProjectionVersion& version,
                                              const PopulationIndex& index, const DateRange& window,
                                              const ScanOptions& scan) {
  return Scan(version, index, window, scan);
}

bool ValueSums::CanFollow(const ProjectionVersion& after, const PopulationIndex& index,
                          size_t changed) const {
  const int64_t horizon = HorizonOf(after);
  const size_t population = index.by_spend.size();
  const auto is_much = [&](size_t customers) {
    return customers > kFewChanged && customers > population / kOneOf;
  };
  if (!are_kept_ || after.attribute_sets > kMostAttributeSets || horizon < horizon_seconds_ ||
      is_much(changed) || population > 2 * bounds_for_ || population < bounds_for_ / 2) {
    return false;
  }
  size_t newly_observed = 0;
  for (size_t span = 0; span < domain::kEarlyValueDays.size(); ++span) {
    newly_observed += index.CountFirstUpTo(LastObserved(horizon, span)) -
                      index.CountFirstUpTo(LastObserved(horizon_seconds_, span));
  }
  return !is_much(newly_observed);
}

ValueSums ValueSums::With(const ProjectionVersion& before, const ProjectionVersion& after,
                          const PopulationIndex& index, absl::Span<const uint32_t> changed) const {
  ValueSums next = *this;
  const int64_t horizon = HorizonOf(after);
  if (changed.empty() && horizon == horizon_seconds_) return next;
  Change change(&next);
  ForEachChanged(&before, after, changed,
                 [&](uint32_t number, const CustomerChunk* was, const CustomerChunk& /*is*/) {
                   if (was != nullptr) change.Remove(*was, number);
                 });
  ForEachChanged(&before, after, changed,
                 [&](uint32_t number, const CustomerChunk* /*was*/, const CustomerChunk& is) {
                   change.Add(is, number);
                 });
  if (horizon != horizon_seconds_) change.MoveHorizon(after, index, horizon);
  change.Finish(after);
  return next;
}

void ValueSums::Withdraw() const {
  if (!are_kept_) return;
  sets_->Withdraw();
  if (members_ != nullptr) members_->Withdraw();
  late_signups_.Withdraw();
}

size_t ValueSums::bytes() const {
  return sets_->size() * (sizeof(SetSums) + sizeof(SetSums*)) + late_signups_.bytes() +
         (members_ != nullptr ? members_->bytes() : 0) +
         (step_bounds_ != nullptr ? step_bounds_->size() * sizeof(SpendPlace) : 0);
}

}  // namespace clv::query
