#include "common/storage/sqlite/product_figures.h"

#include <algorithm>

#include "common/base/status_macros.h"
#include "common/domain/customer_summary.h"

namespace clv::storage {
namespace {

// Every row is an order of its own, and qualifies.
bool AreAllOrders(absl::Span<const PurchaseFact> rows) {
  return std::all_of(rows.begin(), rows.end(), [](const PurchaseFact& row) {
    return row.order_id.empty() && row.amount_micros >= 0;
  });
}

bool IsUnbounded(const ProductScope& scope) {
  return scope.as_of_seconds == INT64_MAX && scope.start_seconds == INT64_MIN &&
         scope.end_seconds == INT64_MAX;
}

}  // namespace

void ProductCounter::KeepAll(absl::Span<const PurchaseFact> rows, TextId currency) {
  for (const PurchaseFact& row : rows) {
    if (row.currency == currency) kept_.push_back(&row);
  }
}

void ProductCounter::KeepQualifying(absl::Span<const PurchaseFact> rows, TextId currency,
                                    const ProductScope& scope) {
  visible_.clear();
  for (const PurchaseFact& row : rows) {
    if (row.currency == currency && row.date <= scope.as_of_seconds) visible_.push_back(&row);
  }
  SortByOrder(&visible_);
  for (size_t begin = 0; begin < visible_.size();) {
    size_t end = begin;
    domain::Order order{.order_id = {}, .date = visible_[begin]->date};
    for (; end < visible_.size() && visible_[end]->order() == visible_[begin]->order(); ++end) {
      order.date = std::min(order.date, visible_[end]->date);
      order.value_micros += visible_[end]->amount_micros;
      order.has_negative_row |= visible_[end]->amount_micros < 0;
    }
    if (order.Qualifies() && order.date >= scope.start_seconds && order.date <= scope.end_seconds) {
      kept_.insert(kept_.end(), visible_.begin() + static_cast<int64_t>(begin),
                   visible_.begin() + static_cast<int64_t>(end));
    }
    begin = end;
  }
}

absl::StatusOr<ProductFigures> ProductCounter::Count(absl::Span<const PurchaseFact> rows,
                                                     TextId reporting_currency,
                                                     const ProductScope& scope) {
  kept_.clear();
  if (IsUnbounded(scope) && AreAllOrders(rows)) {
    KeepAll(rows, reporting_currency);
  } else {
    KeepQualifying(rows, reporting_currency, scope);
  }
  products_.clear();
  categories_.clear();
  for (const PurchaseFact* row : kept_) {
    if (row->product_id != 0) products_.push_back(row->product_id);
    if (row->product_category == 0) continue;
    const auto known = std::find_if(categories_.begin(), categories_.end(), [&](const auto& entry) {
      return entry.first == row->product_category;
    });
    if (known == categories_.end()) {
      categories_.emplace_back(row->product_category, row->amount_micros);
    } else {
      known->second += row->amount_micros;
    }
  }
  std::sort(products_.begin(), products_.end());
  ProductFigures figures;
  figures.distinct_products =
      static_cast<uint64_t>(std::unique(products_.begin(), products_.end()) - products_.begin());
  int64_t best = 0;
  for (const auto& [category, sum] : categories_) {
    if (!figures.favorite_category.empty() && sum < best) continue;
    CLV_ASSIGN_OR_RETURN(const std::string_view text, texts_.TextOf(category));
    if (figures.favorite_category.empty() || sum > best || text < figures.favorite_category) {
      figures.favorite_category = text;
      best = sum;
    }
  }
  return figures;
}

}  // namespace clv::storage
