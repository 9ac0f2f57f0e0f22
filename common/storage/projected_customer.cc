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

bool IsEarlier(const GroupedOrder& a, const GroupedOrder& b) {
  return a.order.date != b.order.date ? a.order.date < b.order.date : a.order_id < b.order_id;
}

ProjectedOrder OrderOf(const PurchaseFact& row) {
  return {ToInstant(row.date), row.amount_micros, row.amount_micros >= 0};
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
    if (row.currency == purchases.reporting_currency) orders->push_back(OrderOf(row));
  }
  // They come by purchase_id, which is the order_id, and often is as old as the purchase.
  const auto is_earlier = [](const ProjectedOrder& a, const ProjectedOrder& b) {
    return a.date < b.date;
  };
  if (!std::is_sorted(orders->begin(), orders->end(), is_earlier)) {
    std::stable_sort(orders->begin(), orders->end(), is_earlier);
  }
}

void ProjectGroups(const PurchasesOfCustomer& purchases, const FactOrders& orders_of_rows,
                   std::vector<ProjectedOrder>* orders, std::vector<OrderRow>* rows_of_several) {
  std::vector<GroupedOrder> groups;
  groups.reserve(purchases.rows.size());
  for (size_t i = 0; i < purchases.rows.size(); ++i) {
    const PurchaseFact& row = purchases.rows[i];
    if (row.currency != purchases.reporting_currency || !orders_of_rows.IsAlone(i)) continue;
    groups.push_back({OrderOf(row), row.purchase_id});
  }
  const auto shared = static_cast<std::ptrdiff_t>(groups.size());
  std::vector<const PurchaseFact*> rows;
  orders_of_rows.ForEachShared([&](absl::Span<const PurchaseFact* const> of_one) {
    const size_t begin = rows.size();
    std::copy_if(of_one.begin(), of_one.end(), std::back_inserter(rows),
                 [&](const auto* row) { return row->currency == purchases.reporting_currency; });
    if (rows.size() == begin) return;
    groups.push_back({OrderOf(absl::MakeConstSpan(rows).subspan(begin)), of_one.front()->order(),
                      begin, rows.size()});
  });
  if (!std::is_sorted(groups.begin(), groups.begin() + shared, IsEarlier)) {
    std::sort(groups.begin(), groups.begin() + shared, IsEarlier);
  }
  std::sort(groups.begin() + shared, groups.end(), IsEarlier);
  std::inplace_merge(groups.begin(), groups.begin() + shared, groups.end(), IsEarlier);
  orders->reserve(groups.size());
  for (const GroupedOrder& group : groups) {
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
  FactOrders orders;
  orders.Group(facts.purchases.rows);
  if (orders.together().empty()) {
    ProjectSingleRows(facts.purchases, &projected->orders);
  } else {
    ProjectGroups(facts.purchases, orders, &projected->orders, &rare.rows);
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
