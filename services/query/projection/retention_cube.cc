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

void RetentionCube::Change::Add(const CustomerChunk& chunk, size_t i, int sign) {
  const ActivityScope scope{PeriodTable::Of(domain::CalendarPeriod::kMonth)};
  const uint32_t number = scope.periods[chunk.state.first[i]];
  const uint64_t set = std::min<uint64_t>(chunk.attributes[i], kMostAttributeSets);
  Sums& sums = sums_[set << 32 | number];
  CubeCohort& cohort = sign > 0 ? sums.added : sums.removed;
  ++cohort.size;
  CubeSink sink{cohort};
  const RareFacts* const rare = chunk.state.imported[i] != 0 ? chunk.Rare(i) : nullptr;
  CohortActivity<CubeSink>(scope, number, sink)
      .Add(chunk, i, rare != nullptr ? &*rare->imported : nullptr);
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
