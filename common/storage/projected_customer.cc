#include "common/storage/projected_customer.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "common/domain/customer_summary.h"
#include "common/storage/fact_orders.h"

namespace clv::storage {
namespace {

// An order, and the rows in the reporting currency that it has if it has several.
struct GroupedOrder {
  ProjectedOrder order;
  std::string_view order_id;
  size_t begin = 0;
  size_t end = 0;
};

// The places of the orders by date, then order_id.
std::vector<uint32_t> PlacesInOrder(absl::Span<const GroupedOrder> orders) {
  const auto date_of = [](uint64_t key) { return key >> 32; };
  const auto order_of = [&](uint64_t key) -> const GroupedOrder& {
    return orders[static_cast<uint32_t>(key)];
  };
  std::vector<uint64_t> keys(orders.size());  // numbers sort faster than orders
  for (size_t i = 0; i < orders.size(); ++i) keys[i] = uint64_t{orders[i].order.date} << 32 | i;
  std::sort(keys.begin(), keys.end());
  for (auto begin = keys.begin(); begin != keys.end();) {
    const auto end = std::find_if(begin, keys.end(),
                                  [&](uint64_t key) { return date_of(key) != date_of(*begin); });
    std::sort(begin, end,
              [&](uint64_t a, uint64_t b) { return order_of(a).order_id < order_of(b).order_id; });
    begin = end;
  }
  return {keys.begin(), keys.end()};
}

ProjectedOrder OrderOf(absl::Span<const PurchaseFact* const> rows) {
  domain::Order order{.order_id = {}, .date = rows.front()->date};
  for (const PurchaseFact* row : rows) {
    order.date = std::min(order.date, row->date);
    order.value_micros += row->amount_micros;
    order.has_negative_row |= row->amount_micros < 0;
  }
  return {ToInstant(order.date), order.value_micros, order.Qualifies()};
}

// Where every row is an order of its own.
void ProjectSingleRows(const PurchasesOfCustomer& purchases, std::vector<ProjectedOrder>* orders) {
  orders->reserve(purchases.rows.size());
  for (const PurchaseFact& row : purchases.rows) {
    if (row.currency == purchases.reporting_currency) orders->push_back(OrderOfRow(row));
  }
  // They come by purchase_id, which is the order_id, and often is as old as the purchase.
  const auto is_earlier = [](const ProjectedOrder& a, const ProjectedOrder& b) {
    return a.date < b.date;
  };
  if (!std::is_sorted(orders->begin(), orders->end(), is_earlier)) {
    std::stable_sort(orders->begin(), orders->end(), is_earlier);
  }
}

void ProjectGroups(const PurchasesOfCustomer& purchases, std::vector<ProjectedOrder>* orders,
                   std::vector<OrderRow>* rows_of_several) {
  const FactOrders& orders_of_rows = *purchases.orders;
  std::vector<GroupedOrder> groups;
  groups.reserve(purchases.rows.size());
  for (size_t i = 0; i < purchases.rows.size(); ++i) {
    const PurchaseFact& row = purchases.rows[i];
    if (row.currency != purchases.reporting_currency || !orders_of_rows.IsAlone(i)) continue;
    groups.push_back({OrderOfRow(row), row.purchase_id});
  }
  std::vector<const PurchaseFact*> rows;
  orders_of_rows.ForEachShared([&](absl::Span<const PurchaseFact* const> of_one) {
    const size_t begin = rows.size();
    std::copy_if(of_one.begin(), of_one.end(), std::back_inserter(rows),
                 [&](const auto* row) { return row->currency == purchases.reporting_currency; });
    if (rows.size() == begin) return;
    groups.push_back({OrderOf(absl::MakeConstSpan(rows).subspan(begin)), of_one.front()->order(),
                      begin, rows.size()});
  });
  orders->reserve(groups.size());
  for (const uint32_t place : PlacesInOrder(groups)) {
    const GroupedOrder& group = groups[place];
    if (group.end - group.begin > 1) {
      for (size_t i = group.begin; i < group.end; ++i) {
        rows_of_several->push_back({static_cast<uint32_t>(orders->size()), ToInstant(rows[i]->date),
                                    rows[i]->amount_micros});
      }
    }
    orders->push_back(group.order);
  }
}

}  // namespace

ProjectedOrder OrderOfRow(const PurchaseFact& row) {
  return {ToInstant(row.date), row.amount_micros, row.amount_micros >= 0};
}

uint32_t ToInstant(int64_t seconds) {
  return static_cast<uint32_t>(std::clamp<int64_t>(seconds, 0, kNoInstant - 1));
}

uint32_t ToInstant(const std::optional<int64_t>& seconds) {
  return seconds ? ToInstant(*seconds) : kNoInstant;
}

void ProjectCustomer(CustomerInStore facts, ProjectedCustomer* projected) {
  projected->orders.clear();
  projected->rare = {};
  RareFacts& rare = projected->rare;
  for (const PurchaseFact& row : facts.purchases.rows) {
    if (row.currency != facts.purchases.reporting_currency) {
      rare.unconverted_dates.push_back(ToInstant(row.date));
    }
  }
  if (facts.purchases.orders->together().empty()) {
    ProjectSingleRows(facts.purchases, &projected->orders);
  } else {
    ProjectGroups(facts.purchases, &projected->orders, &rare.rows);
  }
  std::sort(rare.unconverted_dates.begin(), rare.unconverted_dates.end());
  if (facts.imported) {
    rare.imported = {.spend_micros = facts.imported->total_spend_micros,
                     .purchase_count = facts.imported->purchase_count,
                     .first = ToInstant(facts.imported->first_purchase_date),
                     .last = ToInstant(facts.imported->last_purchase_date),
                     .updated_at = ToInstant(facts.imported->updated_at)};
  }
  projected->value = std::move(facts.value);
  projected->distinct_products = facts.purchases.products.distinct_products;
  projected->favorite_category = facts.purchases.products.favorite_category;
}

}  // namespace clv::storage
