#include "services/query/projection/customer_states.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/types/span.h"
#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "services/query/projection/repeat_spend.h"
#include "services/query/projection/visible_orders.h"

namespace clv::query {
namespace {

// The summary of one customer, order after order; see domain::Summarize.
class StateOf {
 public:
  // `imported`: the visible record, or null.
  StateOf(const ImportedRecord* imported, int64_t as_of_seconds)
      : as_of_(as_of_seconds), imported_(imported), repeat_spend_(imported) {
    if (imported_ != nullptr) {
      imported_day_ = DayOf(imported_->updated_at);
      spend_ = imported_->spend_micros;
      count_ = imported_->purchase_count;
      Widen(imported_->first);
      Widen(imported_->last);
    }
  }

  void Add(const VisibleOrder& order, const OrderRow* row, const OrderRow* rows_end) {
    if (row == rows_end) {
      AddRow(order.date, order.value_micros);
    } else {
      for (; row != rows_end; ++row) {
        if (int64_t{row->date} <= as_of_) AddRow(row->date, row->amount_micros);
      }
    }
    if (!order.qualifies) return;
    repeat_spend_.Add(order.date, order.value_micros);
    Widen(order.date);
    if (Counts(order.date)) ++count_;
    const int64_t day = DayOf(order.date);
    if (day != last_day_ && (imported_ == nullptr || day > imported_day_)) ++days_;
    last_day_ = day;
  }

  void Store(size_t i, StateColumns* columns) {
    repeat_spend_.Store(i, columns);
    columns->spend_micros.Set(i, spend_);
    columns->refunded_micros.Set(i, refunded_);
    columns->purchase_count.Set(i, count_);
    columns->repeat_order_days.Set(i, imported_ != nullptr ? imported_->purchase_count - 1 + days_
                                                           : std::max<int64_t>(0, days_ - 1));
    columns->first[i] = count_ > 0 || has_date_ ? first_ : 0;
    columns->last[i] = last_;
    columns->has_rows.Set(i, rows_ > 0);
    columns->imported.Set(i, imported_ != nullptr);
  }

 private:
  bool Counts(uint32_t date) const { return imported_ == nullptr || date > imported_->updated_at; }
  void AddRow(uint32_t date, int64_t amount_micros) {
    ++rows_;
    if (!Counts(date)) return;
    spend_ += amount_micros;
    refunded_ += std::max<int64_t>(0, -amount_micros);
  }
  void Widen(uint32_t date) {
    first_ = std::min(first_, date);
    last_ = std::max(last_, date);
    has_date_ = true;
  }

