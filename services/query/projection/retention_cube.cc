#include "services/query/projection/retention_cube.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/types/span.h"

namespace clv::query {
namespace {

struct CubeSink {
  CubeDelta& delta;

  CohortCell& CellOf(uint32_t period) { return delta.CellOf(period); }
  void SecondIn(uint32_t /*period*/) {}
};

ActivityScope EachMonth() { return {PeriodTable::Of(domain::CalendarPeriod::kMonth)}; }

void AddTo(const CohortCell& more, int sign, CohortCell* cell) {
  cell->active_customers += sign > 0 ? more.active_customers : 0U - more.active_customers;
  cell->orders += sign > 0 ? more.orders : 0U - more.orders;
  cell->revenue_micros += sign > 0 ? more.revenue_micros : -more.revenue_micros;
}

}  // namespace

CohortCell& CubeDelta::CellOf(uint32_t period) {
  if (cells_.empty()) first_period_ = period;
  if (period < first_period_) {
    cells_.insert(cells_.begin(), first_period_ - period, CohortCell());
    first_period_ = period;
  }
  const size_t n = period - first_period_;
  if (n >= cells_.size()) cells_.resize(n + 1);
  return cells_[n];
}

void CubeDelta::Clear() {
  size_ = 0;
  cells_.clear();
}

void CubeDelta::Add(const CubeDelta& other, int sign) {
  size_ += sign > 0 ? other.size_ : 0 - other.size_;
  for (size_t n = 0; n < other.cells_.size(); ++n) {
    query::AddTo(other.cells_[n], sign, &CellOf(other.first_period_ + static_cast<uint32_t>(n)));
  }
}

void CubeDelta::AddTo(CubeCohort* cohort) const {
  cohort->size += size_;
  const size_t periods = cells_.empty() ? 0 : first_period_ + cells_.size();
  if (cohort->cells.size() < periods) cohort->cells.resize(periods);
  for (size_t n = 0; n < cells_.size(); ++n) {
    query::AddTo(cells_[n], 1, &cohort->cells[first_period_ + n]);
  }
}

void RetentionCube::Change::AddAll(const CustomerChunk& chunk, size_t i, int sign) {
  const ActivityScope scope = EachMonth();
  const uint32_t number = scope.periods[chunk.state.first[i]];
  CubeDelta& delta = DeltaOf(chunk.attributes[i], number);
  taken_.Clear();
  CubeDelta& told = sign > 0 ? delta : taken_;
  ++told.size();
  CubeSink sink{told};
  const ImportedRecord* const imported =
      chunk.state.imported[i] ? chunk.rare.ImportedOf(i) : nullptr;
  CohortActivity<CubeSink>(scope, number, sink).Add(chunk, i, imported);
  if (sign < 0) delta.Add(taken_, -1);
}

void RetentionCube::Change::AddDifference(const CustomerChunk& before, const CustomerChunk& after,
                                          size_t i) {
  const ActivityScope scope = EachMonth();
  const OrderBlock& old_orders = *before.orders[i / kBlockCustomers];
  const OrderBlock& new_orders = *after.orders[i / kBlockCustomers];
  const size_t customer = i % kBlockCustomers;
  auto [gone, come] = old_orders.Difference(customer, new_orders);
  if (gone.begin == gone.end && come.begin == come.end) return;
  // Whole months: a customer is active once in each.
  const auto month = [&](const OrderBlock& orders, size_t index) {
    return scope.periods[orders.DateOf(customer, index)];
  };
  const uint32_t first =
      std::min(gone.begin < gone.end ? month(old_orders, gone.begin) : UINT32_MAX,
               come.begin < come.end ? month(new_orders, come.begin) : UINT32_MAX);
  const uint32_t last = std::max(gone.begin < gone.end ? month(old_orders, gone.end - 1) : 0,
                                 come.begin < come.end ? month(new_orders, come.end - 1) : 0);
  while (gone.begin > 0 && month(old_orders, gone.begin - 1) >= first) {
    --gone.begin;
    --come.begin;
  }
  while (gone.end < old_orders.count(customer) && month(old_orders, gone.end) <= last) {
    ++gone.end;
    ++come.end;
  }
  const uint32_t number = scope.periods[after.state.first[i]];
  CubeDelta& delta = DeltaOf(after.attributes[i], number);
  taken_.Clear();
  CubeSink taken{taken_};
  CohortActivity<CubeSink>(scope, number, taken).AddSome(old_orders, i, gone);
  delta.Add(taken_, -1);
  CubeSink added{delta};
  CohortActivity<CubeSink>(scope, number, added).AddSome(new_orders, i, come);
}

void RetentionCube::Change::Add(const CustomerChunk* before, const CustomerChunk& after, size_t i) {
  const auto is_member = [i](const CustomerChunk* chunk) {
    return chunk != nullptr && chunk->state.purchase_count[i] >= 1;
  };
  const auto has_orders_alone = [i](const CustomerChunk& chunk) {
    return chunk.orders[i / kBlockCustomers] != nullptr && !chunk.state.imported[i];
  };
  const ActivityScope scope = EachMonth();
  if (is_member(before) && is_member(&after) && before->attributes[i] == after.attributes[i] &&
      scope.periods[before->state.first[i]] == scope.periods[after.state.first[i]] &&
      has_orders_alone(*before) && has_orders_alone(after)) {
    return AddDifference(*before, after, i);
  }
  if (is_member(before)) AddAll(*before, i, -1);
  if (is_member(&after)) AddAll(after, i, 1);
}

RetentionCube::State::~State() {
  of_cohorts->GiveUp(of_cohorts->has_successor() ? CohortList() : Cohorts());
  of_lists->GiveUp(std::move(sets));
}

RetentionCube::CohortList RetentionCube::State::Cohorts() const {
  CohortList cohorts = all;
  for (const CohortList* const list : sets) {
    cohorts.insert(cohorts.end(), list->begin(), list->end());
  }
  return cohorts;
}

const std::shared_ptr<const RetentionCube::State>& RetentionCube::Empty() {
  static const std::shared_ptr<const State> empty = std::make_shared<const State>();
  return empty;
}

RetentionCube::RetentionCube(Parts parts) {
  const auto own = [](std::vector<CubeCohort> cohorts) {
    CohortList list;
    for (CubeCohort& cohort : cohorts) list.push_back(new CubeCohort(std::move(cohort)));
    return list;
  };
  auto state = std::make_shared<State>();
  state->all = own(std::move(parts.all));
  state->has_sets = parts.has_sets;
  for (auto& cohorts : parts.sets) state->sets.push_back(new CohortList(own(std::move(cohorts))));
  state_ = std::move(state);
}

void RetentionCube::Withdraw() const {
  if (!state_->of_cohorts->has_successor()) return;
  state_->of_cohorts->Withdraw(state_->Cohorts());
  state_->of_lists->Withdraw(state_->sets);
}

RetentionCube RetentionCube::Copy() const {
  const auto copy = [](const CohortList& list) {
    std::vector<CubeCohort> cohorts;
    for (const CubeCohort* const cohort : list) cohorts.push_back(*cohort);
    return cohorts;
  };
  Parts parts{.all = copy(all()), .has_sets = has_sets(), .sets = {}};
  for (const CohortList* const list : state_->sets) parts.sets.push_back(copy(*list));
  return RetentionCube(std::move(parts));
}

// Makes the state that follows another one, which the caller has claimed.
class RetentionCube::Successor {
 public:
  explicit Successor(const State& before) : before_(before) {
    next_->all = before.all;
    next_->has_sets = before.has_sets;
    next_->sets = before.sets;
  }

