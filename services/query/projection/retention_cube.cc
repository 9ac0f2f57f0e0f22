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

CubeCohort RetentionCube::ContributionOf(const CustomerChunk& chunk, size_t i) {
  const ActivityScope scope{PeriodTable::Of(domain::CalendarPeriod::kMonth)};
  CubeCohort cohort;
  cohort.number = scope.periods[chunk.state.first[i]];
  cohort.size = 1;
  CubeSink sink{cohort};
  const RareFacts* const rare = chunk.state.imported[i] != 0 ? chunk.Rare(i) : nullptr;
  CohortActivity<CubeSink>(scope, cohort.number, sink)
      .Add(chunk, i, rare != nullptr ? &*rare->imported : nullptr);
  return cohort;
}

void RetentionCube::Apply(std::vector<const Change*>& changes, CohortList* cohorts) {
  std::sort(changes.begin(), changes.end(),
            [](const Change* a, const Change* b) { return a->cohort.number < b->cohort.number; });
  const auto is_before = [](const std::shared_ptr<const CubeCohort>& cohort, uint32_t number) {
    return cohort->number < number;
  };
  for (size_t begin = 0; begin < changes.size();) {
    const uint32_t number = changes[begin]->cohort.number;
    auto at = std::lower_bound(cohorts->begin(), cohorts->end(), number, is_before);
    const bool is_there = at != cohorts->end() && (*at)->number == number;
    auto next = is_there ? std::make_shared<CubeCohort>(**at) : std::make_shared<CubeCohort>();
    next->number = number;
    for (; begin < changes.size() && changes[begin]->cohort.number == number; ++begin) {
      next->Add(changes[begin]->cohort, changes[begin]->sign);
    }
    if (next->size == 0) {
      if (is_there) cohorts->erase(at);
    } else if (is_there) {
      *at = std::move(next);
    } else {
      cohorts->insert(at, std::move(next));
    }
  }
}

RetentionCube RetentionCube::With(std::vector<Change> changes) const {
  RetentionCube next = *this;
  std::map<uint32_t, std::vector<const Change*>> by_set;
  std::vector<const Change*> all;
  all.reserve(changes.size());
  for (const Change& change : changes) {
    all.push_back(&change);
    by_set[change.attribute_set].push_back(&change);
  }
  Apply(all, &next.all_);
  if (!by_set.empty() && by_set.rbegin()->first >= kMostAttributeSets) {
    next.sets_.clear();
    next.has_sets_ = false;
  }
  if (!next.has_sets_) return next;
  for (auto& [set, of_set] : by_set) {
    if (set >= next.sets_.size()) next.sets_.resize(set + 1);
    auto cohorts = next.sets_[set] != nullptr ? std::make_shared<CohortList>(*next.sets_[set])
                                              : std::make_shared<CohortList>();
    Apply(of_set, cohorts.get());
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
