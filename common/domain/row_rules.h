// common/domain/row_rules.h: the rules that a row must keep to become a record.
//
// Pure functions of the row and the time of receipt. Every broken column is found, not only the
// first one. The rules are those of the data source's columns: texts without control characters
// within their length, instants from 1970-01-01 to one day after receipt, exact money within its
// range. Accepted forms: texts as strings or JSON integers; instants as text (see
// common/base/instant.h; a plain date is its midnight) or integer epoch seconds; money as a decimal
// string or a JSON number; counts as a JSON integer or a digit string; flags as 0, 1, true, false.
// "" is an absent value everywhere.
#ifndef CLV_COMMON_DOMAIN_ROW_RULES_H_
#define CLV_COMMON_DOMAIN_ROW_RULES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/domain/raw_row.h"
#include "common/domain/records.h"

namespace clv::domain {

// A column that breaks a rule.
struct BrokenColumn {
  size_t place = 0;    // in ColumnsOf(data source)
  std::string error;   // `purchase_amount: got 'abc', want ...`
  std::string reason;  // what was wanted alone: equal for all values that break the same rule
};

// A row that has been looked at: a record when nothing is broken.
template <typename Record>
struct CheckedRow {
  Record record;
  std::vector<BrokenColumn> broken;  // by place, each at most once

  bool ok() const { return broken.empty(); }
};

// Looks at a row that arrived at `now_seconds`. An absent order_id becomes the purchase_id, an
// absent `active` true; an absent currency stays empty.
CheckedRow<Customer> CheckCustomer(const RawRow& row, int64_t now_seconds);
CheckedRow<Purchase> CheckPurchase(const RawRow& row, int64_t now_seconds);

// The same without copies: fills `record`, whose texts are the row's, and returns what is broken.
std::vector<BrokenColumn> CheckPurchase(const RawRow& row, int64_t now_seconds,
                                        PurchaseView* record);

// Also wants first_purchase_date <= last_purchase_date <= updated_at; the earlier column of a
// broken pair is the broken one.
CheckedRow<ImportedClv> CheckImportedClv(const RawRow& row, int64_t now_seconds);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_ROW_RULES_H_
