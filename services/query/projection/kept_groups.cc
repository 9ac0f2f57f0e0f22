// Groups of customers from the sums that are kept by attribute set.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "common/domain/report_math.h"
#include "services/query/projection/early_value.h"
#include "services/query/projection/group_figures.h"

namespace clv::query {
namespace {

// Newly observed customers whom it pays to look up one by one.
constexpr size_t kFewObserved = 100'000;

// Adds what the kept sums, which end at the horizon, lack at a later instant.
void AddSinceHorizon(const ReportView& view, const ValueSums& sums, const AttributeGroups& groups,
                     GroupList& list) {
  const ProjectionVersion& version = view.version();
  const PopulationIndex& population = *version.population;
  const int64_t as_of = view.as_of_seconds();
  const auto visit_group = [&](uint32_t number, const auto& visit) {
    const CustomerChunk& chunk = version.ChunkOf(number);
    const size_t i = number % kChunkCustomers;
    if (view.Passes(chunk, i)) visit(chunk, i, list[groups.group_of[chunk.attributes[i]]]);
  };
  sums.late_signups().ForEachFrom(
      [](const DatedCustomer&) { return false; },
      [&](const DatedCustomer& late) {
        if (int64_t{late.date} > as_of) return false;
        visit_group(late.number, [](const CustomerChunk& chunk, size_t i, GroupFigures& group) {
          ++group.signups;
          group.signups_with_orders += chunk.state.purchase_count[i] >= 1 ? 1 : 0;
        });
        return true;
      });
  for (size_t s = 0; s < kEarlySpans; ++s) {
    population.ForEachFirstBetween(
        LastObserved(sums.horizon_seconds(), s), LastObserved(as_of, s), [&](uint32_t number) {
          if (!sums.IsMember(number)) return;
          visit_group(number, [s](const CustomerChunk& chunk, size_t i, GroupFigures& group) {
            if (chunk.state.imported[i]) return;
            ++group.early_customers[s];
            group.early_micros[s] += EarlyValueOf(chunk, i)[s];
          });
        });
  }
}

// The customers of each group by step of spend.
using StepCounts = std::array<uint32_t, kSpendSteps>;  // of at most all customers

// A function of its own, whose arguments are not the same memory, so that it adds many at once.
[[gnu::noinline]] void AddSteps(const uint32_t* __restrict more, uint32_t* __restrict counts) {
  for (size_t step = 0; step < kSpendSteps; ++step) counts[step] += more[step];
}

std::vector<StepCounts> CountSteps(const ReportView& view, const ValueSums& sums,
                                   const AttributeGroups& groups) {
  std::vector<StepCounts> counts(groups.names.size());
  const auto& sets = sums.sets();
  for (uint32_t set = 0; set < sets.size(); ++set) {
    if (sets[set].spend.count() == 0 || !view.PassesSet(set)) continue;
    AddSteps(sets[set].by_step.data(), counts[groups.group_of[set]].data());
  }
  return counts;
}

// A percentile that lies in some step.
struct WantedRank {
  size_t step = 0;
  size_t group = 0;
  uint64_t rank = 0;  // among the group's customers in the step, from 0
  size_t percentile = 0;
};

std::vector<WantedRank> RanksOf(const ReportView& view, const ValueSums& sums,
                                const AttributeGroups& groups) {
  std::vector<WantedRank> wanted;
  const std::vector<StepCounts> counts = CountSteps(view, sums, groups);
  for (size_t g = 0; g < counts.size(); ++g) {
    uint64_t customers = 0;
    for (const uint64_t count : counts[g]) customers += count;
    if (customers == 0) continue;
    size_t step = 0;
    uint64_t before = 0;
    for (size_t p = 0; p < domain::kSpendPercentiles.size(); ++p) {
      const uint64_t rank = domain::NearestRankIndex(customers, domain::kSpendPercentiles[p]);
      while (rank - before >= counts[g][step]) before += counts[g][step++];
      wanted.push_back({step, g, rank - before, p});
    }
  }
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const WantedRank& a, const WantedRank& b) { return a.step < b.step; });
  return wanted;
}

