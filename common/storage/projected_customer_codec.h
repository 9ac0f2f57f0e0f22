// common/storage/projected_customer_codec.h: projected customers in few bytes, for the way from who
// folds to who keeps copies.
#ifndef CLV_COMMON_STORAGE_PROJECTED_CUSTOMER_CODEC_H_
#define CLV_COMMON_STORAGE_PROJECTED_CUSTOMER_CODEC_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/base/byte_codec.h"
#include "common/storage/orders_change.h"
#include "common/storage/projected_customer.h"

namespace clv::storage {

// What packed facts tell: the customer as a whole, or what changes of one that is known.
enum class FactsKind : uint8_t { kCustomer = 0, kChange = 1 };

// Appends a customer, about 6 bytes an order and 80 besides.
void PackCustomer(const ProjectedCustomer& customer, ByteWriter* bytes);
// Appends a change, about 7 bytes an order and 60 besides.
void PackChange(const OrdersChange& change, ByteWriter* bytes);

// Whose facts are packed; empty when the bytes are none. A view into them.
std::string_view IdOfFacts(std::string_view packed);

// Reads facts, all of the bytes, over `customer` or `change`, which the kind tells; DATA_LOSS when
// the bytes are none.
absl::StatusOr<FactsKind> UnpackFacts(std::string_view packed, ProjectedCustomer* customer,
                                      OrdersChange* change);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_PROJECTED_CUSTOMER_CODEC_H_
