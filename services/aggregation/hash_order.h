// services/aggregation/hash_order.h: bringing equal hashes together.
#ifndef CLV_SERVICES_AGGREGATION_HASH_ORDER_H_
#define CLV_SERVICES_AGGREGATION_HASH_ORDER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace clv::aggregation {

// The places of `hashes` (at most 2^32, spread over all 64 bits) ordered by hash; equal hashes keep
// their order. Beside the places it takes next to no memory.
std::vector<uint32_t> HashOrder(absl::Span<const uint64_t> hashes);

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_HASH_ORDER_H_
