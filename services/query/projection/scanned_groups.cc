// Groups of customers from a scan, in which each selected customer is looked at twice.
#include <bit>
#include <optional>
#include <utility>

#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "services/query/projection/binned_ranks.h"
#include "services/query/projection/early_value.h"
#include "services/query/projection/group_figures.h"
#include "services/query/projection/month_window.h"
#include "services/query/projection/order_statistics.h"
#include "services/query/projection/visible_orders.h"

namespace clv::query {
namespace {

constexpr size_t kPercentiles = domain::kSpendPercentiles.size();

// A group in one part of a scan.
struct CountedGroup {
  GroupFigures figures;
  BinCounts spends;

  CountedGroup& operator+=(const CountedGroup& more) {
    figures += more.figures;
    AddCounts(spends, more.spends);
    return *this;
  }
};

// One scan for one query.
class GroupScan {
 public:
  GroupScan(const ReportView& view, const AttributeGroups& groups, bool has_sources)
      : view_(view),
        groups_(groups),
        window_(view.has_window() ? std::optional(view.window()) : std::nullopt),
        months_(MonthWindow::Of(view)),
        has_sources_(has_sources),
        scale_(groups.names.size()),
        selected_(view.version().chunks.size()) {}

  absl::StatusOr<GroupList> Run() {
    CLV_ASSIGN_OR_RETURN(std::vector<CountedGroup> counted, Count());
    CLV_RETURN_IF_ERROR(FindPercentiles(counted));
    GroupList list;
    list.reserve(counted.size());
    for (const CountedGroup& group : counted) list.push_back(group.figures);
    return list;
  }

 private:
  using Counted = std::vector<CountedGroup>;

  absl::StatusOr<Counted> Count() {
    const bool looks_at_orders = window_ || has_sources_;
    CountedGroup empty;
    empty.spends.resize(scale_.bins());
    CLV_ASSIGN_OR_RETURN(
        std::vector<Counted> parts,
        ScanChunks(selected_.size(), looks_at_orders ? view_.heavy_scan() : view_.scan(),
                   Counted(groups_.names.size(), empty),
                   [&](size_t c, Counted& part) { CountChunk(c, part); }));
    for (size_t p = 1; p < parts.size(); ++p) {
      for (size_t g = 0; g < parts[p].size(); ++g) parts[0][g] += parts[p][g];
    }
    if (months_) AddMonths(parts[0]);
    return std::move(parts[0]);
  }

  // What the customers of passing sets ordered in the window, but for what Select corrects.
  void AddMonths(Counted& counted) const {
    for (uint32_t set = 0; set < groups_.group_of.size(); ++set) {
      if (view_.PassesSet(set)) AddTo(months_->OfSet(set), counted[groups_.group_of[set]].figures);
    }
  }
  static void AddTo(const MonthWindow::Sums& sums, GroupFigures& group) {
    group.window_micros += sums.value_micros;
    group.window_orders += static_cast<uint64_t>(sums.orders);  // wraps around and back
  }

  void CountChunk(size_t c, Counted& part) {
    const CustomerChunk& chunk = view_.version().chunks[c];
    const StateColumns& state = view_.states()[c];
    const size_t size = view_.version().SizeOf(c);
    CustomerBits& selected = selected_[c];
    PrefetchChunk(c + 1);
    selected =
        CustomersWhere([&](size_t i) { return view_.Passes(chunk, i); }) & FirstCustomers(size);
    selected &= state.purchase_count.Where([](int64_t count) { return count >= 1; });
    if (has_sources_) CountSignups(chunk, state, size, part);
    if (months_) {
      selected = months_->Select(chunk, selected, [&](size_t i, const MonthWindow::Sums& sums) {
        AddTo(sums, part[groups_.group_of[chunk.attributes[i]]].figures);
      });
    } else if (window_) {
      CountInWindow(chunk, state, selected, part);
    }
    ForEachOf(selected, [&](size_t i) {
      CountCustomer(chunk, state, i, part[groups_.group_of[chunk.attributes[i]]]);
    });
  }

  void CountInWindow(const CustomerChunk& chunk, const StateColumns& state, CustomerBits& selected,
                     Counted& part) const {
    // Whose last purchase is earlier has none inside.
    const CustomerBits wanted =
        CustomersWhere([&](size_t i) { return int64_t{state.last[i]} >= window_->start_seconds; });
    WindowColumns windowed;
    FillWindow(chunk, state, *window_, {.customers = selected & wanted, .refunds = false},
               &windowed);
    CustomerBits inside = 0;
    ForEachOf(selected, [&](size_t i) {
      if (windowed.orders[i] == 0) return;
      inside |= CustomerBits{1} << i;
      GroupFigures& group = part[groups_.group_of[chunk.attributes[i]]].figures;
      group.window_micros += windowed.spend_micros[i];
      group.window_orders += windowed.orders[i];
    });
    selected = inside;
  }

  void PrefetchChunk(size_t c) const {
    if (c >= selected_.size()) return;
    const CustomerChunk& chunk = view_.version().chunks[c];
    const StateColumns& state = view_.states()[c];
    PrefetchColumns(chunk.attributes, state.purchase_count, state.spend_micros, state.first,
                    state.last, state.imported);
    if (window_) {
      for (const auto& block : chunk.orders) {
        if (block != nullptr) block->PrefetchPlaces();
      }
      if (const CustomerChunk* const next = view_.version().ChunkAfter(c)) {
        PrefetchColumns(next->orders);
      }
    }
    if (months_) PrefetchColumns(chunk.other_activity, state.refunded_micros);
  }

