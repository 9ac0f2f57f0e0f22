#include "common/wire/purchase_batch.h"

#include <utility>

#include "absl/status/status.h"

namespace clv::wire {
namespace {

using Shared = PurchaseBatch::Shared;

constexpr int64_t kMicrosPerCent = 10'000;

// Bits of the byte that begins a row; from kHasFirstShared on one for each shared text.
enum RowFlag : unsigned {
  kHasOrderId = 1,
  kHasCreatedAt = 2,
  kIsInCents = 4,
  kHasFirstShared = 8,
};
static_assert(kHasFirstShared << (PurchaseBatch::kSharedCount - 1) <= 0x80);

std::string_view SharedText(const domain::PurchaseView& purchase, size_t column) {
  switch (column) {
    case Shared::kCurrency:
      return purchase.currency;
    case Shared::kProductId:
      return purchase.product_id;
    case Shared::kProductName:
      return purchase.product_name;
    case Shared::kProductCategory:
      return purchase.product_category;
    default:
      return purchase.payment_method;
  }
}

PurchaseBatch::Row ReadRow(int64_t date_before, size_t text_count, ByteReader* batch) {
  PurchaseBatch::Row row;
  const unsigned flags = batch->Byte();
  row.purchase_id = batch->Text();
  row.customer_id = batch->Text();
  if (flags & kHasOrderId) row.order_id = batch->Text();
  const uint64_t amount = batch->Signed();
  row.amount_micros =
      static_cast<int64_t>(flags & kIsInCents ? amount * uint64_t{kMicrosPerCent} : amount);
  row.date = WrappedSum(date_before, batch->Signed());
  if (flags & kHasCreatedAt) row.created_at = WrappedSum(row.date, batch->Signed());
  for (size_t column = 0; column < Shared::kSharedCount; ++column) {
    if ((flags & (kHasFirstShared << column)) == 0) continue;
    row.texts[column] = batch->Id();
    if (row.texts[column] >= text_count) batch->Fail();
  }
  return row;
}

}  // namespace

PurchaseBatch::Row PurchaseBatch::RowOf(const Place& place) const {
  ByteReader reader(std::string_view(*bytes_).substr(place.offset));
  return ReadRow(DateBefore(place), texts_.size(), &reader);
}

void PurchaseBatch::AddPlace(uint32_t offset, int64_t date_before) {
  const bool is_far = date_before < 0 || date_before > int64_t{UINT32_MAX};
  if (is_far && far_dates_.empty()) {
    for (Place& place : places_) {
      far_dates_.push_back(int64_t{place.date_before});
      place.date_before = static_cast<uint32_t>(far_dates_.size() - 1);
    }
  }
  if (is_far || !far_dates_.empty()) {
    far_dates_.push_back(date_before);
    date_before = static_cast<int64_t>(far_dates_.size() - 1);
  }
  places_.push_back({offset, static_cast<uint32_t>(date_before)});
}

PurchaseBatch::Row PurchaseBatch::RowAt(size_t index) const { return RowOf(places_[index]); }

domain::Purchase PurchaseBatch::PurchaseAt(size_t index) const {
  const Row row = RowAt(index);
  const auto text = [&](Shared column) { return std::string(texts_[row.texts[column]]); };
  return {.purchase_id = std::string(row.purchase_id),
          .customer_id = std::string(row.customer_id),
          .order_id = std::string(row.order_id.empty() ? row.purchase_id : row.order_id),
          .purchase_amount_micros = row.amount_micros,
          .purchase_date = row.date,
          .currency = text(kCurrency),
          .product_id = text(kProductId),
          .product_name = text(kProductName),
          .product_category = text(kProductCategory),
          .payment_method = text(kPaymentMethod),
          .created_at = row.created_at};
}

PurchaseBatchWriter::Numbered PurchaseBatchWriter::NumberOf(std::string_view text) {
  const auto known = numbers_.find(absl::string_view(text.data(), text.size()));
  if (known != numbers_.end()) {
    return {std::string_view(known->first.data(), known->first.size()), known->second};
  }
  const std::string_view kept = kept_.Keep(text);
  texts_.Text(kept);
  const auto number = static_cast<uint32_t>(numbers_.size() + 1);
  numbers_.emplace(absl::string_view(kept.data(), kept.size()), number);
  return {kept, number};
}

void PurchaseBatchWriter::Add(const domain::PurchaseView& row) {
  const bool has_order = row.order_id != row.purchase_id && !row.order_id.empty();
  const bool is_in_cents = row.purchase_amount_micros % kMicrosPerCent == 0;
  unsigned flags = 0;
  if (has_order) flags |= kHasOrderId;
  if (row.created_at) flags |= kHasCreatedAt;
  if (is_in_cents) flags |= kIsInCents;
  for (size_t column = 0; column < Shared::kSharedCount; ++column) {
    if (!SharedText(row, column).empty()) flags |= kHasFirstShared << column;
  }
  rows_.Byte(static_cast<uint8_t>(flags));
  rows_.Text(row.purchase_id);
  rows_.Text(row.customer_id);
  if (has_order) rows_.Text(row.order_id);
  rows_.Signed(static_cast<uint64_t>(is_in_cents ? row.purchase_amount_micros / kMicrosPerCent
                                                 : row.purchase_amount_micros));
  rows_.Signed(WrappedDifference(row.purchase_date, last_date_));
  if (row.created_at) rows_.Signed(WrappedDifference(*row.created_at, row.purchase_date));
  for (size_t column = 0; column < Shared::kSharedCount; ++column) {
    const std::string_view text = SharedText(row, column);
    if (text.empty()) continue;
    if (last_[column].text != text) last_[column] = NumberOf(text);
    rows_.Number(last_[column].number);
  }
  last_date_ = row.purchase_date;
  ++row_count_;
}

std::string PurchaseBatchWriter::Take() {
  std::string bytes;
  if (row_count_ > 0) {
    ByteWriter counts;
    counts.Number(numbers_.size());
    const std::string texts = texts_.Take();
    const std::string rows = rows_.Take();
    bytes = counts.Take();
    counts.Number(row_count_);
    bytes.reserve(bytes.size() + texts.size() + counts.size() + rows.size());
    bytes += texts;
    bytes += counts.Take();
    bytes += rows;
  }
  numbers_.clear();
  last_ = {};
  kept_.Clear();
  row_count_ = 0;
  last_date_ = 0;
  return bytes;
}

std::string PackPurchaseBatch(absl::Span<const domain::Purchase> purchases) {
  PurchaseBatchWriter writer;
  for (const domain::Purchase& purchase : purchases) writer.Add(domain::ViewOf(purchase));
  return writer.Take();
}

PurchaseBatch BatchOf(absl::Span<const domain::Purchase> purchases) {
  return UnpackPurchaseBatch(PackPurchaseBatch(purchases)).value();
}

absl::StatusOr<PurchaseBatch> UnpackPurchaseBatch(std::string bytes) {
  PurchaseBatch batch;
  if (bytes.empty()) return batch;
  batch.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  const size_t size = batch.bytes_->size();
  ByteReader reader(*batch.bytes_);
  if (size > UINT32_MAX) reader.Fail();
  // No text takes less than a byte, no row less than five.
  const uint64_t text_count = reader.Number();
  if (text_count > reader.size()) reader.Fail();
  if (reader.ok()) batch.texts_.reserve(text_count + 1);
  for (uint64_t i = 0; i < text_count && reader.ok(); ++i) batch.texts_.push_back(reader.Text());
  const uint64_t row_count = reader.Number();
  if (row_count > reader.size() / 5) reader.Fail();
  if (reader.ok()) batch.places_.reserve(row_count);
  int64_t date = 0;
  for (uint64_t i = 0; i < row_count && reader.ok(); ++i) {
    batch.AddPlace(static_cast<uint32_t>(size - reader.size()), date);
    date = ReadRow(date, batch.texts_.size(), &reader).date;
  }
  if (!reader.ok() || !reader.at_end()) {
    return absl::DataLossError("log record: a batch of purchases is damaged");
  }
  return batch;
}

}  // namespace clv::wire
