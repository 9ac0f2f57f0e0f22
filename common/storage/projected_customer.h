// common/storage/projected_customer.h: what a copy of all customers in memory keeps of each.
#ifndef CLV_COMMON_STORAGE_PROJECTED_CUSTOMER_H_
#define CLV_COMMON_STORAGE_PROJECTED_CUSTOMER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "common/domain/records.h"
#include "common/storage/clv_store.h"
#include "common/storage/fact_orders.h"
#include "common/storage/purchase_fact.h"

namespace clv::storage {

// Stands for an instant that there is not. Instants are UTC seconds in 32 bits: up to 2106.
inline constexpr uint32_t kNoInstant = UINT32_MAX;

// An instant in 32 bits; those beyond are taken for the first or the last one.
uint32_t ToInstant(int64_t seconds);
uint32_t ToInstant(const std::optional<int64_t>& seconds);  // absent: kNoInstant

// What the products of a customer's purchases say, over rows of qualifying orders.
struct ProductFigures {
  uint64_t distinct_products = 0;
  std::string_view favorite_category;  // empty: none
};

// The winning purchases of one customer, by purchase_id; views are valid during the call that gets
// them.
struct PurchasesOfCustomer {
  absl::Span<const PurchaseFact> rows;
  const FactOrders* orders = nullptr;  // of the rows; never null
  TextId reporting_currency = 0;       // of rows; 0: no row is in it
  ProductFigures products;
};

// Everything that is known of one customer; views likewise.
struct CustomerInStore {
  CustomerValue value;
  std::optional<domain::ImportedClv> imported;
  PurchasesOfCustomer purchases;
};

// An order in the reporting currency.
struct ProjectedOrder {
  uint32_t date = 0;  // UTC seconds
  int64_t value_micros = 0;
  bool qualifies = true;

  bool operator==(const ProjectedOrder&) const = default;
};

// The order that a row is alone.
ProjectedOrder OrderOfRow(const PurchaseFact& row);

// An imported record.
struct ImportedRecord {
  int64_t spend_micros = 0;
  int64_t purchase_count = 0;
  uint32_t first = 0;
  uint32_t last = 0;
  uint32_t updated_at = 0;

  bool operator==(const ImportedRecord&) const = default;
};

// A row of an order that has several.
struct OrderRow {
  uint32_t order = 0;  // index among the customer's orders; rows are sorted by it
  uint32_t date = 0;
  int64_t amount_micros = 0;

  bool operator==(const OrderRow&) const = default;
};

// What few customers have.
struct RareFacts {
  std::optional<ImportedRecord> imported;
  std::vector<OrderRow> rows;
  std::vector<uint32_t> unconverted_dates;  // of rows in other currencies, ascending

  bool empty() const { return !imported && rows.empty() && unconverted_dates.empty(); }
  bool operator==(const RareFacts&) const = default;
};

struct ProjectedCustomer {
  CustomerValue value;
  std::vector<ProjectedOrder> orders;  // by date, then order_id
  RareFacts rare;
  uint64_t distinct_products = 0;
  std::string favorite_category;  // empty: none

  bool operator==(const ProjectedCustomer&) const = default;
};

// What is kept of `facts`, written over `projected`. Pure.
void ProjectCustomer(CustomerInStore facts, ProjectedCustomer* projected);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_PROJECTED_CUSTOMER_H_
