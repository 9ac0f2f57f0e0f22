#include "services/ingest/refusal_tally.h"

#include <algorithm>

namespace clv::ingest {
namespace {

// Reasons are those of the rules, of which there are some dozens; texts that are no JSON add a few.
// The bound is for reasons that somebody makes of what was sent.
constexpr size_t kMaxReasons = 1'000;

}  // namespace

void RefusalTally::Count(const std::vector<storage::LogBatch>& batches) {
  std::lock_guard lock(mutex_);
  for (const storage::LogBatch& batch : batches) {
    for (const storage::QuarantinedRow& row : batch.quarantined) {
      std::map<Key, Tally>& reasons = tallies_[row.data_source];
      const auto count = [&](const std::string& column, const std::string& reason) {
        const Key key(column, reason);
        if (reasons.size() >= kMaxReasons && !reasons.contains(key)) return;
        Tally& tally = reasons[key];
        ++tally.rows;
        tally.last_seconds = std::max(tally.last_seconds, row.inserted_at_seconds);
      };
      if (!row.error.empty()) count("", row.reason);
      for (const storage::QuarantinedColumn& column : row.columns) {
        if (!column.error.empty()) count(column.name, column.reason);
      }
    }
  }
}

std::vector<storage::QuarantineReasonCount> RefusalTally::MostFrequent(
    storage::DataSource data_source, size_t limit) const {
  std::vector<storage::QuarantineReasonCount> counts;
  {
    std::lock_guard lock(mutex_);
    const auto found = tallies_.find(data_source);
    if (found == tallies_.end()) return counts;
    for (const auto& [key, tally] : found->second) {
      counts.push_back({.column = key.first,
                        .reason = key.second,
                        .rows = tally.rows,
                        .last_inserted_at_seconds = tally.last_seconds});
    }
  }
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.rows > b.rows; });
  if (counts.size() > limit) counts.resize(limit);
  return counts;
}

}  // namespace clv::ingest
