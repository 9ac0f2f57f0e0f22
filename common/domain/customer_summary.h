// common/domain/customer_summary.h: a customer's value, computed from the winning rows.
#ifndef CLV_COMMON_DOMAIN_CUSTOMER_SUMMARY_H_
#define CLV_COMMON_DOMAIN_CUSTOMER_SUMMARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "common/domain/records.h"

namespace clv::domain {

// The text that stands for an attribute that nobody has given.
inline constexpr std::string_view kUnknownAttribute = "(unknown)";

// What a purchase row contributes.
struct PurchaseAmount {
  std::string order_id;
  int64_t amount_micros = 0;
  int64_t date = 0;
  bool in_reporting_currency = true;
};

// The same, its text kept by somebody else.
struct PurchaseAmountView {
  std::string_view order_id;
  int64_t amount_micros = 0;
  int64_t date = 0;
  bool in_reporting_currency = true;
};

// One order: the rows of one customer that share an order_id.
struct Order {
  std::string order_id;
  int64_t date = 0;          // earliest row
  int64_t value_micros = 0;  // sum of rows
  bool has_negative_row = false;

  // Neither negative nor fully refunded.
  bool Qualifies() const { return Qualifies(value_micros, has_negative_row); }
  static bool Qualifies(int64_t value_micros, bool has_negative_row) {
    return !(value_micros < 0 || (has_negative_row && value_micros <= 0));
  }
};

// A customer's numbers over everything known. Rows of other currencies take part only in
// `unconverted_rows` and `gross_micros`.
struct CustomerSummary {
  int64_t purchase_count = 0;      // qualifying orders, the imported ones included
  int64_t total_spend_micros = 0;  // net of refunds
  int64_t refunded_micros =
      0;  // minus the sum of negative rows, with an imported record only rows after its updated_at
  std::optional<int64_t> first_purchase_date;  // absent without qualifying orders
  std::optional<int64_t> last_purchase_date;
  int64_t repeat_order_days =
      0;  // x of the models: distinct UTC days with a qualifying order, less one; >= 0
  int64_t visible_rows = 0;      // rows in the reporting currency
  int64_t unconverted_rows = 0;  // rows in other currencies
  std::optional<int64_t>
      last_activity_date;  // latest row in the reporting currency or imported last_purchase_date
  // Sum of the absolute amounts of all rows and of the imported total. The fold keeps it within
  // int64, so that every sum over a customer's rows fits.
  int64_t gross_micros = 0;

  bool operator==(const CustomerSummary&) const = default;
};

// The orders of rows in the reporting currency, by order_id.
std::vector<Order> OrdersOf(absl::Span<const PurchaseAmount> rows);

// A UTC day with a qualifying order, and the value of all qualifying orders on it.
struct OrderDay {
  int32_t day = 0;  // since 1970-01-01
  int64_t value_micros = 0;

  bool operator==(const OrderDay&) const = default;
};

// The order days of a customer's winning rows, rising. Fastest for rows by order_id.
std::vector<OrderDay> OrderDaysOf(absl::Span<const PurchaseAmountView> rows);

// Makes a summary of a customer's winning rows and imported record (null: none, else it must
// outlive the builder). Needs gross_micros to fit int64.
class SummaryBuilder {
 public:
  explicit SummaryBuilder(const ImportedClv* imported);

  // Each row and each order once, in any order. An order is of rows in the reporting currency, with
  // the earliest of their dates and the sum of their amounts.
  void AddRow(int64_t amount_micros, int64_t date, bool in_reporting_currency);
  void AddOrder(int64_t date, int64_t value_micros, bool has_negative_row);

  // The builder is of no use afterwards.
  CustomerSummary Finish();

 private:
  bool Counts(int64_t date) const { return imported_ == nullptr || date > imported_->updated_at; }

  const ImportedClv* const imported_;
  const int64_t imported_day_;
  CustomerSummary summary_;
  // Of qualifying orders that count as repeats: all, or those after the imported record's.
  absl::InlinedVector<int64_t, 64> days_;
};

// The summary of a customer's winning rows and imported record, as above.
CustomerSummary Summarize(absl::Span<const PurchaseAmount> rows, const ImportedClv* imported);
// Fastest for rows by order_id.
CustomerSummary Summarize(absl::Span<const PurchaseAmountView> rows, const ImportedClv* imported);

// The attributes that reports group by.
struct CustomerAttributes {
  std::string country;
  std::string customer_segment;
  std::string acquisition_source;

  bool operator==(const CustomerAttributes&) const = default;
};

// Each attribute from the customer's own row, else from the imported record, else `(unknown)`.
// Either may be null.
CustomerAttributes AttributesOf(const Customer* customer, const ImportedClv* imported);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_CUSTOMER_SUMMARY_H_