  void CountCustomer(const CustomerChunk& chunk, const StateColumns& state, size_t i,
                     CountedGroup& group) const {
    GroupFigures& figures = group.figures;
    figures.spend.Add(state.spend_micros[i]);
    ++group.spends[scale_.BinOf(state.spend_micros[i])];
    figures.orders += state.purchase_count[i];
    figures.repeat_customers += state.purchase_count[i] >= 2;
    figures.lifespan_seconds += state.LifespanSeconds(i);
    figures.first = std::min(figures.first, state.first[i]);
    figures.last = std::max(figures.last, state.last[i]);
    if (has_sources_ && !state.imported[i]) AddEarlyValue(chunk, state, i, figures);
  }

  void CountSignups(const CustomerChunk& chunk, const StateColumns& state, size_t size,
                    Counted& part) const {
    for (size_t i = 0; i < size; ++i) {
      if (!chunk.described[i] || !view_.Passes(chunk, i)) continue;
      const uint32_t signup = chunk.Signup(i);
      const bool is_known = signup != kNoInstant;
      if (is_known && int64_t{signup} > view_.as_of_seconds()) continue;
      if (window_ && (!is_known || int64_t{signup} < window_->start_seconds ||
                      int64_t{signup} > window_->end_seconds)) {
        continue;
      }
      GroupFigures& group = part[groups_.group_of[chunk.attributes[i]]].figures;
      ++group.signups;
      group.signups_with_orders += state.purchase_count[i] >= 1;
    }
  }

  // The value of orders of any kind dated within some spans after the first order.
  void AddEarlyValue(const CustomerChunk& chunk, const StateColumns& state, size_t i,
                     GroupFigures& group) const {
    const int64_t observed = view_.as_of_seconds() - int64_t{state.first[i]};
    if (observed < domain::kEarlyValueDays.front() * kSecondsPerDay) return;
    const EarlyValue early = view_.states().are_kept()
                                 ? EarlyValueOf(chunk, i)
                                 : EarlyValueAt(chunk, i, state.first[i], view_.as_of_seconds());
    for (size_t s = 0; s < kEarlySpans; ++s) {
      if (observed < domain::kEarlyValueDays[s] * kSecondsPerDay) continue;
      ++group.early_customers[s];
      group.early_micros[s] += early[s];
    }
  }

  // Gathers the spends that lie in a bin with a wanted rank.
  absl::Status FindPercentiles(Counted& counted) {
    using Ranks = std::array<BinnedRank, kPercentiles>;
    using Gathered = std::vector<std::array<std::vector<int64_t>, kPercentiles>>;
    const size_t bins = scale_.bins();
    std::vector<Ranks> ranks(counted.size());
    // By group and bin: 1 + the first percentile that lies there; 0: none.
    std::vector<uint8_t> wanted(counted.size() * bins);
    for (size_t g = 0; g < counted.size(); ++g) {
      if (counted[g].figures.customers() == 0) continue;
      for (size_t p = 0; p < kPercentiles; ++p) {
        ranks[g][p] = BinnedRank::OfPercent(counted[g].spends, domain::kSpendPercentiles[p]);
        uint8_t& at = wanted[g * bins + ranks[g][p].bin];
        if (at == 0) at = static_cast<uint8_t>(p + 1);
      }
    }
    CLV_ASSIGN_OR_RETURN(std::vector<Gathered> parts,
                         ScanChunks(selected_.size(), view_.scan(), Gathered(counted.size()),
                                    [&](size_t c, Gathered& part) {
                                      const CustomerChunk& chunk = view_.version().chunks[c];
                                      const StateColumns& state = view_.states()[c];
                                      if (const auto* next = view_.version().ChunkAfter(c)) {
                                        PrefetchColumns(next->attributes,
                                                        view_.states()[c + 1].spend_micros);
                                      }
                                      ForEachOf(selected_[c], [&](size_t i) {
                                        const size_t g = groups_.group_of[chunk.attributes[i]];
                                        const int64_t spend = state.spend_micros[i];
                                        const uint8_t at = wanted[g * bins + scale_.BinOf(spend)];
                                        if (at != 0) part[g][at - 1].push_back(spend);
                                      });
                                    }));
    for (size_t g = 0; g < counted.size(); ++g) {
      for (size_t p = 0; p < kPercentiles && counted[g].figures.customers() > 0; ++p) {
        const size_t list = wanted[g * bins + ranks[g][p].bin] - size_t{1};
        std::vector<int64_t>& gathered = parts[0][g][list];
        if (list == p && parts.size() > 1) Append(gathered, parts[1][g][list]);
        counted[g].figures.percentile_micros[p] = ranks[g][p].Find(gathered).value_or(0);
      }
    }
    return absl::OkStatus();
  }

  const ReportView& view_;
  const AttributeGroups& groups_;
  const std::optional<WindowBounds> window_;
  const std::optional<MonthWindow> months_;  // the window, where it is whole months
  const bool has_sources_;
  const BinScale scale_;
  std::vector<CustomerBits> selected_;  // by chunk
};

}  // namespace

absl::StatusOr<GroupList> ScannedGroups(const ReportView& view, const AttributeGroups& groups,
                                        bool has_sources) {
  return GroupScan(view, groups, has_sources).Run();
}

}  // namespace clv::query
