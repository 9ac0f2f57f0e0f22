// services/query/projection/changed_customers.h: goes through what two versions differ in.
#ifndef CLV_SERVICES_QUERY_PROJECTION_CHANGED_CUSTOMERS_H_
#define CLV_SERVICES_QUERY_PROJECTION_CHANGED_CUSTOMERS_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/projection_version.h"

namespace clv::query {

// Calls `visit(number, was, is)` for customers by number: their chunk in an earlier version (null:
// they are not there, or there is none) and in a later one. They lie all over memory, which is
// fetched some customers ahead.
template <typename Visit>
void ForEachChanged(const ProjectionVersion* before, const ProjectionVersion& after,
                    absl::Span<const uint32_t> changed, const Visit& visit) {
  constexpr size_t kAhead = 8;
  const auto was = [&](uint32_t number) {
    const bool is_old = before != nullptr && number < before->customers;
    return is_old ? &before->ChunkOf(number) : nullptr;
  };
  const auto fetch = [&](size_t k) {
    if (k >= changed.size()) return;
    const size_t i = changed[k] % kChunkCustomers;
    if (const CustomerChunk* const chunk = was(changed[k])) chunk->PrefetchFacts(i);
    after.ChunkOf(changed[k]).PrefetchFacts(i);
  };
  for (size_t k = 0; k < kAhead; ++k) fetch(k);
  for (size_t k = 0; k < changed.size(); ++k) {
    fetch(k + kAhead);
    visit(changed[k], was(changed[k]), after.ChunkOf(changed[k]));
  }
}

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_CHANGED_CUSTOMERS_H_
