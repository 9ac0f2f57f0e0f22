#include "common/storage/sqlite/fact_counter.h"

#include <utility>

#include "common/base/status_macros.h"

namespace clv::storage {
namespace {

void AddBuyer(int64_t purchase_count, int64_t repeat_order_days,
              const std::optional<int64_t>& first_purchase_date, FactCounter::Share* share) {
  if (purchase_count < 1) return;
  share->buyers = 1;
  share->repeat_buyers = repeat_order_days >= 1 ? 1 : 0;
  share->first_purchase_date = first_purchase_date;
}

}  // namespace

FactCounter::Share FactCounter::Share::Of(const CustomerValue& value) {
  const domain::CustomerSummary& summary = value.summary;
  Share share{.customers = 1,
              .purchases = summary.visible_rows + summary.unconverted_rows,
              .customer_rows = value.described ? 1 : 0,
              .import_rows = value.imported ? 1 : 0};
  AddBuyer(summary.purchase_count, summary.repeat_order_days, summary.first_purchase_date, &share);
  return share;
}

absl::StatusOr<std::unique_ptr<FactCounter>> FactCounter::Prepare(Database& db) {
  std::unique_ptr<FactCounter> counter(new FactCounter());
  CLV_ASSIGN_OR_RETURN(
      counter->stored_,
      db.Prepare("SELECT visible_rows + unconverted_rows, described, imported, purchase_count, "
                 "repeat_order_days, first_purchase_date "
                 "FROM customer_clv WHERE customer_id = ? AND folded_position >= 0"));
  CLV_ASSIGN_OR_RETURN(counter->first_, db.Prepare("SELECT first_purchase_date FROM fact_counts"));
  CLV_ASSIGN_OR_RETURN(counter->find_first_,
                       db.Prepare("SELECT MIN(first_purchase_date) FROM customer_clv "
                                  "WHERE purchase_count >= 1 AND folded_position >= 0"));
  CLV_ASSIGN_OR_RETURN(
      counter->write_,
      db.Prepare("UPDATE fact_counts SET customers = customers + ?, purchases = purchases + ?, "
                 "customer_rows = customer_rows + ?, import_rows = import_rows + ?, "
                 "buyers = buyers + ?, repeat_buyers = repeat_buyers + ?, "
                 "first_purchase_date = ?"));
  CLV_ASSIGN_OR_RETURN(
      counter->recount_,
      db.Prepare("UPDATE fact_counts SET (customers, purchases, customer_rows, import_rows, "
                 "buyers, repeat_buyers, first_purchase_date) = "
                 "(SELECT COUNT(*), COALESCE(SUM(visible_rows + unconverted_rows), 0), "
                 "COALESCE(SUM(described), 0), COALESCE(SUM(imported), 0), "
                 "COALESCE(SUM(purchase_count >= 1), 0), "
                 "COALESCE(SUM(purchase_count >= 1 AND repeat_order_days >= 1), 0), "
                 "MIN(CASE WHEN purchase_count >= 1 THEN first_purchase_date END) "
                 "FROM customer_clv WHERE folded_position >= 0)"));
  return counter;
}

absl::Status FactCounter::Begin() {
  added_ = {};
  is_first_changed_ = false;
  is_first_lost_ = false;
  first_.Reset();  // an error may have left it at a row
  CLV_RETURN_IF_ERROR(first_.Step().status());
  first_purchase_date_ = first_.OptionalInt(0);
  first_.Reset();
  return absl::OkStatus();
}

absl::StatusOr<FactCounter::Share> FactCounter::Stored(std::string_view customer_id) {
  stored_.Reset();  // likewise
  stored_.Bind(1, customer_id);
  CLV_ASSIGN_OR_RETURN(const bool has_row, stored_.Step());
  Share share;
  if (has_row) {
    share = {.customers = 1,
             .purchases = stored_.Int(0),
             .customer_rows = stored_.Int(1),
             .import_rows = stored_.Int(2)};
    AddBuyer(stored_.Int(3), stored_.Int(4), stored_.OptionalInt(5), &share);
  }
  stored_.Reset();
  return share;
}

void FactCounter::Note(const Share& before, const Share& after) {
  added_.customers += after.customers - before.customers;
  added_.purchases += after.purchases - before.purchases;
  added_.customer_rows += after.customer_rows - before.customer_rows;
  added_.import_rows += after.import_rows - before.import_rows;
  added_.buyers += after.buyers - before.buyers;
  added_.repeat_buyers += after.repeat_buyers - before.repeat_buyers;
  const std::optional<int64_t>& first = after.first_purchase_date;
  if (first && (!first_purchase_date_ || *first <= *first_purchase_date_)) {
    is_first_changed_ |= first != first_purchase_date_;
    is_first_lost_ = false;
    first_purchase_date_ = first;
  } else if (before.first_purchase_date && before.first_purchase_date == first_purchase_date_) {
    is_first_lost_ = true;
  }
}

absl::Status FactCounter::Flush() {
  if (std::exchange(is_first_lost_, false)) {
    find_first_.Reset();  // likewise
    CLV_RETURN_IF_ERROR(find_first_.Step().status());
    first_purchase_date_ = find_first_.OptionalInt(0);
    find_first_.Reset();
    is_first_changed_ = true;
  }
  const Share added = std::exchange(added_, {});
  const bool is_first_changed = std::exchange(is_first_changed_, false);
  if (added == Share() && !is_first_changed) return absl::OkStatus();
  write_.Bind(1, added.customers);
  write_.Bind(2, added.purchases);
  write_.Bind(3, added.customer_rows);
  write_.Bind(4, added.import_rows);
  write_.Bind(5, added.buyers);
  write_.Bind(6, added.repeat_buyers);
  write_.Bind(7, first_purchase_date_);
  return write_.Run();
}

absl::Status FactCounter::Recount() {
  CLV_RETURN_IF_ERROR(recount_.Run());
  return Begin();
}

}  // namespace clv::storage
