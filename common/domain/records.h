// common/domain/records.h: the three records that clients send, as valid values.
//
// Texts are UTF-8; an empty text is an absent one. Instants are whole UTC seconds. Money is in
// micros. `==` compares content.
#ifndef CLV_COMMON_DOMAIN_RECORDS_H_
#define CLV_COMMON_DOMAIN_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string>

namespace clv::domain {

// The data sources, one for each record.
enum class DataSource { kCustomers = 1, kPurchases = 2, kCustomerClv = 3 };

// A described customer. Key: customer_id.
struct Customer {
  std::string customer_id;
  std::string name;
  std::string email;
  std::optional<int64_t> signup_date;
  std::string country;
  std::string customer_segment;
  std::string acquisition_source;
  bool active = true;
  std::optional<int64_t> created_at;

  bool operator==(const Customer&) const = default;
};

// One purchase row. Key: purchase_id.
struct Purchase {
  std::string purchase_id;
  std::string customer_id;
  std::string order_id;  // never empty: defaults to purchase_id
  int64_t purchase_amount_micros = 0;
  int64_t purchase_date = 0;
  std::string currency;  // three upper-case letters; empty in the log means the reporting currency,
                         // which the fold fills in
  std::string product_id;
  std::string product_name;
  std::string product_category;
  std::string payment_method;
  std::optional<int64_t> created_at;

  bool operator==(const Purchase&) const = default;
};

// An imported CLV record, a customer's opening balance as of updated_at. Key: customer_id.
struct ImportedClv {
  std::string customer_id;
  int64_t total_spend_micros = 0;
  int64_t purchase_count = 1;  // >= 1
  int64_t first_purchase_date = 0;
  int64_t last_purchase_date = 0;
  std::string customer_segment;
  std::string country;
  std::string acquisition_source;
  int64_t updated_at = 0;

  bool operator==(const ImportedClv&) const = default;
};

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_RECORDS_H_
