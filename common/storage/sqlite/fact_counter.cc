#include "common/storage/sqlite/fact_counter.h"

#include "common/base/status_macros.h"

namespace clv::storage {

absl::StatusOr<std::unique_ptr<FactCounter>> FactCounter::Prepare(Database& db) {
  std::unique_ptr<FactCounter> counter(new FactCounter());
  CLV_ASSIGN_OR_RETURN(
      counter->stored_,
      db.Prepare("SELECT visible_rows + unconverted_rows, described, imported "
                 "FROM customer_clv WHERE customer_id = ? AND folded_position >= 0"));
  CLV_ASSIGN_OR_RETURN(
      counter->write_,
      db.Prepare("UPDATE fact_counts SET customers = customers + ?, purchases = purchases + ?, "
                 "customer_rows = customer_rows + ?, import_rows = import_rows + ?"));
  CLV_ASSIGN_OR_RETURN(
      counter->recount_,
      db.Prepare("UPDATE fact_counts SET (customers, purchases, customer_rows, import_rows) = "
                 "(SELECT COUNT(*), COALESCE(SUM(visible_rows + unconverted_rows), 0), "
                 "COALESCE(SUM(described), 0), COALESCE(SUM(imported), 0) FROM customer_clv "
                 "WHERE folded_position >= 0)"));
  return counter;
}

absl::StatusOr<FactCounter::Share> FactCounter::Stored(std::string_view customer_id) {
  stored_.Reset();  // an error may have left it at a row
  stored_.Bind(1, customer_id);
  CLV_ASSIGN_OR_RETURN(const bool has_row, stored_.Step());
  Share share;
  if (has_row) {
    share = {.customers = 1,
             .purchases = stored_.Int(0),
             .customer_rows = stored_.Int(1),
             .import_rows = stored_.Int(2)};
  }
  stored_.Reset();
  return share;
}

void FactCounter::Note(const Share& before, const Share& after) {
  added_.customers += after.customers - before.customers;
  added_.purchases += after.purchases - before.purchases;
  added_.customer_rows += after.customer_rows - before.customer_rows;
  added_.import_rows += after.import_rows - before.import_rows;
}

absl::Status FactCounter::Flush() {
  const Share added = added_;
  added_ = {};
  if (added.customers == 0 && added.purchases == 0 && added.customer_rows == 0 &&
      added.import_rows == 0) {
    return absl::OkStatus();
  }
  write_.Bind(1, added.customers);
  write_.Bind(2, added.purchases);
  write_.Bind(3, added.customer_rows);
  write_.Bind(4, added.import_rows);
  return write_.Run();
}

absl::Status FactCounter::Recount() {
  added_ = {};
  return recount_.Run();
}

}  // namespace clv::storage
