#include "services/query/projection/coming_reading.h"

#include "common/base/status_macros.h"
#include "common/storage/projected_customer_codec.h"

namespace clv::query {
namespace {

absl::Status NotTold() { return absl::AbortedError("a fold that is under way does not tell this"); }

}  // namespace

absl::StatusOr<bool> ComingReading::VisitChangedAfter(uint64_t change, VisitCustomer visit,
                                                      VisitChange visit_change,
                                                      VisitId /*visit_removed*/) {
  if (change != fold_.base.change) return NotTold();
  storage::ProjectedCustomer customer;
  storage::OrdersChange orders;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const std::vector<std::string> told, changes_.Next(fold_.number));
    if (told.empty()) break;
    for (const std::string& packed : told) {
      CLV_ASSIGN_OR_RETURN(const storage::FactsKind kind,
                           storage::UnpackFacts(packed, &customer, &orders));
      CLV_RETURN_IF_ERROR(kind == storage::FactsKind::kCustomer ? visit(customer)
                                                                : visit_change(orders));
    }
  }
  CLV_ASSIGN_OR_RETURN(outcome_, changes_.OutcomeOf(fold_.number));
  // The one change after the version before.
  if (outcome_.last_change != change + 1) return NotTold();
  return true;
}

absl::StatusOr<std::optional<domain::ServingFit>> ComingReading::FindFit(uint64_t /*version*/) {
  return NotTold();
}

absl::StatusOr<bool> ComingReading::AreManyChangedAfter(uint64_t /*change*/) { return NotTold(); }

absl::Status ComingReading::ScanFrom(storage::LogPosition /*position*/, VisitFacts /*visit*/,
                                     VisitId /*visit_id*/) {
  return NotTold();
}

absl::StatusOr<bool> ComingReading::Find(std::string_view /*customer_id*/, VisitFacts /*visit*/) {
  return NotTold();
}

}  // namespace clv::query
