// common/storage/sqlite/fact_counter.h: how many facts there are, kept while values are written.
#ifndef CLV_COMMON_STORAGE_SQLITE_FACT_COUNTER_H_
#define CLV_COMMON_STORAGE_SQLITE_FACT_COUNTER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/clv_store.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {

// Keeps the one row of `fact_counts` true while values are written: counting `customer_clv` itself
// takes half a second at a million customers. Thread-compatible.
class FactCounter {
 public:
  // What a row of `customer_clv` adds to the counts.
  struct Share {
    int64_t customers = 0;
    int64_t purchases = 0;
    int64_t customer_rows = 0;
    int64_t import_rows = 0;
    int64_t buyers = 0;
    int64_t repeat_buyers = 0;
    std::optional<int64_t> first_purchase_date;  // of a buyer

    static Share Of(const CustomerValue& value);
    bool operator==(const Share&) const = default;
  };

  // The connection must outlive it.
  static absl::StatusOr<std::unique_ptr<FactCounter>> Prepare(Database& db);

  // In a writing transaction: nothing has changed yet.
  absl::Status Begin();
  // What the stored row of a customer adds; zeros when there is none.
  absl::StatusOr<Share> Stored(std::string_view customer_id);
  // A row that added `before` now adds `after`.
  void Note(const Share& before, const Share& after);
  // Writes the row if it changed.
  absl::Status Flush();
  // Counts everything anew.
  absl::Status Recount();

 private:
  FactCounter() = default;

  Statement stored_, first_, find_first_, write_, recount_;
  Share added_;  // without the date
  std::optional<int64_t> first_purchase_date_;
  bool is_first_changed_ = false;
  bool is_first_lost_ = false;  // the one that had it has it no longer: another may
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_FACT_COUNTER_H_
