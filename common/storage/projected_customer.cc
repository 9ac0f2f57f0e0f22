#include "common/storage/projected_customer.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/domain/customer_summary.h"

namespace clv::storage {
namespace {

// Rows of one order, next to each other.
struct GroupedOrder {
  ProjectedOrder order;
  std::string_view order_id;
  size_t begin = 0;
  size_t end = 0;
};

ProjectedOrder OrderOf(absl::Span<const PurchaseFact* const> rows) {
  domain::Order order{.order_id = {}, .date = rows.front()->date};
  for (const PurchaseFact* row : rows) {
    order.date = std::min(order.date, row->date);
    order.value_micros += row->amount_micros;
    order.has_negative_row |= row->amount_micros < 0;
  }
  return {ToInstant(order.date), order.value_micros, order.Qualifies()};
}

// Rows that are orders of their own, as almost all are.
void ProjectSingleRows(const std::vector<const PurchaseFact*>& rows,
                       std::vector<ProjectedOrder>* orders) {
  orders->reserve(rows.size());
  for (const PurchaseFact* row : rows) {
    orders->push_back({ToInstant(row->date), row->amount_micros, row->amount_micros >= 0});
  }
  // They come by purchase_id, which is the order_id, and often is as old as the purchase.
  const auto is_earlier = [](const ProjectedOrder& a, const ProjectedOrder& b) {
    return a.date < b.date;
  };
  if (!std::is_sorted(orders->begin(), orders->end(), is_earlier)) {
    std::stable_sort(orders->begin(), orders->end(), is_earlier);
  }
}

void ProjectGroups(std::vector<const PurchaseFact*>& rows, std::vector<ProjectedOrder>* orders,
                   std::vector<OrderRow>* rows_of_several) {
  SortByOrder(&rows);
  std::vector<GroupedOrder> groups;
  for (size_t begin = 0; begin < rows.size();) {
    size_t end = begin + 1;
    while (end < rows.size() && rows[end]->order() == rows[begin]->order()) ++end;
    groups.push_back({OrderOf(absl::MakeSpan(rows).subspan(begin, end - begin)),
                      rows[begin]->order(), begin, end});
    begin = end;
  }
  std::sort(groups.begin(), groups.end(), [](const GroupedOrder& a, const GroupedOrder& b) {
    return std::tie(a.order.date, a.order_id) < std::tie(b.order.date, b.order_id);
  });
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
  std::vector<const PurchaseFact*> rows;
  rows.reserve(facts.purchases.rows.size());
  bool are_single = true;
  for (const PurchaseFact& row : facts.purchases.rows) {
    if (row.currency != facts.purchases.reporting_currency) {
      rare.unconverted_dates.push_back(ToInstant(row.date));
      continue;
    }
    are_single &= row.order_id.empty();
    rows.push_back(&row);
  }
  if (are_single) {
    ProjectSingleRows(rows, &projected->orders);
  } else {
    ProjectGroups(rows, &projected->orders, &rare.rows);
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
