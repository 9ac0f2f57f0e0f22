// services/query/projection/customer_states.h: the summaries of all customers at an instant.
#ifndef CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_STATES_H_
#define CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_STATES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "services/query/projection/chunk_scan.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/projection_version.h"

namespace clv::query {

// Immutable. The version outlives it.
class CustomerStates {
 public:
  // From the data's horizon on these are the kept ones; before it they are computed from the
  // orders.
  static absl::StatusOr<CustomerStates> At(const ProjectionVersion& version, int64_t as_of_seconds,
                                           const ScanOptions& options);

  const StateColumns& operator[](size_t chunk) const {
    return computed_.empty() ? version_->chunks[chunk].state : *computed_[chunk];
  }
  // The states are those of the version's chunks.
  bool are_kept() const { return computed_.empty(); }

 private:
  explicit CustomerStates(const ProjectionVersion& version) : version_(&version) {}

  const ProjectionVersion* version_;
  std::vector<std::unique_ptr<const StateColumns>> computed_;  // by chunk; empty: kept
};

// What the orders dated inside a window say of each customer of a chunk.
struct WindowColumns {
  Column<int64_t> spend_micros = {};
  Column<int64_t> refunded_micros = {};
  Column<uint32_t> orders = {};  // qualifying
  Column<uint32_t> first = {};   // of those; where there are any
  Column<uint32_t> last = {};
};

// Inclusive bounds; orders as they were known at `as_of_seconds`.
struct WindowBounds {
  int64_t as_of_seconds = 0;
  int64_t start_seconds = INT64_MIN;
  int64_t end_seconds = INT64_MAX;
};

// What of it is wanted.
struct WindowWanted {
  CustomerBits customers = 0;
  bool refunds = true;  // else refunded_micros is of no use
};

// Fills `columns` (all zeros before) for customers of a chunk. `state`: theirs, at the bounds'
// as_of.
void FillWindow(const CustomerChunk& chunk, const StateColumns& state, const WindowBounds& bounds,
                const WindowWanted& wanted, WindowColumns* columns);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_STATES_H_
