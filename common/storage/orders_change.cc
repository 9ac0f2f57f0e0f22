#include "common/storage/orders_change.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace clv::storage {
namespace {

bool HasRows(const std::vector<OrderRow>& rows, uint32_t order) {
  const auto at = std::lower_bound(rows.begin(), rows.end(), order,
                                   [](const OrderRow& row, uint32_t o) { return row.order < o; });
  return at != rows.end() && at->order == order;
}

void Add(const ProjectedOrder& order, std::vector<ProjectedOrder>* orders,
         std::vector<OrderRow>* rows) {
  const auto place =
      std::upper_bound(orders->begin(), orders->end(), order.date,
                       [](uint32_t date, const ProjectedOrder& o) { return date < o.date; });
  const auto index = static_cast<uint32_t>(place - orders->begin());
  orders->insert(place, order);
  for (OrderRow& row : *rows) row.order += row.order >= index ? 1 : 0;
}

bool Remove(const ProjectedOrder& order, std::vector<ProjectedOrder>* orders,
            std::vector<OrderRow>* rows) {
  auto place =
      std::lower_bound(orders->begin(), orders->end(), order.date,
                       [](const ProjectedOrder& o, uint32_t date) { return o.date < date; });
  const auto index = [&] { return static_cast<uint32_t>(place - orders->begin()); };
  // What was removed had one row.
  while (place != orders->end() && (*place != order || HasRows(*rows, index()))) {
    if (place->date > order.date) return false;
    ++place;
  }
  if (place == orders->end()) return false;
  for (OrderRow& row : *rows) row.order -= row.order > index() ? 1 : 0;
  orders->erase(place);
  return true;
}

}  // namespace

bool ApplyChange(const OrdersChange& change, std::vector<ProjectedOrder>* orders,
                 std::vector<OrderRow>* rows) {
  // First: of joined changes one may have removed what an earlier one added.
  for (const ProjectedOrder& order : change.added) Add(order, orders, rows);
  return std::all_of(change.removed.begin(), change.removed.end(),
                     [&](const ProjectedOrder& order) { return Remove(order, orders, rows); });
}

bool ApplyChange(const OrdersChange& change, ProjectedCustomer* customer) {
  customer->value.summary = change.value.summary;
  customer->value.updated_at = change.value.updated_at;
  customer->value.folded_position = change.value.folded_position;
  customer->distinct_products = change.distinct_products;
  customer->favorite_category = change.favorite_category;
  return ApplyChange(change, &customer->orders, &customer->rare.rows);
}

void Join(const OrdersChange& next, OrdersChange* change) {
  const auto append = [](const auto& more, auto* to) {
    to->insert(to->end(), more.begin(), more.end());
  };
  change->value = next.value;
  change->distinct_products = next.distinct_products;
  change->favorite_category = next.favorite_category;
  append(next.added, &change->added);
  append(next.removed, &change->removed);
}

}  // namespace clv::storage
