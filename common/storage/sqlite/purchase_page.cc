#include "common/storage/sqlite/purchase_page.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "absl/status/status.h"

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

// Differences wrap around, so that every pair of instants has one.
uint64_t Difference(int64_t value, int64_t from) {
  return static_cast<uint64_t>(value) - static_cast<uint64_t>(from);
}
int64_t Sum(int64_t from, uint64_t difference) {
  return static_cast<int64_t>(static_cast<uint64_t>(from) + difference);
}
uint64_t ZigZag(uint64_t value) { return (value << 1) ^ (0 - (value >> 63)); }
uint64_t UnZigZag(uint64_t value) { return (value >> 1) ^ (0 - (value & 1)); }

class PageWriter {
 public:
  void Byte(uint8_t byte) { bytes_.push_back(static_cast<char>(byte)); }
  void Number(uint64_t number) {
    for (; number >= 0x80; number >>= 7) Byte(static_cast<uint8_t>(number) | 0x80);
    Byte(static_cast<uint8_t>(number));
  }
  void Signed(uint64_t number) { Number(ZigZag(number)); }
  void Text(std::string_view text) {
    Number(text.size());
    bytes_.append(text);
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what PageWriter wrote; after an error everything is 0 and empty.
class PageReader {
 public:
  explicit PageReader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  uint8_t Byte() {
    if (rest_.empty()) return Fail();
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  uint64_t Number() {
    uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = Byte();
      number |= uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return ok_ ? number : 0;
    }
    return Fail();
  }
  uint64_t Signed() { return UnZigZag(Number()); }
  std::string_view Text() {
    const uint64_t size = Number();
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  TextId Id() {
    const uint64_t id = Number();
    return id <= std::numeric_limits<TextId>::max() ? static_cast<TextId>(id) : Fail();
  }
  uint8_t Fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

uint8_t FlagsOf(const PackedPurchase& row) {
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

void WriteRow(const PackedPurchase& row, const PackedPurchase& before, PageWriter* page) {
  const uint8_t flags = FlagsOf(row);
  page->Byte(flags);
  const size_t shared = SharedPrefix(row.purchase_id, before.purchase_id);
  page->Number(shared);
  page->Text(std::string_view(row.purchase_id).substr(shared));
  if (flags & kHasOrderId) page->Text(row.order_id);
  page->Signed(static_cast<uint64_t>(flags & kIsInCents ? row.amount_micros / kMicrosPerCent
                                                        : row.amount_micros));
  page->Signed(Difference(row.date, before.date));
  if (flags & kHasCreatedAt) page->Signed(Difference(*row.created_at, row.date));
  page->Number(row.currency);
  if (flags & kHasProductId) page->Number(row.product_id);
  if (flags & kHasProductName) page->Number(row.product_name);
  if (flags & kHasProductCategory) page->Number(row.product_category);
  if (flags & kHasPaymentMethod) page->Number(row.payment_method);
}

PackedPurchase ReadRow(const PackedPurchase& before, PageReader* page) {
  PackedPurchase row;
  const uint8_t flags = page->Byte();
  const uint64_t shared = page->Number();
  if (shared > before.purchase_id.size()) page->Fail();
  const std::string_view rest = page->Text();
  if (!page->ok()) return row;
  row.purchase_id.reserve(shared + rest.size());
  row.purchase_id.assign(before.purchase_id, 0, shared).append(rest);
  if (flags & kHasOrderId) row.order_id = page->Text();
  const uint64_t amount = page->Signed();
  row.amount_micros =
      static_cast<int64_t>(flags & kIsInCents ? amount * uint64_t{kMicrosPerCent} : amount);
  row.date = Sum(before.date, page->Signed());
  if (flags & kHasCreatedAt) row.created_at = Sum(row.date, page->Signed());
  row.currency = page->Id();
  if (flags & kHasProductId) row.product_id = page->Id();
  if (flags & kHasProductName) row.product_name = page->Id();
  if (flags & kHasProductCategory) row.product_category = page->Id();
  if (flags & kHasPaymentMethod) row.payment_method = page->Id();
  return row;
}

}  // namespace

std::string PackPurchases(const std::vector<PackedPurchase>& rows) {
  PageWriter page;
  page.Byte(kFormat);
  page.Number(rows.size());
  const PackedPurchase none;
  const PackedPurchase* before = &none;
  for (const PackedPurchase& row : rows) {
    WriteRow(row, *before, &page);
    before = &row;
  }
  return page.Take();
}

absl::StatusOr<std::vector<PackedPurchase>> UnpackPurchases(std::string_view bytes) {
  PageReader page(bytes);
  std::vector<PackedPurchase> rows;
  if (page.Byte() != kFormat) page.Fail();
  const uint64_t count = page.Number();
  // Every row takes at least five bytes.
  if (count > bytes.size() / 5) page.Fail();
  if (page.ok()) rows.reserve(count);
  const PackedPurchase none;
  while (page.ok() && rows.size() < count) {
    rows.push_back(ReadRow(rows.empty() ? none : rows.back(), &page));
  }
  if (!page.ok() || !page.at_end()) return absl::DataLossError("a page of purchases is damaged");
  return rows;
}

}  // namespace clv::storage
