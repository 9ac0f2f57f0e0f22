#include "common/storage/sqlite/product_figures.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "common/base/status_macros.h"
#include "common/domain/customer_summary.h"

namespace clv::storage {

void ProductCounter::Table::Begin(size_t most) {
  if (slots_.size() < 2 * most || ++customer_ == 0) {
    slots_.assign(std::bit_ceil(std::max(2 * most, slots_.size())), {});
    customer_ = 1;
  }
  size_ = 0;
}

std::pair<uint32_t, bool> ProductCounter::Table::Number(TextId id) {
  constexpr uint32_t kGoldenRatio = 0x9e3779b9;
  const size_t last = slots_.size() - 1;
  size_t place = (id * kGoldenRatio >> 8) & last;
  for (; slots_[place].customer == customer_; place = (place + 1) & last) {
    if (slots_[place].id == id) return {slots_[place].number, false};
  }
  slots_[place] = {id, customer_, size_};
  return {size_++, true};
}

void ProductCounter::Add(const PurchaseFact& row) {
  if (row.product_id != 0) products_.Number(row.product_id);
  if (row.product_category == 0) return;
  const auto [number, is_new] = numbers_.Number(row.product_category);
  if (is_new) categories_.push_back({row.product_category, 0});
  categories_[number].micros += row.amount_micros;
}

void ProductCounter::AddOrder(absl::Span<const PurchaseFact* const> rows, TextId currency,
                              const ProductScope& scope) {
  const auto is_visible = [&](const PurchaseFact& row) {
    return row.currency == currency && row.date <= scope.as_of_seconds;
  };
  int64_t date = INT64_MAX;
  int64_t value_micros = 0;
  bool has_negative_row = false;
  for (const PurchaseFact* row : rows) {
    if (!is_visible(*row)) continue;
    date = std::min(date, row->date);
    value_micros += row->amount_micros;
    has_negative_row |= row->amount_micros < 0;
  }
  if (!domain::Order::Qualifies(value_micros, has_negative_row) || date < scope.start_seconds ||
      date > scope.end_seconds) {
    return;
  }
  for (const PurchaseFact* row : rows) {
    if (is_visible(*row)) Add(*row);
  }
}

absl::StatusOr<std::string_view> ProductCounter::FavoriteCategory() {
  std::string_view favorite;
  int64_t best = 0;
  for (const Category& category : categories_) {
    if (!favorite.empty() && category.micros < best) continue;
    CLV_ASSIGN_OR_RETURN(const std::string_view text, texts_.TextOf(category.id));
    if (favorite.empty() || category.micros > best || text < favorite) {
      favorite = text;
      best = category.micros;
    }
  }
  return favorite;
}

absl::StatusOr<ProductFigures> ProductCounter::Count(absl::Span<const PurchaseFact> rows,
                                                     const FactOrders& orders,
                                                     TextId reporting_currency,
                                                     const ProductScope& scope) {
  products_.Begin(rows.size());
  numbers_.Begin(rows.size());
  categories_.clear();
  const int64_t end = std::min(scope.end_seconds, scope.as_of_seconds);
  for (size_t i = 0; i < rows.size(); ++i) {
    const PurchaseFact& row = rows[i];
    if (row.currency == reporting_currency && orders.IsAlone(i) && row.amount_micros >= 0 &&
        row.date >= scope.start_seconds && row.date <= end) {
      Add(row);
    }
  }
  orders.ForEachShared([&](absl::Span<const PurchaseFact* const> shared) {
    AddOrder(shared, reporting_currency, scope);
  });
  CLV_ASSIGN_OR_RETURN(const std::string_view favorite, FavoriteCategory());
  return ProductFigures{.distinct_products = products_.size(), .favorite_category = favorite};
}

}  // namespace clv::storage
