// common/storage/purchase_fact.h: a winning purchase as facts hold it.
#ifndef CLV_COMMON_STORAGE_PURCHASE_FACT_H_
#define CLV_COMMON_STORAGE_PURCHASE_FACT_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace clv::storage {

// Number of a text that purchases share, given by the store; 0: no text.
using TextId = uint32_t;

// A purchase without its customer: equal texts are equal numbers, so that rows compare and copy
// fast. The ids are views into what somebody else keeps.
struct PurchaseFact {
  std::string_view purchase_id;
  std::string_view order_id;  // empty: that of the purchase
  int64_t amount_micros = 0;
  int64_t date = 0;                   // UTC seconds
  std::optional<int64_t> created_at;  // the same
  TextId currency = 0;                // never 0 in a fact
  TextId product_id = 0;
  TextId product_name = 0;
  TextId product_category = 0;
  TextId payment_method = 0;

  std::string_view order() const { return order_id.empty() ? purchase_id : order_id; }
  bool operator==(const PurchaseFact&) const = default;
};

// A purchase that a fold has put.
struct PurchaseChange {
  std::optional<PurchaseFact> before;  // the row that it replaces
  PurchaseFact after;
};

// See domain/winner.h.
inline std::optional<int64_t> VersionOf(const PurchaseFact& fact) { return fact.created_at; }

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_PURCHASE_FACT_H_
