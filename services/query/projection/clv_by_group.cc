// clv_by_segment and clv_by_acquisition_source.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "common/domain/value_groups.h"
#include "services/query/projection/order_statistics.h"
#include "services/query/projection/report_answers.h"
#include "services/query/projection/visible_orders.h"

namespace clv::query {
namespace {

using domain::SourceGroup;
using domain::ValueGroup;

constexpr size_t kEarlySpans = domain::kEarlyValueDays.size();

// The selected customers of one group, in one part of a scan.
struct GroupPart {
  uint64_t customers = 0;
  domain::PowerSums sums;
  __int128 orders = 0;
  uint64_t repeat_customers = 0;
  __int128 lifespan_seconds = 0;
  uint32_t first = kNoInstant;
  uint32_t last = 0;
  __int128 window_micros = 0;
  uint64_t window_orders = 0;
  std::vector<int64_t> spends;
  std::array<int64_t, domain::kSpendPercentiles.size()> percentile_micros = {};

  uint64_t signups = 0;
  uint64_t signups_with_orders = 0;
  std::array<uint64_t, kEarlySpans> early_customers = {};
  std::array<__int128, kEarlySpans> early_micros = {};

  GroupPart& operator+=(const GroupPart& more) {
    customers += more.customers;
    sums += more.sums;
    orders += more.orders;
    repeat_customers += more.repeat_customers;
    lifespan_seconds += more.lifespan_seconds;
    first = std::min(first, more.first);
    last = std::max(last, more.last);
    window_micros += more.window_micros;
    window_orders += more.window_orders;
    Append(spends, more.spends);
    signups += more.signups;
    signups_with_orders += more.signups_with_orders;
    for (size_t i = 0; i < kEarlySpans; ++i) {
      early_customers[i] += more.early_customers[i];
      early_micros[i] += more.early_micros[i];
    }
    return *this;
  }
};

using Groups = std::vector<GroupPart>;

// One scan for one query.
class GroupScan {
 public:
  GroupScan(const ReportView& view, const AttributeGroups& groups, bool has_sources)
      : view_(view),
        groups_(groups),
        window_(view.has_window() ? std::optional(view.window()) : std::nullopt),
        has_sources_(has_sources) {}

  absl::StatusOr<Groups> Run() const {
    const bool looks_at_orders = window_ || (has_sources_ && !view_.states().are_kept());
    const ScanOptions options = looks_at_orders ? view_.heavy_scan() : view_.scan();
    CLV_ASSIGN_OR_RETURN(
        std::vector<Groups> parts,
        ScanChunks(view_.version().chunks.size(), options, Groups(groups_.names.size()),
                   [&](size_t c, Groups& part) { ScanChunk(c, part); }));
    for (size_t p = 1; p < parts.size(); ++p) {
      for (size_t g = 0; g < parts[p].size(); ++g) parts[0][g] += parts[p][g];
    }
    Groups& groups = parts[0];
    if (has_order()) {
      WalkOrder(groups);
    } else {
      for (GroupPart& group : groups) {
        const std::vector<int64_t> found =
            PercentilesOf<int64_t>(group.spends, domain::kSpendPercentiles);
        std::copy(found.begin(), found.end(), group.percentile_micros.begin());
      }
    }
    return std::move(groups);
  }

 private:
  // The kept order of all spends gives sums and percentiles of every group in one walk.
  void WalkOrder(Groups& groups) const {
    struct Walk {
      uint64_t seen = 0;
      uint64_t next_rank = 0;  // of the next percentile
      size_t next = 0;
    };
    constexpr size_t kPercentiles = domain::kSpendPercentiles.size();
    const auto rank_of = [&](size_t group, size_t p) {
      return domain::NearestRankIndex(groups[group].customers, domain::kSpendPercentiles[p]);
    };
    std::vector<Walk> walks(groups.size());
    for (size_t g = 0; g < groups.size(); ++g) {
      if (groups[g].customers > 0) walks[g].next_rank = rank_of(g, 0);
    }
    view_.version().population->by_spend.ForEach([&](const SpendPlace& place) {
      if (!view_.PassesSet(place.attribute_set)) return;
      const uint32_t g = groups_.group_of[place.attribute_set];
      GroupPart& group = groups[g];
      group.sums.Add(place.spend_micros);
      Walk& walk = walks[g];
      const uint64_t rank = walk.seen++;
      while (walk.next < kPercentiles && walk.next_rank == rank) {
        group.percentile_micros[walk.next++] = place.spend_micros;
        if (walk.next < kPercentiles) walk.next_rank = rank_of(g, walk.next);
      }
    });
  }

  // Where spends need not be gathered, for their order is kept.
  bool has_order() const { return !window_ && view_.states().are_kept(); }

  void ScanChunk(size_t c, Groups& part) const {
    const CustomerChunk& chunk = *view_.version().chunks[c];
    const StateColumns& state = view_.states()[c];
    const size_t size = view_.version().SizeOf(c);
    std::unique_ptr<WindowColumns> windowed;
    if (window_) {
      windowed = std::make_unique<WindowColumns>();
      FillWindow(chunk, size, *window_, windowed.get());
    }
    for (size_t i = 0; i < size; ++i) {
      if (!view_.Passes(chunk, i)) continue;
      GroupPart& group = part[groups_.group_of[chunk.attributes[i]]];
      if (has_sources_) CountSignup(chunk, state, i, group);
      if (state.purchase_count[i] < 1) continue;
      if (windowed != nullptr) {
        if (windowed->orders[i] == 0) continue;
        group.window_micros += windowed->spend_micros[i];
        group.window_orders += windowed->orders[i];
      }
      Select(state, i, group);
      if (has_sources_ && state.imported[i] == 0) AddEarlyValue(chunk, state, i, group);
    }
  }

