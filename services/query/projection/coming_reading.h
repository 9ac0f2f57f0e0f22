// services/query/projection/coming_reading.h: the state that a fold which is under way leads to, as
// far as it is told before its commit.
#ifndef CLV_SERVICES_QUERY_PROJECTION_COMING_READING_H_
#define CLV_SERVICES_QUERY_PROJECTION_COMING_READING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/coming_changes.h"
#include "common/storage/projection_source.h"
#include "services/query/projection/projection_version.h"

namespace clv::query {

// Reads a fold on top of the version that it goes on from. What is not told before the commit is
// ABORTED: another reading knows it once the fold has committed.
class ComingReading final : public storage::ProjectionReading {
 public:
  // All must outlive the reading.
  ComingReading(storage::ComingChanges& changes, const storage::ComingChanges::Fold& fold,
                const ProjectionVersion& before)
      : changes_(changes), fold_(fold), before_(before) {}

  const std::string& reporting_currency() const override { return fold_.base.reporting_currency; }
  // Of the version before, which a fold does not change.
  const std::string& store_id() const override { return before_.store_id; }
  absl::StatusOr<std::optional<storage::ScoringState>> Scoring() override {
    return before_.scoring;
  }

  // Known once the changes were visited.
  storage::LogPosition folded_position() const override { return outcome_.folded_position; }
  uint64_t last_change() const override { return outcome_.last_change; }
  std::optional<int64_t> horizon_seconds() const override { return outcome_.horizon_seconds; }

  // Waits for each, until the fold is complete. `change`: that of the version before.
  absl::StatusOr<bool> VisitChangedAfter(uint64_t change, VisitCustomer visit,
                                         VisitChange visit_change, VisitId visit_removed) override;

  absl::StatusOr<std::optional<domain::ServingFit>> FindFit(uint64_t version) override;
  absl::StatusOr<bool> AreManyChangedAfter(uint64_t change) override;
  absl::Status ScanFrom(storage::LogPosition position, VisitFacts visit, VisitId visit_id) override;
  absl::StatusOr<bool> Find(std::string_view customer_id, VisitFacts visit) override;

 private:
  storage::ComingChanges& changes_;
  const storage::ComingChanges::Fold& fold_;
  const ProjectionVersion& before_;
  storage::ComingChanges::Outcome outcome_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_COMING_READING_H_