  void AddToAll(uint32_t number, const CubeDelta& delta) { Add(number, delta, &next_->all); }

  // Deltas of one set by the month's number.
  template <typename Deltas>
  void AddToSet(uint32_t set, const Deltas& deltas) {
    if (!next_->has_sets) return;
    if (set >= kMostAttributeSets) return DropSets();
    while (set >= next_->sets.size()) next_->sets.push_back(new CohortList());
    auto list = std::make_unique<CohortList>(*next_->sets[set]);
    for (const auto& [key, delta] : deltas) {
      Add(static_cast<uint32_t>(key), *delta, list.get());
    }
    Replace(std::exchange(next_->sets[set], list.release()), set);
  }

  std::shared_ptr<const State> Take() {
    // A cube of nothing may have successors on several threads.
    if (&before_ != Empty().get()) {
      before_.of_cohorts->SucceededBy(next_->of_cohorts, std::move(replaced_cohorts_));
      before_.of_lists->SucceededBy(next_->of_lists, std::move(replaced_lists_));
    }
    return std::move(next_);
  }

 private:
  void Add(uint32_t number, const CubeDelta& delta, CohortList* cohorts) {
    const auto at = std::lower_bound(
        cohorts->begin(), cohorts->end(), number,
        [](const CubeCohort* cohort, uint32_t key) { return cohort->number < key; });
    const bool is_there = at != cohorts->end() && (*at)->number == number;
    auto next = is_there ? std::make_unique<CubeCohort>(**at) : std::make_unique<CubeCohort>();
    next->number = number;
    delta.AddTo(next.get());
    if (is_there) replaced_cohorts_.push_back(*at);
    if (next->size == 0) {
      if (is_there) cohorts->erase(at);
    } else if (is_there) {
      *at = next.release();
    } else {
      cohorts->insert(at, next.release());
    }
  }
  // A list that was the set's. Lists of new sets are nobody else's.
  void Replace(const CohortList* list, size_t set) {
    if (set < before_.sets.size()) {
      replaced_lists_.push_back(list);
    } else {
      delete list;
    }
  }
  // Nothing has been added to sets: this one comes first or alone.
  void DropSets() {
    for (const CohortList* const list : before_.sets) {
      replaced_cohorts_.insert(replaced_cohorts_.end(), list->begin(), list->end());
      replaced_lists_.push_back(list);
    }
    next_->sets.clear();
    next_->has_sets = false;
  }

