// common/storage/projection_source.h: what a copy of all customers in memory is made from, and kept
// current with.
//
// The contract between the columnar projection and a storage backend. Errors as in storage.h.
#ifndef CLV_COMMON_STORAGE_PROJECTION_SOURCE_H_
#define CLV_COMMON_STORAGE_PROJECTION_SOURCE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/domain/served_model.h"
#include "common/storage/clv_store.h"
#include "common/storage/model_store.h"
#include "common/storage/orders_change.h"
#include "common/storage/projected_customer.h"

namespace clv::storage {

// One consistent state. Keep it short: it holds back the reclaiming of space. Thread-compatible.
class ProjectionReading {
 public:
  virtual ~ProjectionReading() = default;

  // Given to the store when it was made.
  virtual const std::string& store_id() const = 0;
  virtual LogPosition folded_position() const = 0;
  // Counts the transactions that changed values; 0 in a store that never saw one.
  virtual uint64_t last_change() const = 0;
  // Empty while there is none yet.
  virtual const std::string& reporting_currency() const = 0;
  // Latest date in the data, absent without data.
  virtual std::optional<int64_t> horizon_seconds() const = 0;

  // The last complete scoring, and the fit of a version; absent where there is none.
  virtual absl::StatusOr<std::optional<ScoringState>> Scoring() = 0;
  virtual absl::StatusOr<std::optional<domain::ServingFit>> FindFit(uint64_t version) = 0;

  // Calls `visit` with each customer whose value was written by changes after number `change`, or
  // `visit_change` with what they have changed of one, and `visit_removed` with the id of each
  // whose value they removed; false, and no call, when these are not known any more. No order.
  // `visit` and `visit_change` may take what they get apart.
  using VisitCustomer = absl::FunctionRef<absl::Status(ProjectedCustomer& customer)>;
  using VisitChange = absl::FunctionRef<absl::Status(OrdersChange& change)>;
  using VisitId = absl::FunctionRef<absl::Status(std::string_view customer_id)>;
  virtual absl::StatusOr<bool> VisitChangedAfter(uint64_t change, VisitCustomer visit,
                                                 VisitChange visit_change,
                                                 VisitId visit_removed) = 0;

  // Whether these are more than some forty thousand, or not known: without looking at them.
  virtual absl::StatusOr<bool> AreManyChangedAfter(uint64_t change) = 0;

  // Every value that was last written by the fold of `position` or a later one (0: all), with its
  // facts; calls `visit_id` with the id of each other customer that has a value. No order.
  using VisitFacts = absl::FunctionRef<absl::Status(CustomerInStore facts)>;
  virtual absl::Status ScanFrom(LogPosition position, VisitFacts visit, VisitId visit_id) = 0;

  // The facts of one customer; false, and no call, when it has no value.
  virtual absl::StatusOr<bool> Find(std::string_view customer_id, VisitFacts visit) = 0;
};

// Opens readings, one at a time. Thread-compatible.
class ProjectionSource {
 public:
  virtual ~ProjectionSource() = default;

  // A reading of the newest state. UNAVAILABLE while there is no store yet.
  virtual absl::StatusOr<std::unique_ptr<ProjectionReading>> Read() = 0;
};

// What every answer must contain: whoever waited for it has been told that it is there.
struct AnnouncedState {
  LogPosition folded_position = 0;
  uint64_t last_change = 0;             // as ProjectionReading says
  std::optional<ScoringState> scoring;  // that is complete
};

// Tells whether a state is still the newest. Thread-safe.
class ChangeWatch {
 public:
  virtual ~ChangeWatch() = default;

  // A number that moves with every commit. UNAVAILABLE while there is no store yet.
  virtual absl::StatusOr<int64_t> Version() = 0;

  // What had been announced at the call. The same error.
  virtual absl::StatusOr<AnnouncedState> Announced() = 0;

  // Waits until Version may differ from `seen`, or `timeout` is over.
  virtual void WaitBeyond(int64_t seen, std::chrono::milliseconds timeout) = 0;
};

// The rows that product figures look at: those of qualifying orders dated inside the bounds, as the
// order is known at `as_of`.
struct ProductScope {
  int64_t as_of_seconds = INT64_MAX;
  int64_t start_seconds = INT64_MIN;
  int64_t end_seconds = INT64_MAX;
};

// What is shown of a customer besides numbers. Absent: not known.
struct CustomerDetails {
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::optional<bool> active;  // absent when not described
  // Where a scope was given.
  uint64_t distinct_products = 0;
  std::optional<std::string> favorite_category;
};

// Reads what a projection does not keep, for the rows that are shown. Thread-safe.
class CustomerDetailsReader {
 public:
  virtual ~CustomerDetailsReader() = default;

  // One consistent state of some customers.
  struct State {
    std::vector<CustomerDetails> details;  // by index of the ids
    // Whether nothing that is read has changed since: it is also what it was then.
    bool is_as_of_change = false;
  };
  // `change`: as ProjectionReading::last_change says. DEADLINE_EXCEEDED past the deadline.
  virtual absl::StatusOr<State> Read(absl::Span<const std::string_view> customer_ids,
                                     const std::optional<ProductScope>& products, uint64_t change,
                                     std::chrono::steady_clock::time_point deadline) = 0;
  // The same of one customer, without the products and without saying of which state.
  virtual absl::StatusOr<CustomerDetails> ReadOne(
      std::string_view customer_id, std::chrono::steady_clock::time_point deadline) = 0;

  // Keeps nothing of what was read: it may be about customers who were erased since.
  virtual void Forget() = 0;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_PROJECTION_SOURCE_H_
