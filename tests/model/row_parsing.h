#ifndef CLV_TESTS_MODEL_ROW_PARSING_H_
#define CLV_TESTS_MODEL_ROW_PARSING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/model/exact.h"

namespace clv::model {

// The content of the three kinds of rows: known fields, defaults filled in. Instants are UTC
// seconds. Two rows are equal when their contents are.

struct CustomerRow {
  std::string customer_id;
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::optional<int64_t> signup_date;
  std::optional<std::string> country;
  std::optional<std::string> customer_segment;
  std::optional<std::string> acquisition_source;
  bool active = true;
  std::optional<int64_t> created_at;

  bool operator==(const CustomerRow&) const = default;
};

struct PurchaseRow {
  std::string purchase_id;
  std::string customer_id;
  BigInt amount_micros;
  int64_t purchase_date = 0;
  std::optional<std::string> product_id;
  std::optional<std::string> product_name;
  std::optional<std::string> product_category;
  std::optional<std::string> payment_method;
  std::string currency;
  std::optional<int64_t> created_at;
  std::string order_id;

  bool operator==(const PurchaseRow&) const = default;
};

struct ClvRow {
  std::string customer_id;
  BigInt total_spend_micros;
  int64_t purchase_count = 0;
  int64_t first_purchase_date = 0;
  int64_t last_purchase_date = 0;
  std::optional<std::string> customer_segment;
  std::optional<std::string> country;
  std::optional<std::string> acquisition_source;
  int64_t updated_at = 0;

  bool operator==(const ClvRow&) const = default;
};

// A row, valid only when no column is broken.
template <typename Row>
struct Parsed {
  Row row;
  std::vector<std::string> broken_columns;  // Sorted; {""} for text that is no JSON object.
};

Parsed<CustomerRow> ParseCustomer(const std::string& json, int64_t now);
Parsed<PurchaseRow> ParsePurchase(const std::string& json, int64_t now,
                                  const std::string& reporting_currency);
Parsed<ClvRow> ParseClv(const std::string& json, int64_t now);

}  // namespace clv::model

#endif  // CLV_TESTS_MODEL_ROW_PARSING_H_
