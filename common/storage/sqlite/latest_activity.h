// common/storage/sqlite/latest_activity.h: the greatest last_activity_date of all customers.
#ifndef CLV_COMMON_STORAGE_SQLITE_LATEST_ACTIVITY_H_
#define CLV_COMMON_STORAGE_SQLITE_LATEST_ACTIVITY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {

// Keeps the one row of `latest_activity` true while values are written, with a customer who has
// that date: as long as theirs does not go back nothing else needs to be looked at. An index of the
// dates would be written at two random places for every value. Thread-compatible.
class LatestActivity {
 public:
  // The connection must outlive it.
  static absl::StatusOr<std::unique_ptr<LatestActivity>> Prepare(Database& db);

  // In a writing transaction: reads the row.
  absl::Status Begin();
  // A customer's value was written with this date, or removed.
  void Note(std::string_view customer_id, const std::optional<int64_t>& last_activity_date);
  // Writes the row if it changed. Scans `customer_clv` when the customer's date went back.
  absl::Status Flush();
  // As the row has it, after Begin or Flush; absent while there is none.
  std::optional<int64_t> date() const { return date_; }

 private:
  LatestActivity() = default;

  Statement read_, scan_, write_;
  std::string customer_id_;
  std::optional<int64_t> date_;
  bool has_changed_ = false;
  bool is_lost_ = false;  // the customer's date went back
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_LATEST_ACTIVITY_H_
