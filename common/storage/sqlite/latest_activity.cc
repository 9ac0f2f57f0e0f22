#include "common/storage/sqlite/latest_activity.h"

#include "common/base/status_macros.h"

namespace clv::storage {

absl::StatusOr<std::unique_ptr<LatestActivity>> LatestActivity::Prepare(Database& db) {
  std::unique_ptr<LatestActivity> latest(new LatestActivity());
  CLV_ASSIGN_OR_RETURN(latest->read_, db.Prepare("SELECT customer_id, date FROM latest_activity"));
  CLV_ASSIGN_OR_RETURN(latest->scan_,
                       db.Prepare("SELECT customer_id, MAX(last_activity_date) FROM customer_clv "
                                  "WHERE folded_position >= 0"));
  CLV_ASSIGN_OR_RETURN(latest->write_,
                       db.Prepare("UPDATE latest_activity SET customer_id = ?, date = ?"));
  return latest;
}

absl::Status LatestActivity::Begin() {
  has_changed_ = false;
  is_lost_ = false;
  read_.Reset();
  CLV_RETURN_IF_ERROR(read_.Step().status());
  customer_id_ = read_.Text(0);
  date_ = read_.OptionalInt(1);
  read_.Reset();
  return absl::OkStatus();
}

void LatestActivity::Note(std::string_view customer_id,
                          const std::optional<int64_t>& last_activity_date) {
  // No date is less than every date.
  if (last_activity_date > date_) {
    customer_id_ = customer_id;
    date_ = last_activity_date;
    has_changed_ = true;
    is_lost_ = false;
  } else if (last_activity_date < date_ && customer_id == customer_id_) {
    is_lost_ = true;
  } else if (last_activity_date == date_ && customer_id == customer_id_) {
    is_lost_ = false;
  }
}

absl::Status LatestActivity::Flush() {
  if (is_lost_) {
    CLV_RETURN_IF_ERROR(scan_.Step().status());
    date_ = scan_.OptionalInt(1);
    customer_id_ = date_ ? scan_.Text(0) : std::string_view();
    scan_.Reset();
    has_changed_ = true;
    is_lost_ = false;
  }
  if (!has_changed_) return absl::OkStatus();
  write_.Bind(1, customer_id_);
  write_.Bind(2, date_);
  has_changed_ = false;
  return write_.Run();
}

}  // namespace clv::storage
