#include "services/query/projection/population_index.h"

#include <algorithm>
#include <utility>

#include "common/base/instant.h"
#include "services/query/projection/changed_customers.h"
#include "services/query/projection/projection_version.h"

namespace clv::query {
namespace {

// What customers give to an index, added or taken away.
struct Contributions {
  std::vector<SpendPlace> by_spend;
  std::vector<DatedCustomer> first;
  std::vector<uint32_t> last;
  std::vector<int64_t> purchase_count;
  std::vector<UnconvertedRow> unconverted;

  void Sort() {
    std::sort(by_spend.begin(), by_spend.end());
    std::sort(first.begin(), first.end());
    std::sort(last.begin(), last.end());
    std::sort(purchase_count.begin(), purchase_count.end());
    std::sort(unconverted.begin(), unconverted.end());
  }
};

// Gathers what changes, customer by customer.
class IndexChange {
 public:
  explicit IndexChange(PopulationIndex* sums) : sums_(*sums) {}

  void Add(const CustomerChunk& chunk, uint32_t number, int sign) {
    const size_t i = number % kChunkCustomers;
    Contributions& to = sign > 0 ? added_ : removed_;
    for (const uint32_t date : chunk.rare.UnconvertedOf(i)) {
      to.unconverted.push_back({date, chunk.attributes[i]});
    }
    const StateColumns& state = chunk.state;
    if (state.purchase_count[i] < 1) return;
    to.by_spend.push_back({state.spend_micros[i], number, chunk.attributes[i]});
    to.first.push_back({state.first[i], number});
    to.last.push_back(state.last[i]);
    to.purchase_count.push_back(state.purchase_count[i]);
    const uint64_t repeats = state.repeat_order_days[i] >= 1 ? 1 : 0;
    sums_.repeat_customers += sign > 0 ? repeats : 0 - repeats;
    sums_.repeat_order_days += sign * __int128{state.repeat_order_days[i]};
    sums_.first_days += sign * __int128{DayOf(state.first[i])};
    sums_.spend_micros += sign * __int128{state.spend_micros[i]};
    sums_.orders += sign * __int128{state.purchase_count[i]};
  }

  // What the orders of a customer were (null: nothing) and are.
  void AddOrders(const CustomerChunk* before, const CustomerChunk& after, uint32_t number) {
    cube_.Add(before, after, number % kChunkCustomers);
  }

  void Apply(const PopulationIndex& before) {
    removed_.Sort();
    added_.Sort();
    sums_.by_spend = before.by_spend.With(removed_.by_spend, added_.by_spend);
    sums_.first = before.first.With(removed_.first, added_.first);
    sums_.last = before.last.With(removed_.last, added_.last);
    sums_.purchase_count =
        before.purchase_count.With(removed_.purchase_count, added_.purchase_count);
    sums_.unconverted = before.unconverted.With(removed_.unconverted, added_.unconverted);
    sums_.cube = before.cube.With(cube_);
  }

 private:
  PopulationIndex& sums_;
  Contributions removed_;
  Contributions added_;
  RetentionCube::Change cube_;
};

}  // namespace

std::shared_ptr<const PopulationIndex> PopulationIndex::Of(const ProjectionVersion* before,
                                                           const ProjectionVersion& after,
                                                           absl::Span<const uint32_t> changed) {
  static const PopulationIndex nothing;
  const PopulationIndex& last = before != nullptr ? *before->population : nothing;
  auto next = std::make_shared<PopulationIndex>(last);
  IndexChange change(next.get());
  ForEachChanged(before, after, changed,
                 [&](uint32_t number, const CustomerChunk* was, const CustomerChunk& is) {
                   if (was != nullptr) change.Add(*was, number, -1);
                   change.Add(is, number, 1);
                   change.AddOrders(was, is, number);
                 });
  change.Apply(last);
  const bool follows = before != nullptr && last.values.CanFollow(after, *next, changed.size());
  next->values =
      follows ? last.values.With(*before, after, *next, changed) : ValueSums::Of(after, *next);
  next->UpdatePredicted(before, after, changed);
  if (before != nullptr) {
    next->RecordFrequency(*before, after, changed);
  } else {
    next->frequency = std::make_shared<FrequencyKeeper>();
  }
  return next;
}

void PopulationIndex::RecordFrequency(const ProjectionVersion& before,
                                      const ProjectionVersion& after,
                                      absl::Span<const uint32_t> changed) const {
  if (!frequency->is_asked()) return;
  if (changed.size() > FrequencyKeeper::kMostChanges) return frequency->Forget(after.serial);
  std::vector<FrequencyChange> changes;
  ForEachChanged(&before, after, changed,
                 [&](uint32_t number, const CustomerChunk* was, const CustomerChunk& is) {
                   const size_t i = number % kChunkCustomers;
                   FrequencyChange change;
                   if (was != nullptr) change.before = FrequencyFacts::Of(was->state, i);
                   change.after = FrequencyFacts::Of(is.state, i);
                   if (change.before != change.after) changes.push_back(change);
                 });
  frequency->Record(before.serial, after.serial, std::move(changes));
}

void PopulationIndex::Derive(const ProjectionVersion& version) {
  values = ValueSums::Of(version, *this);
  UpdatePredicted(nullptr, version, {});
  frequency = std::make_shared<FrequencyKeeper>();
}

void PopulationIndex::UpdatePredicted(const ProjectionVersion* before,
                                      const ProjectionVersion& after,
                                      absl::Span<const uint32_t> changed) {
  if (after.serving == nullptr) {
    best_predicted.clear();
    return;
  }
  const auto update = [&](size_t chunk) {
    const Column<float>& bounds = after.chunks[chunk].predicted_bound;
    best_predicted[chunk] = *std::max_element(bounds.begin(), bounds.end());
  };
  const size_t known = best_predicted.size();
  best_predicted.resize(after.chunks.size());
  if (before == nullptr || before->serving != after.serving) {
    for (size_t chunk = 0; chunk < best_predicted.size(); ++chunk) update(chunk);
    return;
  }
  for (size_t chunk = known; chunk < best_predicted.size(); ++chunk) update(chunk);
  for (const uint32_t number : changed) update(number / kChunkCustomers);
}

}  // namespace clv::query