  void Select(const StateColumns& state, size_t i, GroupPart& group) const {
    if (!has_order()) {
      group.sums.Add(state.spend_micros[i]);
      group.spends.push_back(state.spend_micros[i]);
    }
    ++group.customers;
    group.orders += state.purchase_count[i];
    group.repeat_customers += state.purchase_count[i] >= 2;
    group.lifespan_seconds += state.LifespanSeconds(i);
    group.first = std::min(group.first, state.first[i]);
    group.last = std::max(group.last, state.last[i]);
  }

  void CountSignup(const CustomerChunk& chunk, const StateColumns& state, size_t i,
                   GroupPart& group) const {
    if (chunk.described[i] == 0) return;
    const uint32_t signup = chunk.signup[i];
    const bool is_known = signup != kNoInstant;
    if (is_known && int64_t{signup} > view_.as_of_seconds()) return;
    if (window_ && (!is_known || int64_t{signup} < window_->start_seconds ||
                    int64_t{signup} > window_->end_seconds)) {
      return;
    }
    ++group.signups;
    group.signups_with_orders += state.purchase_count[i] >= 1;
  }

  // The value of orders of any kind dated within some spans after the first order.
  void AddEarlyValue(const CustomerChunk& chunk, const StateColumns& state, size_t i,
                     GroupPart& group) const {
    const int64_t first = state.first[i];
    const int64_t observed = view_.as_of_seconds() - first;
    std::array<int64_t, kEarlySpans> early = {};
    if (view_.states().are_kept()) {
      for (size_t s = 0; s < kEarlySpans; ++s) early[s] = chunk.early_micros[s][i];
    } else {
      early = EarlyValueOf(chunk, i, first);
    }
    for (size_t s = 0; s < kEarlySpans; ++s) {
      if (observed < domain::kEarlyValueDays[s] * kSecondsPerDay) continue;
      ++group.early_customers[s];
      group.early_micros[s] += early[s];
    }
  }

  std::array<int64_t, kEarlySpans> EarlyValueOf(const CustomerChunk& chunk, size_t i,
                                                int64_t first) const {
    std::array<int64_t, kEarlySpans> early = {};
    ForEachVisibleOrder(
        chunk, i, view_.as_of_seconds(),
        [&](const VisibleOrder& order, const OrderRow* /*row*/, const OrderRow* /*end*/) {
          const int64_t age = int64_t{order.date} - first;
          if (age < 0 || age > domain::kEarlyValueDays.back() * kSecondsPerDay) return;
          for (size_t s = 0; s < kEarlySpans; ++s) {
            early[s] += age <= domain::kEarlyValueDays[s] * kSecondsPerDay ? order.value_micros : 0;
          }
        });
    return early;
  }

  const ReportView& view_;
  const AttributeGroups& groups_;
  const std::optional<WindowBounds> window_;
  const bool has_sources_;
};

ValueGroup ToGroup(const std::string& name, const GroupPart& part, bool has_window) {
  ValueGroup group;
  group.name = name;
  group.spend.sums = part.sums;
  group.spend.percentile_micros = part.percentile_micros;
  group.orders = part.orders;
  group.repeat_customers = part.repeat_customers;
  group.lifespan_seconds = part.lifespan_seconds;
  if (part.sums.count() > 0) {
    group.first_purchase_date = part.first;
    group.last_purchase_date = part.last;
  }
  group.window_revenue_micros = has_window ? absl::int128(part.window_micros) : part.sums.sum();
  group.window_orders = has_window ? absl::int128(part.window_orders) : absl::int128(part.orders);
  return group;
}

}  // namespace

absl::StatusOr<storage::Report<domain::ClvBySegmentRow>> ClvBySegment(
    const ReportView& view, const storage::SegmentQuery& query) {
  const AttributeGroups names =
      GroupBy(view.version(), &domain::CustomerAttributes::customer_segment);
  CLV_ASSIGN_OR_RETURN(Groups parts, GroupScan(view, names, false).Run());
  std::vector<ValueGroup> groups;
  for (size_t g = 0; g < parts.size(); ++g) {
    if (parts[g].sums.count() == 0) continue;
    groups.push_back(ToGroup(names.names[g], parts[g], view.has_window()));
  }
  storage::Report<domain::ClvBySegmentRow> report;
  report.rows = domain::MakeSegmentRows(groups);
  CutToRange(query.scope.range, report);
  return report;
}

absl::StatusOr<storage::Report<domain::ClvByAcquisitionSourceRow>> ClvByAcquisitionSource(
    const ReportView& view, const storage::SegmentQuery& query) {
  const AttributeGroups names =
      GroupBy(view.version(), &domain::CustomerAttributes::acquisition_source);
  CLV_ASSIGN_OR_RETURN(Groups parts, GroupScan(view, names, true).Run());
  std::vector<SourceGroup> groups;
  for (size_t g = 0; g < parts.size(); ++g) {
    GroupPart& part = parts[g];
    if (part.sums.count() == 0 && part.signups == 0) continue;
    SourceGroup group;
    group.value = ToGroup(names.names[g], part, view.has_window());
    group.signups = part.signups;
    group.signups_with_orders = part.signups_with_orders;
    group.early_customers = part.early_customers;
    for (size_t s = 0; s < kEarlySpans; ++s) group.early_revenue_micros[s] = part.early_micros[s];
    groups.push_back(std::move(group));
  }
  storage::Report<domain::ClvByAcquisitionSourceRow> report;
  report.rows = domain::MakeSourceRows(groups);
  CutToRange(query.scope.range, report);
  return report;
}

}  // namespace clv::query
