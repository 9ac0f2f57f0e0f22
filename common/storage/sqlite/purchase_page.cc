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

// An id and the number at its end.
struct NumberedId {
  std::string_view id;
  size_t head = 0;  // bytes before the digits; all where there are none
  uint64_t number = 0;

  static NumberedId Of(std::string_view id) {
    NumberedId numbered{.id = id, .head = id.size()};
    while (numbered.head > 0 && id.size() - numbered.head < kMostDigits &&
           IsDigit(id[numbered.head - 1])) {
      --numbered.head;
    }
    for (const char digit : id.substr(numbered.head)) numbered.number = Appended(numbered, digit);
    return numbered;
  }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  static uint64_t Appended(const NumberedId& to, char digit) {
    return 10 * to.number + static_cast<uint64_t>(digit - '0');
  }
};

// By how much the number of `id` is greater than that of `before`, which differs in nothing else;
// absent when there is another difference.
std::optional<uint64_t> StepOf(const NumberedId& id, const NumberedId& before) {
  if (id.id.size() != before.id.size() || id.head != before.head || id.head == id.id.size() ||
      id.number <= before.number || id.id.substr(0, id.head) != before.id.substr(0, id.head)) {
    return std::nullopt;
  }
  return id.number - before.number;
}

// The id whose number is greater by `step` than that of `before`; empty when it has more digits.
NumberedId Stepped(const NumberedId& before, uint64_t step, TextArena* arena) {
  if (step > UINT64_MAX - before.number) return {};
  const NumberedId stepped{.id = {}, .head = before.head, .number = before.number + step};
  const size_t digits = before.id.size() - before.head;
  std::array<char, kMostDigits> written;
  uint64_t left = stepped.number;
  for (size_t i = digits; i > 0; --i, left /= 10) {
    written[i - 1] = static_cast<char>('0' + left % 10);
  }
  if (left != 0) return {};
  return {.id = arena->Join(before.id.substr(0, before.head), {written.data(), digits}),
          .head = stepped.head,
          .number = stepped.number};
}

void WriteRow(const PurchaseFact& row, const NumberedId& id, const NumberedId& id_before,
              int64_t date_before, ByteWriter* page) {
  const std::optional<uint64_t> step = StepOf(id, id_before);
  const uint8_t flags = FlagsOf(row) | (step ? kIsNumbered : 0);
  page->Byte(flags);
  if (step) {
    page->Number(*step);
  } else {
    const size_t shared = SharedPrefix(id.id, id_before.id);
    page->Number(shared);
    page->Text(id.id.substr(shared));
  }
  if (flags & kHasOrderId) page->Text(row.order_id);
  page->Signed(static_cast<uint64_t>(flags & kIsInCents ? row.amount_micros / kMicrosPerCent
                                                        : row.amount_micros));
  page->Signed(WrappedDifference(row.date, date_before));
  if (flags & kHasCreatedAt) page->Signed(WrappedDifference(*row.created_at, row.date));
  page->Number(row.currency);
  if (flags & kHasProductId) page->Number(row.product_id);
  if (flags & kHasProductName) page->Number(row.product_name);
  if (flags & kHasProductCategory) page->Number(row.product_category);
  if (flags & kHasPaymentMethod) page->Number(row.payment_method);
}

NumberedId ReadId(bool is_numbered, const NumberedId& before, TextArena* arena, ByteReader* page) {
  if (is_numbered) {
    const uint64_t step = page->Number();
    const NumberedId id = page->ok() ? Stepped(before, step, arena) : NumberedId();
    if (id.id.empty()) page->Fail();
    return id;
  }
  const uint64_t shared = page->Number();
  const std::string_view rest = page->Text();
  if (shared > before.id.size()) page->Fail();
  if (!page->ok()) return {};
  return NumberedId::Of(shared == 0 ? rest : arena->Join(before.id.substr(0, shared), rest));
}

// `id`: of the row before; becomes that of the row.
PurchaseFact ReadRow(int64_t date_before, TextArena* arena, NumberedId* id, ByteReader* page) {
  PurchaseFact row;
  const uint8_t flags = page->Byte();
  *id = ReadId((flags & kIsNumbered) != 0, *id, arena, page);
  row.purchase_id = id->id;
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
  NumberedId id_before;
  int64_t date_before = 0;
  for (const PurchaseFact& row : rows) {
    const NumberedId id = NumberedId::Of(row.purchase_id);
    WriteRow(row, id, id_before, date_before, &page);
    id_before = id;
    date_before = row.date;
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
  NumberedId id;
  int64_t date = 0;
  for (uint64_t i = 0; i < count && page.ok(); ++i) {
    rows->push_back(ReadRow(date, arena, &id, &page));
    date = rows->back().date;
  }
  if (!page.ok() || !page.at_end()) return absl::DataLossError("a page of purchases is damaged");
  return absl::OkStatus();
}

}  // namespace clv::storage
