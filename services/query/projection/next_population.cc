#include "services/query/projection/next_population.h"

#include <algorithm>
#include <utility>
#include <vector>

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
  explicit IndexChange(PopulationIndex* index) : sums_(*index) {}

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

  void Apply() {
    removed_.Sort();
    added_.Sort();
    sums_.by_spend = sums_.by_spend.With(removed_.by_spend, added_.by_spend);
    sums_.first = sums_.first.With(removed_.first, added_.first);
    sums_.last = sums_.last.With(removed_.last, added_.last);
    sums_.purchase_count =
        sums_.purchase_count.With(removed_.purchase_count, added_.purchase_count);
    sums_.unconverted = sums_.unconverted.With(removed_.unconverted, added_.unconverted);
    sums_.cube = sums_.cube.With(cube_);
  }

 private:
  PopulationIndex& sums_;
  Contributions removed_;
  Contributions added_;
  RetentionCube::Change cube_;
};

void RecordFrequency(const ProjectionVersion& before, const ProjectionVersion& after,
                     absl::Span<const uint32_t> changed, FrequencyKeeper* frequency) {
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

}  // namespace

NextPopulation::NextPopulation(const ProjectionVersion* before)
    : before_(before),
      index_(before != nullptr ? std::make_shared<PopulationIndex>(*before->population)
                               : std::make_shared<PopulationIndex>()),
      values_follow_(before != nullptr) {}

void NextPopulation::Add(const ProjectionVersion& after, absl::Span<const uint32_t> changed) {
  IndexChange change(index_.get());
  ForEachChanged(before_, after, changed,
                 [&](uint32_t number, const CustomerChunk* was, const CustomerChunk& is) {
                   if (was != nullptr) change.Add(*was, number, -1);
                   change.Add(is, number, 1);
                   change.AddOrders(was, is, number);
                 });
  change.Apply();
  AddToValues(after, changed);
}

void NextPopulation::AddToValues(const ProjectionVersion& after,
                                 absl::Span<const uint32_t> changed) {
  values_follow_ = values_follow_ && index_->values.CanFollow(after, *index_, changed.size());
  if (values_follow_) index_->values = index_->values.With(*before_, after, *index_, changed);
}

std::shared_ptr<const PopulationIndex> NextPopulation::Finish(const ProjectionVersion& after,
                                                              absl::Span<const uint32_t> changed) {
  AddToValues(after, {});  // the horizon may have moved since
  if (!values_follow_) index_->values = ValueSums::Of(after, *index_);
  index_->UpdatePredicted(before_, after, changed);
  if (before_ != nullptr) {
    RecordFrequency(*before_, after, changed, index_->frequency.get());
  } else {
    index_->frequency = std::make_shared<FrequencyKeeper>();
  }
  return std::move(index_);
}

}  // namespace clv::query
