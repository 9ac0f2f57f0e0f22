// common/storage/sqlite/purchase_page.h: the packed form of one customer's purchases.
#ifndef CLV_COMMON_STORAGE_SQLITE_PURCHASE_PAGE_H_
#define CLV_COMMON_STORAGE_SQLITE_PURCHASE_PAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace clv::storage {

// Number of a text in `purchase_texts`; 0: no text.
using TextId = uint32_t;

// A purchase of a page, without its customer.
struct PackedPurchase {
  std::string purchase_id;
  std::string order_id;  // empty: that of the purchase
  int64_t amount_micros = 0;
  int64_t date = 0;                   // UTC seconds
  std::optional<int64_t> created_at;  // the same
  TextId currency = 0;
  TextId product_id = 0;
  TextId product_name = 0;
  TextId product_category = 0;
  TextId payment_method = 0;

  bool operator==(const PackedPurchase&) const = default;
};

// Packs rows, which must be sorted by purchase_id, in about 25 bytes each: ids share prefixes with
// the row before, instants are differences, whole cents take no micros, texts are numbers.
std::string PackPurchases(const std::vector<PackedPurchase>& rows);

// The rows of a page. DATA_LOSS when the bytes are no page.
absl::StatusOr<std::vector<PackedPurchase>> UnpackPurchases(std::string_view page);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_PURCHASE_PAGE_H_
