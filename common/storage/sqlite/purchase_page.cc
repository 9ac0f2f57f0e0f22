#include "common/storage/sqlite/purchase_page.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/base/byte_codec.h"

namespace clv::storage {
namespace {

constexpr char kFormat = 1;
constexpr int64_t kMicrosPerCent = 10'000;

// Bits of the byte that begins a row.
enum RowFlag : uint8_t {
  kHasOrderId = 1,
  kHasCreatedAt = 2,
  kIsInCents = 4,
  kHasProductId = 8,
  kHasProductName = 16,
  kHasProductCategory = 32,
  kHasPaymentMethod = 64,
};

uint8_t FlagsOf(const PurchaseFact& row) {
  unsigned flags = 0;
  if (!row.order_id.empty()) flags |= kHasOrderId;
  if (row.created_at) flags |= kHasCreatedAt;
  if (row.amount_micros % kMicrosPerCent == 0) flags |= kIsInCents;
  if (row.product_id != 0) flags |= kHasProductId;
  if (row.product_name != 0) flags |= kHasProductName;
  if (row.product_category != 0) flags |= kHasProductCategory;
  if (row.payment_method != 0) flags |= kHasPaymentMethod;
  return static_cast<uint8_t>(flags);
}

size_t SharedPrefix(std::string_view a, std::string_view b) {
  const size_t limit = std::min(a.size(), b.size());
  size_t shared = 0;
  while (shared < limit && a[shared] == b[shared]) ++shared;
  return shared;
}

void WriteRow(const PurchaseFact& row, const PurchaseFact& before, ByteWriter* page) {
  const uint8_t flags = FlagsOf(row);
  page->Byte(flags);
  const size_t shared = SharedPrefix(row.purchase_id, before.purchase_id);
  page->Number(shared);
  page->Text(std::string_view(row.purchase_id).substr(shared));
  if (flags & kHasOrderId) page->Text(row.order_id);
  page->Signed(static_cast<uint64_t>(flags & kIsInCents ? row.amount_micros / kMicrosPerCent
                                                        : row.amount_micros));
  page->Signed(WrappedDifference(row.date, before.date));
  if (flags & kHasCreatedAt) page->Signed(WrappedDifference(*row.created_at, row.date));
  page->Number(row.currency);
  if (flags & kHasProductId) page->Number(row.product_id);
  if (flags & kHasProductName) page->Number(row.product_name);
  if (flags & kHasProductCategory) page->Number(row.product_category);
  if (flags & kHasPaymentMethod) page->Number(row.payment_method);
}

PurchaseFact ReadRow(std::string_view id_before, int64_t date_before, TextArena* arena,
                     ByteReader* page) {
  PurchaseFact row;
  const uint8_t flags = page->Byte();
  const uint64_t shared = page->Number();
  const std::string_view rest = page->Text();
  if (shared > id_before.size()) page->Fail();
  if (!page->ok()) return row;
  row.purchase_id = shared == 0 ? rest : arena->Join(id_before.substr(0, shared), rest);
  if (flags & kHasOrderId) row.order_id = page->Text();
  const uint64_t amount = page->Signed();
  row.amount_micros =
      static_cast<int64_t>(flags & kIsInCents ? amount * uint64_t{kMicrosPerCent} : amount);
  row.date = WrappedSum(date_before, page->Signed());
  if (flags & kHasCreatedAt) row.created_at = WrappedSum(row.date, page->Signed());
  row.currency = page->Id();
  if (flags & kHasProductId) row.product_id = page->Id();
  if (flags & kHasProductName) row.product_name = page->Id();
  if (flags & kHasProductCategory) row.product_category = page->Id();
  if (flags & kHasPaymentMethod) row.payment_method = page->Id();
  return row;
}

}  // namespace

std::string PackPurchases(absl::Span<const PurchaseFact> rows) {
  ByteWriter page;
  page.Reserve(16 + 32 * rows.size());
  page.Byte(kFormat);
  page.Number(rows.size());
  const PurchaseFact none;
  const PurchaseFact* before = &none;
  for (const PurchaseFact& row : rows) {
    WriteRow(row, *before, &page);
    before = &row;
  }
  return page.Take();
}

absl::Status UnpackPurchases(std::string_view bytes, TextArena* arena,
                             std::vector<PurchaseFact>* rows) {
  ByteReader page(bytes);
  if (page.Byte() != kFormat) page.Fail();
  const uint64_t count = page.Number();
  // Every row takes at least five bytes.
  if (count > bytes.size() / 5) page.Fail();
  if (page.ok()) rows->reserve(rows->size() + count);
  std::string_view id;
  int64_t date = 0;
  for (uint64_t i = 0; i < count && page.ok(); ++i) {
    rows->push_back(ReadRow(id, date, arena, &page));
    id = rows->back().purchase_id;
    date = rows->back().date;
  }
  if (!page.ok() || !page.at_end()) return absl::DataLossError("a page of purchases is damaged");
  return absl::OkStatus();
}

}  // namespace clv::storage
