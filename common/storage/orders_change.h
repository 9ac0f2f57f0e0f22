// common/storage/orders_change.h: how a customer's orders differ from what they were.
#ifndef CLV_COMMON_STORAGE_ORDERS_CHANGE_H_
#define CLV_COMMON_STORAGE_ORDERS_CHANGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/storage/projected_customer.h"

namespace clv::storage {

// What has become of a customer of whom a copy of the state before is kept, where nothing has
// changed but purchases in the reporting currency that are orders of their own, at instants at
// which there was and is no other: orders of one instant are ordered by their ids, which are not
// told.
struct OrdersChange {
  // As it is now. Attributes, `described`, `imported` and `signup_date` are as they were, and not
  // told.
  CustomerValue value;
  std::vector<ProjectedOrder> added, removed;
  uint64_t distinct_products = 0;
  std::string favorite_category;  // empty: none

  bool operator==(const OrdersChange&) const = default;
};

// Makes of orders, by date, and of the rows of those that have several, what they are after the
// change. False, and neither is of use any more, when an
// order is not there that was removed: the change is none of this state. Pure.
bool ApplyChange(const OrdersChange& change, std::vector<ProjectedOrder>* orders,
                 std::vector<OrderRow>* rows);

// The same of a customer, and of all else that the change tells.
bool ApplyChange(const OrdersChange& change, ProjectedCustomer* customer);

// Turns `change` into it and `next`, the one after it, together. Pure.
void Join(const OrdersChange& next, OrdersChange* change);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_ORDERS_CHANGE_H_
