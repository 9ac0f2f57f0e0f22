#ifndef CLV_TESTS_MODEL_NAIVE_MODEL_H_
#define CLV_TESTS_MODEL_NAIVE_MODEL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "tests/model/condition.h"
#include "tests/model/table.h"

// The naive model: what every endpoint must answer, computed the slow and obvious way.
//
// The oracle of the property tests. Written from the documentation of the endpoints alone; it
// shares no code with the suite. It keeps the winning row of every key, recomputes everything at
// every query, and uses exact rationals, from which a double is made only at the end.
//
// Where the documentation leaves room, this model does the following (section of ENDPOINTS.md):
//
// Rows (1)
//  1. Raw bytes that are not UTF-8, and nesting deeper than 64, make the text "not JSON"; a lone
//     surrogate escape breaks only the column that it stands in (nothing under an ignored key).
//  2. An integer is what is written as one: 5.0 and 5e0 are not integers (texts, counts, instants,
//     flags). `active` takes 0, 1, true, false as JSON values, not as strings. A digit string is
//     digits only; a signed one is accepted for amounts alone. Digit strings are no instants.
//  3. Instants of rows: 1970-01-01 00:00:00 and exactly one day ahead are still accepted. Time of
//     day needs hours, minutes and seconds; a fraction and a zone (`Z`, +HH:MM, +HHMM, +HH) may
//     also follow the form with a space. No surrounding blanks, no lower-case t or z.
//  4. first_purchase_date > last_purchase_date breaks the column `first_purchase_date`;
//     last_purchase_date > updated_at breaks `last_purchase_date`.
//  5. purchase_count goes up to 2^63 - 1. A JSON integer of any length is a text (its canonical
//     digits) within the text's own limit.
//  6. An attribute that the `customers` row leaves null falls through to the imported record, also
//     when that record is not visible at as_of.
//  7. `updated_at` of 3.7: a purchase that moves touches the customer it leaves and the one it
//     joins; rows in other currencies touch too.
// Common (2)
//  8. Of a single-valued parameter given twice the last counts; an empty value is an absent one.
//     Parameters that an endpoint does not have are ignored, bad values included.
//  9. size = page_size, else limit, else the default, else (with `page`) 100; offset = page * size;
//     `limit` beside `page_size` has no further effect. page_size has the range of limit.
// 10. start after end: no rows at all, from every endpoint with a window, by id too.
// 11. unconverted_purchases looks at the three attribute filters only (not at ids, segments of RFM,
//     or the window), and at customers outside the population too.
// Retention (3.1)
// 12. `period_start` is a date like `cohort`. The two dates of an imported record count once when
//     they are one instant. Orders before the cohort's period (refund-only ones) are in no period.
//     The weighted average rows are over the cohorts kept by the window; limit counts them as rows.
// Segments and sources (3.2, 3.3)
// 13. window_revenue and window_orders are over the selected customers.
// 14. lifespan = last - first, and 0 where purchase_count is 1 (also for an imported record with
//     one purchase and two dates); so everywhere a lifespan or a mean gap is used.
// 15. signup_to_purchase_rate counts customers with purchase_count >= 1 (imported records too).
// 16. Columns: ltv_30d, ltv_90d, ltv_180d, ltv_365d, then ltv_30d_customers .. ltv_365d_customers.
// Frequency (3.4)
// 17. `buckets`: digits and commas only, strictly rising; ignored in view=order_number.
//     overdue_customers counts all customers of the bucket, one-order customers included.
//     next_order_rate of the last order number is 0.
// Prediction (3.5): only the model `average`
// 18. rate = sum of x / sum of T over the whole population; order value = sum of total_spend / sum
//     of purchase_count there. Without data the default as_of is now.
// Total customer value (3.7)
// 19. By id the three filters still apply. Within a window `refunded_amount` counts every negative
//     row of the orders inside, whatever an imported record says; lifespan_days is null without
//     orders. A masked e-mail without `@` is `***` alone.

namespace clv::model {

class Ledger;

// A refused request (HTTP 400): the parameter to blame. Empty when the endpoint is unknown.
struct Error {
  std::string parameter;
};

class NaiveModel {
 public:
  struct Options {
    std::string reporting_currency = "USD";
  };

  NaiveModel();
  explicit NaiveModel(Options options);
  ~NaiveModel();
  NaiveModel(NaiveModel&&) noexcept;
  NaiveModel& operator=(NaiveModel&&) noexcept;

  // Sends one value to `data_source` ("customers", "purchases" or "customer_clv", nothing else).
  // `json_value` is the text of one JSON value; `received_at` is the server's clock in UTC seconds.
  // Returns nothing when the value is accepted (it may still lose or repeat), else the sorted names
  // of the broken columns, or {""} for text that is no JSON object.
  // A row of a replacement that does not meet its condition, `only`, is refused, too.
  std::vector<std::string> Send(const std::string& data_source, const std::string& json_value,
                                int64_t received_at, const Condition* only = nullptr);

  // Whether Send would accept the row now.
  bool Accepts(const std::string& data_source, const std::string& json_value, int64_t received_at,
               const Condition* only) const;

  // Removes the rows that meet the condition (all without one); how many.
  int64_t Remove(const std::string& data_source, const Condition* condition);

  // Removes a customer; rows that name him are refused ({"customer_id"}) from then on.
  void Erase(const std::string& customer_id);

  // Answers an endpoint ("customer_retention", "clv_by_segment", "clv_by_acquisition_source",
  // "purchase_frequency_analysis", "clv_prediction", "customer_segmentation",
  // "total_customer_value") for decoded query parameters; equal keys in the order of the URL.
  // `now` is the server's clock in UTC seconds; `full_emails` is the caller's right to read them.
  std::variant<Table, Error> Query(const std::string& endpoint,
                                   const std::multimap<std::string, std::string>& parameters,
                                   int64_t now, bool full_emails = true) const;

 private:
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace clv::model

#endif  // CLV_TESTS_MODEL_NAIVE_MODEL_H_
