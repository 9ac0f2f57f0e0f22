// tools/demo_data/purchase_stream.h: the purchase rows of a shop in the order in which it would
// send them.
//
// Rows come by time over all customers; mixed in are refunds, corrections, rows sent twice and rows
// sent late. Memory: 8 bytes an order and what is still to be sent later (a few weeks of
// exceptions).
#ifndef CLV_TOOLS_DEMO_DATA_PURCHASE_STREAM_H_
#define CLV_TOOLS_DEMO_DATA_PURCHASE_STREAM_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tools/demo_data/catalogue.h"
#include "tools/demo_data/shop.h"

namespace clv::demo_data {

// The least number that is used in a customer_id or purchase_id: above every id of the
// documentation's examples.
constexpr uint64_t kFirstCustomerNumber = 100'001;
constexpr uint64_t kFirstPurchaseNumber = 1'000'001;

enum class RowKind { kOriginal, kDuplicate, kCorrection, kRefund };

// One row of the data source `purchases`. The views point into constants and the shop's options.
struct PurchaseRow {
  RowKind kind = RowKind::kOriginal;
  bool late = false;  // sent after its time; originals only
  uint64_t purchase_number =
      0;  // purchase_id: "p" and this number, for a refund "r" and the original's
  uint64_t customer_number = 0;  // customer_id: "c" and this number
  std::optional<uint64_t>
      order_number;  // order_id: "p" and this number; absent where the order has one purchase
  const Product* product = nullptr;
  int64_t amount_cents = 0;     // negative in refunds
  int64_t purchase_second = 0;  // purchase_date, since 1970-01-01
  int64_t created_second = 0;   // created_at; later than the original's in a correction
  std::string_view payment_method;
  std::string_view currency;
};

// Rows that were handed out, by kind. `late` ones are among the originals.
struct PurchaseCounts {
  int64_t originals = 0;
  int64_t late = 0;
  int64_t duplicates = 0;
  int64_t corrections = 0;
  int64_t refunds = 0;

  int64_t total() const { return originals + duplicates + corrections + refunds; }
};

// Calls `visit` with every purchase row of `shop` in sending order, on the calling thread. Row n in
// time order has purchase number kFirstPurchaseNumber + n. No row is dated after the shop's last
// second. Stops at the first error of `visit` and returns it.
absl::StatusOr<PurchaseCounts> ForEachPurchase(
    const Shop& shop, const std::function<absl::Status(const PurchaseRow&)>& visit);

}  // namespace clv::demo_data

#endif  // CLV_TOOLS_DEMO_DATA_PURCHASE_STREAM_H_