  const int64_t as_of_;
  const ImportedRecord* const imported_;
  RepeatSpend repeat_spend_;
  int64_t imported_day_ = 0;
  int64_t spend_ = 0;
  int64_t refunded_ = 0;
  int64_t count_ = 0;
  int64_t days_ = 0;
  int64_t last_day_ = -1;  // orders come by date
  uint32_t first_ = kNoInstant;
  uint32_t last_ = 0;
  uint32_t rows_ = 0;
  bool has_date_ = false;
};

const ImportedRecord* VisibleImport(const CustomerChunk& chunk, size_t i, int64_t as_of_seconds) {
  const ImportedRecord* const imported = chunk.rare.ImportedOf(i);
  const bool is_visible = imported != nullptr && int64_t{imported->last} <= as_of_seconds;
  return is_visible ? imported : nullptr;
}

std::unique_ptr<const StateColumns> Compute(const CustomerChunk& chunk, size_t size,
                                            int64_t as_of_seconds) {
  auto columns = std::make_unique<StateColumns>();
  for (size_t i = 0; i < size; ++i) {
    StateOf state(VisibleImport(chunk, i, as_of_seconds), as_of_seconds);
    ForEachVisibleOrder(chunk, i, as_of_seconds,
                        [&](const VisibleOrder& order, const OrderRow* row, const OrderRow* end) {
                          state.Add(order, row, end);
                        });
    state.Store(i, columns.get());
  }
  return columns;
}

}  // namespace

absl::StatusOr<CustomerStates> CustomerStates::At(const ProjectionVersion& version,
                                                  int64_t as_of_seconds,
                                                  const ScanOptions& options) {
  CustomerStates states(version);
  if (!version.horizon_seconds || as_of_seconds >= *version.horizon_seconds) return states;
  states.computed_.resize(version.chunks.size());
  struct Nothing {};
  CLV_RETURN_IF_ERROR(ScanChunks(version.chunks.size(), {options.deadline, true}, Nothing{},
                                 [&](size_t c, Nothing&) {
                                   states.computed_[c] =
                                       Compute(version.chunks[c], version.SizeOf(c), as_of_seconds);
                                 })
                          .status());
  return states;
}

namespace {

void FillWindowByRows(const CustomerChunk& chunk, size_t i, const WindowBounds& bounds,
                      WindowColumns* columns) {
  ForEachVisibleOrder(
      chunk, i, bounds.as_of_seconds,
      [&](const VisibleOrder& order, const OrderRow* /*row*/, const OrderRow* /*end*/) {
        if (int64_t{order.date} < bounds.start_seconds ||
            int64_t{order.date} > bounds.end_seconds) {
          return;
        }
        columns->spend_micros[i] += order.value_micros;
        columns->refunded_micros[i] += order.refunded_micros;
        if (!order.qualifies) return;
        if (columns->orders[i]++ == 0) columns->first[i] = order.date;
        columns->last[i] = order.date;
      });
}

bool AreAllVisible(absl::Span<const OrderRow> rows, int64_t as_of_seconds) {
  return std::all_of(rows.begin(), rows.end(),
                     [&](const OrderRow& row) { return int64_t{row.date} <= as_of_seconds; });
}

// What the rows of orders that have several refund inside a window beyond what the orders' sums
// say.
int64_t RefundedBeside(const OrderBlock& block, size_t customer, absl::Span<const OrderRow> rows,
                       uint32_t first_date, uint32_t last_date) {
  int64_t refunded_micros = 0;
  for (const auto* row = rows.begin(); row != rows.end();) {
    const uint32_t index = row->order;
    const ProjectedOrder order = block.OrderOf(customer, index);
    const bool is_inside = order.date >= first_date && order.date <= last_date;
    if (is_inside) refunded_micros -= std::max<int64_t>(0, -order.value_micros);
    for (; row != rows.end() && row->order == index; ++row) {
      if (is_inside) refunded_micros += std::max<int64_t>(0, -row->amount_micros);
    }
  }
  return refunded_micros;
}

// What the state alone says of the orders inside a window, where it can: nothing was refunded, so
// that all orders qualify and lie between the first and the last, and they lie outside together or
// inside together. Returns whether it could.
bool FillWindowFromState(const StateColumns& state, size_t i, uint32_t first_date,
                         uint32_t last_date, WindowColumns* columns) {
  if (state.refunded_micros[i] != 0 || state.imported[i]) return false;
  const uint32_t first = state.first[i];
  const uint32_t last = state.last[i];
  if (state.purchase_count[i] == 0 || first > last_date || last < first_date) return true;
  if (first < first_date || last > last_date) return false;
  columns->spend_micros[i] = state.spend_micros[i];
  columns->orders[i] = static_cast<uint32_t>(state.purchase_count[i]);
  columns->first[i] = first;
  columns->last[i] = last;
  return true;
}

void FillWindowFromOrders(const CustomerChunk& chunk, CustomerBits customers,
                          const WindowBounds& bounds, uint32_t first_date, uint32_t last_date,
                          bool tells_refunds, WindowColumns* columns) {
  chunk.rare.Prefetch();
  chunk.ForEachWithOrders(customers, [&](size_t i) {
    const bool has_rows = chunk.rare.Has(i);
    // No row is dated after the last activity.
    if (has_rows && int64_t{chunk.LastActivity(i)} > bounds.as_of_seconds &&
        !AreAllVisible(chunk.rare.RowsOf(i), bounds.as_of_seconds)) {
      FillWindowByRows(chunk, i, bounds, columns);
      return;
    }
    const OrderBlock* const block = chunk.orders[i / kBlockCustomers].get();
    if (block == nullptr) return;
    const OrderBlock::Sums sums = block->SumsOf(i % kBlockCustomers, first_date, last_date);
    columns->spend_micros[i] = sums.value_micros;
    columns->refunded_micros[i] = -sums.negative_micros;
    columns->orders[i] = sums.qualifying;
    columns->first[i] = sums.qualifying > 0 ? sums.first : 0;
    columns->last[i] = sums.last;
    if (tells_refunds && has_rows) {
      columns->refunded_micros[i] +=
          RefundedBeside(*block, i % kBlockCustomers, chunk.rare.RowsOf(i), first_date, last_date);
    }
  });
}

}  // namespace

void FillWindow(const CustomerChunk& chunk, const StateColumns& state, const WindowBounds& bounds,
                const WindowWanted& wanted, WindowColumns* columns) {
  // Orders that are rows of their own are visible by their own date.
  const int64_t end = std::min(bounds.end_seconds, bounds.as_of_seconds);
  if (end < 0 || bounds.start_seconds >= int64_t{kNoInstant}) return;
  const uint32_t first_date =
      static_cast<uint32_t>(std::clamp<int64_t>(bounds.start_seconds, 0, kNoInstant));
  const uint32_t last_date = static_cast<uint32_t>(std::clamp<int64_t>(end, 0, kNoInstant));
  CustomerBits by_orders = 0;
  ForEachOf(wanted.customers, [&](size_t i) {
    const bool is_filled = FillWindowFromState(state, i, first_date, last_date, columns);
    by_orders |= CustomerBits{!is_filled} << i;
  });
  FillWindowFromOrders(chunk, by_orders, bounds, first_date, last_date, wanted.refunds, columns);
}

}  // namespace clv::query