// Walks the steps of the order of spends that hold a wanted rank.
void FindPercentiles(const ReportView& view, const ValueSums& sums, const AttributeGroups& groups,
                     GroupList& list) {
  const PopulationIndex& population = *view.version().population;
  const std::vector<SpendPlace>& bounds = sums.step_bounds();
  std::vector<WantedRank> wanted = RanksOf(view, sums, groups);
  std::vector<uint64_t> seen(list.size());
  for (auto begin = wanted.begin(); begin != wanted.end();) {
    const size_t step = begin->step;
    auto end = begin;
    while (end != wanted.end() && end->step == step) ++end;
    for (auto rank = begin; rank != end; ++rank) seen[rank->group] = 0;
    auto left = end - begin;
    population.by_spend.ForEachFrom(
        [&](const SpendPlace& place) { return step > 0 && place < bounds[step - 1]; },
        [&](const SpendPlace& place) {
          if (!view.PassesSet(place.attribute_set) || !sums.IsMember(place.number)) return true;
          const uint32_t g = groups.group_of[place.attribute_set];
          const uint64_t rank = seen[g]++;
          for (auto it = begin; it != end; ++it) {
            if (it->group != g || it->rank != rank) continue;
            list[g].percentile_micros[it->percentile] = place.spend_micros;
            --left;
          }
          return left > 0;
        });
    begin = end;
  }
}

// The dates of a window; absent where there is nothing between them.
std::optional<DateRange> DatesOf(const storage::TimeWindow& window) {
  const int64_t first = std::max<int64_t>(window.start.value_or(0), 0);
  const int64_t last = std::min<int64_t>(window.end.value_or(UINT32_MAX), UINT32_MAX);
  if (first > last) return std::nullopt;
  return DateRange{static_cast<uint32_t>(first), static_cast<uint32_t>(last)};
}

// Whether what the sums lack since the horizon is looked up quickly.
bool AreFewNewlyObserved(const ReportView& view) {
  const PopulationIndex& population = *view.version().population;
  size_t newly_observed = 0;
  for (size_t s = 0; s < kEarlySpans; ++s) {
    newly_observed +=
        population.CountFirstUpTo(LastObserved(view.as_of_seconds(), s)) -
        population.CountFirstUpTo(LastObserved(population.values.horizon_seconds(), s));
  }
  return newly_observed <= kFewObserved;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ValueSums>> KeptSums(const ReportView& view,
                                                          bool has_sources) {
  const auto& population = view.version().population;
  // At an earlier instant less was known.
  if (!view.states().are_kept() || !population->values.are_kept() ||
      view.as_of_seconds() < population->values.horizon_seconds() ||
      (has_sources && !AreFewNewlyObserved(view))) {
    return nullptr;
  }
  // Part of the population.
  if (!view.has_window()) return std::shared_ptr<const ValueSums>(population, &population->values);
  const std::optional<DateRange> dates = DatesOf(*view.scope().window);
  const std::shared_ptr<WindowKeeper> keeper = view.version().window_keeper.lock();
  if (!dates || keeper == nullptr) return nullptr;
  return keeper->SumsOf(view.shared_version(), *dates, [&] {
    return ValueSums::InWindow(view.version(), *population, *dates, view.scan());
  });
}

GroupList KeptGroups(const ReportView& view, const ValueSums& sums, const AttributeGroups& groups,
                     bool has_sources) {
  GroupList list(groups.names.size());
  for (uint32_t set = 0; set < sums.sets().size(); ++set) {
    if (!view.PassesSet(set)) continue;
    list[groups.group_of[set]] += sums.sets()[set];
  }
  if (has_sources) AddSinceHorizon(view, sums, groups, list);
  FindPercentiles(view, sums, groups, list);
  return list;
}

}  // namespace clv::query
