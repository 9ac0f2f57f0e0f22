#include "common/storage/sqlite/purchase_page.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/base/byte_codec.h"

namespace clv::storage {
namespace {

// The first has no row that is kIsNumbered.
constexpr char kFirstFormat = 1;
constexpr char kFormat = 2;
constexpr size_t kMostDigits = 18;
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
  kIsNumbered = 128,  // the id is that of the row before but for the number at its end
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

// The decimal digits at the end of an id.
std::string_view DigitsOf(std::string_view id) {
  size_t digits = 0;
  while (digits < std::min(id.size(), kMostDigits) && id[id.size() - digits - 1] >= '0' &&
         id[id.size() - digits - 1] <= '9') {
    ++digits;
  }
  return id.substr(id.size() - digits);
}

uint64_t NumberOf(std::string_view digits) {
  uint64_t number = 0;
  for (const char digit : digits) number = 10 * number + static_cast<uint64_t>(digit - '0');
  return number;
}

// By how much the number at the end of `id` is greater than that of `before`, which differs in
// nothing else; absent when there is another difference.
std::optional<uint64_t> StepOf(std::string_view id, std::string_view before) {
  const std::string_view digits = DigitsOf(before);
  if (digits.empty() || id.size() != before.size()) return std::nullopt;
  const size_t head = before.size() - digits.size();
  // As many digits: one more before them would belong to the number.
  if (DigitsOf(id).size() != digits.size() || id.substr(0, head) != before.substr(0, head)) {
    return std::nullopt;
  }
  const uint64_t from = NumberOf(digits);
  const uint64_t to = NumberOf(id.substr(head));
  return to > from ? std::optional(to - from) : std::nullopt;
}

// The id whose number is greater by `step` than that of `before`; empty when it has more digits.
std::string_view Stepped(std::string_view before, uint64_t step, TextArena* arena) {
  const std::string_view digits = DigitsOf(before);
  const size_t head = before.size() - digits.size();
  uint64_t number = NumberOf(digits);
  if (step > UINT64_MAX - number) return {};
  number += step;
  std::array<char, kMostDigits> written;
  for (size_t i = digits.size(); i > 0; --i, number /= 10) {
    written[i - 1] = static_cast<char>('0' + number % 10);
  }
  if (number != 0) return {};
  return arena->Join(before.substr(0, head), {written.data(), digits.size()});
}

void WriteRow(const PurchaseFact& row, const PurchaseFact& before, ByteWriter* page) {
  const std::optional<uint64_t> step = StepOf(row.purchase_id, before.purchase_id);
  const uint8_t flags = FlagsOf(row) | (step ? kIsNumbered : 0);
  page->Byte(flags);
  if (step) {
    page->Number(*step);
  } else {
    const size_t shared = SharedPrefix(row.purchase_id, before.purchase_id);
    page->Number(shared);
    page->Text(std::string_view(row.purchase_id).substr(shared));
  }
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

std::string_view ReadId(bool is_numbered, std::string_view before, TextArena* arena,
                        ByteReader* page) {
  if (is_numbered) {
    const uint64_t step = page->Number();
    const std::string_view id = page->ok() ? Stepped(before, step, arena) : std::string_view();
    if (id.empty()) page->Fail();
    return id;
  }
  const uint64_t shared = page->Number();
  const std::string_view rest = page->Text();
  if (shared > before.size()) page->Fail();
  if (!page->ok()) return {};
  return shared == 0 ? rest : arena->Join(before.substr(0, shared), rest);
}

PurchaseFact ReadRow(std::string_view id_before, int64_t date_before, TextArena* arena,
                     ByteReader* page) {
  PurchaseFact row;
  const uint8_t flags = page->Byte();
  row.purchase_id = ReadId((flags & kIsNumbered) != 0, id_before, arena, page);
  if (!page->ok()) return row;
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
  const uint8_t format = page.Byte();
  if (format != kFirstFormat && format != kFormat) page.Fail();
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