  const State& before_;
  std::shared_ptr<State> next_ = std::make_shared<State>();
  // Of the state before, that next_ does not hold.
  std::vector<const CubeCohort*> replaced_cohorts_;
  std::vector<const CohortList*> replaced_lists_;
};

RetentionCube RetentionCube::With(const Change& change) const {
  if (change.deltas_.empty()) return *this;
  if (!state_->of_cohorts->Claim()) return Copy().With(change);
  using Entry = std::pair<uint64_t, const CubeDelta*>;
  std::vector<Entry> deltas;
  deltas.reserve(change.deltas_.size());
  absl::flat_hash_map<uint32_t, CubeDelta> over_all;
  for (const auto& [key, delta] : change.deltas_) {
    deltas.emplace_back(key, &delta);
    over_all[static_cast<uint32_t>(key)].Add(delta, 1);
  }
  // Of the last set first.
  std::sort(deltas.begin(), deltas.end(), std::greater<Entry>());
  Successor next(*state_);
  for (const auto& [number, delta] : over_all) next.AddToAll(number, delta);
  for (auto begin = deltas.begin(); begin != deltas.end();) {
    const auto set = static_cast<uint32_t>(begin->first >> 32);
    const auto end = std::find_if(begin, deltas.end(),
                                  [set](const Entry& entry) { return entry.first >> 32 != set; });
    next.AddToSet(set, absl::MakeConstSpan(&*begin, static_cast<size_t>(end - begin)));
    begin = end;
  }
  RetentionCube cube;
  cube.state_ = next.Take();
  return cube;
}

const RetentionCube::CohortList& RetentionCube::Of(uint32_t attribute_set) const {
  static const CohortList nothing;
  return attribute_set < state_->sets.size() ? *state_->sets[attribute_set] : nothing;
}

}  // namespace clv::query
