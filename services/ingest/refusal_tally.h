// services/ingest/refusal_tally.h: why rows were put into quarantine since the process began.
#ifndef CLV_SERVICES_INGEST_REFUSAL_TALLY_H_
#define CLV_SERVICES_INGEST_REFUSAL_TALLY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/storage/storage.h"

namespace clv::ingest {

// Counts by data source, column and reason, in bounded memory. Thread-safe.
class RefusalTally {
 public:
  // Counts the quarantined rows of batches that are durable. A row that breaks several rules counts
  // for each.
  void Count(const std::vector<storage::LogBatch>& batches);

  // The most frequent reasons first, then by column and reason; at most `limit`.
  std::vector<storage::QuarantineReasonCount> MostFrequent(storage::DataSource data_source,
                                                           size_t limit) const;

 private:
  using Key = std::pair<std::string, std::string>;  // column and reason
  struct Tally {
    uint64_t rows = 0;
    int64_t last_seconds = 0;
  };

  mutable std::mutex mutex_;
  std::map<storage::DataSource, std::map<Key, Tally>> tallies_;  // guarded by mutex_
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_REFUSAL_TALLY_H_
