#include "services/query/projection/retention_cube.h"

#include <algorithm>
#include <map>

namespace clv::query {
namespace {

struct CubeSink {
  CubeCohort& cohort;

  CohortCell& CellOf(uint32_t period) {
    if (period >= cohort.cells.size()) cohort.cells.resize(period + 1);
    return cohort.cells[period];
  }
  void SecondIn(uint32_t /*period*/) {}
};

ActivityScope EachMonth() { return {PeriodTable::Of(domain::CalendarPeriod::kMonth)}; }

}  // namespace

void CubeCohort::Add(const CubeCohort& other, int sign) {
  size += sign > 0 ? other.size : -other.size;
  if (cells.size() < other.cells.size()) cells.resize(other.cells.size());
  for (size_t n = 0; n < other.cells.size(); ++n) {
    const CohortCell& more = other.cells[n];
    // Unsigned numbers wrap around and back.
    cells[n].active_customers += sign > 0 ? more.active_customers : 0U - more.active_customers;
    cells[n].orders += sign > 0 ? more.orders : 0U - more.orders;
    cells[n].revenue_micros += sign > 0 ? more.revenue_micros : -more.revenue_micros;
  }
}

void RetentionCube::Change::AddAll(const CustomerChunk& chunk, size_t i, int sign) {
  const ActivityScope scope = EachMonth();
  const uint32_t number = scope.periods[chunk.state.first[i]];
  Sums& sums = SumsOf(chunk.attributes[i], number);
  CubeCohort& cohort = sign > 0 ? sums.added : sums.removed;
  ++cohort.size;
  CubeSink sink{cohort};
  const RareFacts* const rare = chunk.state.imported[i] != 0 ? chunk.Rare(i) : nullptr;
  CohortActivity<CubeSink>(scope, number, sink)
      .Add(chunk, i, rare != nullptr ? &*rare->imported : nullptr);
}

void RetentionCube::Change::AddDifference(const CustomerChunk& before, const CustomerChunk& after,
                                          size_t i) {
  const ActivityScope scope = EachMonth();
  const OrderBlock& old_orders = *before.orders[i / kBlockCustomers];
  const OrderBlock& new_orders = *after.orders[i / kBlockCustomers];
  const size_t customer = i % kBlockCustomers;
  auto [gone, come] = old_orders.Difference(customer, new_orders);
  const absl::Span<const uint32_t> old_dates = old_orders.DatesOf(customer);
  const absl::Span<const uint32_t> new_dates = new_orders.DatesOf(customer);
  if (gone.begin == gone.end && come.begin == come.end) return;
  // Whole months: a customer is active once in each.
  const auto month = [&](uint32_t date) { return scope.periods[date]; };
  const uint32_t first =
      std::min(gone.begin < gone.end ? month(old_dates[gone.begin]) : UINT32_MAX,
               come.begin < come.end ? month(new_dates[come.begin]) : UINT32_MAX);
  const uint32_t last = std::max(gone.begin < gone.end ? month(old_dates[gone.end - 1]) : 0,
                                 come.begin < come.end ? month(new_dates[come.end - 1]) : 0);
  while (gone.begin > 0 && month(old_dates[gone.begin - 1]) >= first) {
    --gone.begin;
    --come.begin;
  }
  while (gone.end < old_dates.size() && month(old_dates[gone.end]) <= last) {
    ++gone.end;
    ++come.end;
  }
  const uint32_t number = month(after.state.first[i]);
  Sums& sums = SumsOf(after.attributes[i], number);
  CubeSink removed{sums.removed};
  CohortActivity<CubeSink>(scope, number, removed).AddSome(old_orders, i, gone);
  CubeSink added{sums.added};
  CohortActivity<CubeSink>(scope, number, added).AddSome(new_orders, i, come);
}

void RetentionCube::Change::Add(const CustomerChunk* before, const CustomerChunk& after, size_t i) {
  const auto is_member = [i](const CustomerChunk* chunk) {
    return chunk != nullptr && chunk->state.purchase_count[i] >= 1;
  };
  const auto has_orders_alone = [i](const CustomerChunk& chunk) {
    return chunk.orders[i / kBlockCustomers] != nullptr && chunk.state.imported[i] == 0;
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

void RetentionCube::Apply(uint32_t number, const Change::Sums& sums, CohortList* cohorts) {
  const auto at = std::lower_bound(cohorts->begin(), cohorts->end(), number,
                                   [](const std::shared_ptr<const CubeCohort>& cohort,
                                      uint32_t key) { return cohort->number < key; });
  const bool is_there = at != cohorts->end() && (*at)->number == number;
  auto next = is_there ? std::make_shared<CubeCohort>(**at) : std::make_shared<CubeCohort>();
  next->number = number;
  next->Add(sums.added, 1);
  next->Add(sums.removed, -1);
  if (next->size == 0) {
    if (is_there) cohorts->erase(at);
  } else if (is_there) {
    *at = std::move(next);
  } else {
    cohorts->insert(at, std::move(next));
  }
}

RetentionCube RetentionCube::With(const Change& change) const {
  RetentionCube next = *this;
  std::map<uint32_t, Change::Sums> over_all;
  std::map<uint32_t, std::vector<std::pair<uint32_t, const Change::Sums*>>> by_set;
  for (const auto& [key, sums] : change.sums_) {
    const auto number = static_cast<uint32_t>(key);
    Change::Sums& of_number = over_all[number];
    of_number.added.Add(sums.added, 1);
    of_number.removed.Add(sums.removed, 1);
    by_set[static_cast<uint32_t>(key >> 32)].emplace_back(number, &sums);
  }
  for (const auto& [number, sums] : over_all) Apply(number, sums, &next.all_);
  if (by_set.contains(kMostAttributeSets)) {
    next.sets_.clear();
    next.has_sets_ = false;
  }
  if (!next.has_sets_) return next;
  for (const auto& [set, of_set] : by_set) {
    if (set >= next.sets_.size()) next.sets_.resize(set + 1);
    auto cohorts = next.sets_[set] != nullptr ? std::make_shared<CohortList>(*next.sets_[set])
                                              : std::make_shared<CohortList>();
    for (const auto& [number, sums] : of_set) Apply(number, *sums, cohorts.get());
    next.sets_[set] = std::move(cohorts);
  }
  return next;
}

const RetentionCube::CohortList& RetentionCube::Of(uint32_t attribute_set) const {
  static const CohortList nothing;
  if (attribute_set >= sets_.size() || sets_[attribute_set] == nullptr) return nothing;
  return *sets_[attribute_set];
}

}  // namespace clv::query
