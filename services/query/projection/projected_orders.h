// services/query/projection/projected_orders.h: orders from a customer's purchases.
#ifndef CLV_SERVICES_QUERY_PROJECTION_PROJECTED_ORDERS_H_
#define CLV_SERVICES_QUERY_PROJECTION_PROJECTED_ORDERS_H_

#include <memory>
#include <vector>

#include "common/storage/projection_source.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/order_block.h"

namespace clv::query {

// What a projection keeps of one customer's facts.
struct OrdersOfCustomer {
  std::vector<ProjectedOrder> orders;     // by date, then order_id
  std::shared_ptr<const RareFacts> rare;  // null: none
};

// Pure. Instants beyond 32 bits are taken for the last one (2106).
OrdersOfCustomer ProjectOrders(const storage::ProjectedFacts& facts);

// An instant in a column.
uint32_t ToInstant(int64_t seconds);
uint32_t ToInstant(const std::optional<int64_t>& seconds);  // absent: kNoInstant

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_PROJECTED_ORDERS_H_
