// common/domain/records.h: the three records that clients send, as valid values.
//
// Texts are UTF-8; an empty text is an absent one. Instants are whole UTC seconds. Money is in
// micros. `==` compares content.
#ifndef CLV_COMMON_DOMAIN_RECORDS_H_
#define CLV_COMMON_DOMAIN_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

// The same with texts that lie elsewhere.
struct PurchaseView {
  std::string_view purchase_id;
  std::string_view customer_id;
  std::string_view order_id;
  int64_t purchase_amount_micros = 0;
  int64_t purchase_date = 0;
  std::string currency;  // its own: clients need not send upper case
  std::string_view product_id;
  std::string_view product_name;
  std::string_view product_category;
  std::string_view payment_method;
  std::optional<int64_t> created_at;
};

inline PurchaseView ViewOf(const Purchase& purchase) {
  return {.purchase_id = purchase.purchase_id,
          .customer_id = purchase.customer_id,
          .order_id = purchase.order_id,
          .purchase_amount_micros = purchase.purchase_amount_micros,
          .purchase_date = purchase.purchase_date,
          .currency = purchase.currency,
          .product_id = purchase.product_id,
          .product_name = purchase.product_name,
          .product_category = purchase.product_category,
          .payment_method = purchase.payment_method,
          .created_at = purchase.created_at};
}

inline Purchase PurchaseOf(const PurchaseView& view) {
  return {.purchase_id = std::string(view.purchase_id),
          .customer_id = std::string(view.customer_id),
          .order_id = std::string(view.order_id),
          .purchase_amount_micros = view.purchase_amount_micros,
          .purchase_date = view.purchase_date,
          .currency = view.currency,
          .product_id = std::string(view.product_id),
          .product_name = std::string(view.product_name),
          .product_category = std::string(view.product_category),
          .payment_method = std::string(view.payment_method),
          .created_at = view.created_at};
}

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
