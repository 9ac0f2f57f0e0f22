// common/wire/purchase_batch.h: the purchases of one log record, packed.
//
// The form: the number of shared texts and the texts; the number of rows, and for each a byte of
// flags, purchase_id, customer_id, order_id (where it is another than the purchase's), the amount
// (in cents where it is whole cents), the date (the difference to that of the row before),
// created_at (the difference to the date), and the number of each shared text that it has. About 35
// bytes a row, and read without copying a text.
#ifndef CLV_COMMON_WIRE_PURCHASE_BATCH_H_
#define CLV_COMMON_WIRE_PURCHASE_BATCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/byte_codec.h"
#include "common/base/text_arena.h"
#include "common/domain/records.h"

namespace clv::wire {

// Purchases as they are packed, and where each of them begins: 8 bytes a row beside the form.
class PurchaseBatch {
 public:
  // The columns whose texts purchases share, in the order of Row::texts.
  enum Shared : size_t {
    kCurrency,
    kProductId,
    kProductName,
    kProductCategory,
    kPaymentMethod,
    kSharedCount
  };
  struct Row {
    std::string_view purchase_id;
    std::string_view customer_id;
    std::string_view order_id;  // empty: that of the purchase
    int64_t amount_micros = 0;
    int64_t date = 0;                               // UTC seconds
    std::optional<int64_t> created_at;              // the same
    std::array<uint32_t, kSharedCount> texts = {};  // places in texts()
  };

  // Rows; an index must be less.
  size_t size() const { return places_.size(); }
  // Reads a row anew each time; its texts are valid as long as the batch or a copy of it.
  Row RowAt(size_t index) const;
  domain::Purchase PurchaseAt(size_t index) const;
  // Tell the processor that RowAt comes soon: the second some time after the first.
  void PrefetchPlace(size_t index) const { __builtin_prefetch(&places_[index]); }
  void PrefetchRow(size_t index) const {
    __builtin_prefetch(bytes_->data() + places_[index].offset);
  }

  // The first is empty.
  const std::vector<std::string_view>& texts() const { return texts_; }

  // Takes out the rows for which `is_out` says so.
  template <typename IsOut>
  void EraseIf(const IsOut& is_out) {
    std::erase_if(places_, [&](const Place& place) { return is_out(RowOf(place)); });
  }

 private:
  friend absl::StatusOr<PurchaseBatch> UnpackPurchaseBatch(std::string bytes);
  struct Place {
    uint32_t offset = 0;
    // Date of the row before; where a batch has dates that do not fit, the place in far_dates_.
    uint32_t date_before = 0;
  };
  Row RowOf(const Place& place) const;
  void AddPlace(uint32_t offset, int64_t date_before);
  int64_t DateBefore(const Place& place) const {
    return far_dates_.empty() ? int64_t{place.date_before} : far_dates_[place.date_before];
  }

  std::shared_ptr<const std::string> bytes_;
  std::vector<std::string_view> texts_ = {std::string_view()};
  std::vector<Place> places_;
  std::vector<int64_t> far_dates_;  // of all rows, where the dates of some are beyond 1970 to 2106
};

// Packs purchases one after another. Thread-compatible.
class PurchaseBatchWriter {
 public:
  void Add(const domain::PurchaseView& purchase);
  size_t row_count() const { return row_count_; }
  // The batch; the writer is as new. No rows are no bytes.
  std::string Take();

 private:
  // A shared text, which lies in kept_, and its number.
  struct Numbered {
    std::string_view text;
    uint32_t number = 0;
  };
  Numbered NumberOf(std::string_view text);

  std::array<Numbered, PurchaseBatch::kSharedCount>
      last_;        // of each column, as it often comes again
  TextArena kept_;  // of the shared texts
  absl::flat_hash_map<absl::string_view, uint32_t> numbers_;
  ByteWriter texts_;
  ByteWriter rows_;
  size_t row_count_ = 0;
  int64_t last_date_ = 0;
};

std::string PackPurchaseBatch(absl::Span<const domain::Purchase> purchases);

// The same purchases as a batch.
PurchaseBatch BatchOf(absl::Span<const domain::Purchase> purchases);

// No bytes are no rows. DATA_LOSS when they are no such batch, or more than 4 GiB.
absl::StatusOr<PurchaseBatch> UnpackPurchaseBatch(std::string bytes);

}  // namespace clv::wire

#endif  // CLV_COMMON_WIRE_PURCHASE_BATCH_H_
