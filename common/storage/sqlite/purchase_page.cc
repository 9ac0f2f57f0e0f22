#include "common/storage/sqlite/purchase_page.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
  // Numbers of kMostDigits digits are smaller.
  constexpr uint64_t kLimit = 1'000'000'000'000'000'000;
  if (step >= kLimit) return {};
  const size_t size = before.id.size();
  char* const id = arena->Room(size);
  if (size > 0) std::memcpy(id, before.id.data(), size);
  uint64_t carried = step;
  for (size_t i = size; carried > 0; carried /= 10) {
    if (i == before.head) return {};
    carried += static_cast<uint64_t>(id[--i] - '0');
    id[i] = static_cast<char>('0' + carried % 10);
  }
  return {.id = {id, size}, .head = before.head, .number = before.number + step};
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

// `id`: of the row before; becomes that of the row. `row` is as new.
void ReadRow(int64_t date_before, TextArena* arena, NumberedId* id, ByteReader* page,
             PurchaseFact* row) {
  const uint8_t flags = page->Byte();
  *id = ReadId((flags & kIsNumbered) != 0, *id, arena, page);
  row->purchase_id = id->id;
  if (!page->ok()) return;
  if (flags & kHasOrderId) row->order_id = page->Text();
  const uint64_t amount = page->Signed();
  row->amount_micros =
      static_cast<int64_t>(flags & kIsInCents ? amount * uint64_t{kMicrosPerCent} : amount);
  row->date = WrappedSum(date_before, page->Signed());
  if (flags & kHasCreatedAt) row->created_at = WrappedSum(row->date, page->Signed());
  row->currency = page->Id();
  if (flags & kHasProductId) row->product_id = page->Id();
  if (flags & kHasProductName) row->product_name = page->Id();
  if (flags & kHasProductCategory) row->product_category = page->Id();
  if (flags & kHasPaymentMethod) row->payment_method = page->Id();
}

// Writes rows of a page, each after the one before it.
class PageWriter {
 public:
  explicit PageWriter(absl::Span<const PurchaseFact> rows) : rows_(rows) {
    page_.Byte(kFormat);
    page_.Number(rows.size());
  }

  void Reserve(size_t bytes) { page_.Reserve(bytes); }
  void WriteRows(size_t begin, size_t end) {
    if (begin == end) return;
    NumberedId before = begin == 0 ? NumberedId() : NumberedId::Of(rows_[begin - 1].purchase_id);
    for (size_t i = begin; i < end; ++i) {
      const NumberedId id = NumberedId::Of(rows_[i].purchase_id);
      WriteRow(rows_[i], id, before, i == 0 ? 0 : rows_[i - 1].date, &page_);
      before = id;
    }
  }
  void Copy(std::string_view bytes) { page_.Bytes(bytes); }
  std::string Take() { return page_.Take(); }

 private:
  absl::Span<const PurchaseFact> rows_;
  ByteWriter page_;
};

// `bounds` may be null.
absl::Status Unpack(std::string_view bytes, TextArena* arena, std::vector<PurchaseFact>* rows,
                    std::vector<uint32_t>* bounds) {
  ByteReader page(bytes);
  const uint8_t format = page.Byte();
  if (format != kFirstFormat && format != kFormat) page.Fail();
  const uint64_t count = page.Number();
  // Every row takes at least five bytes.
  if (count > bytes.size() / 5) page.Fail();
  if (page.ok()) rows->reserve(rows->size() + count);
  const auto note_bound = [&] {
    if (bounds != nullptr) bounds->push_back(static_cast<uint32_t>(bytes.size() - page.size()));
  };
  note_bound();
  NumberedId id;
  int64_t date = 0;
  for (uint64_t i = 0; i < count && page.ok(); ++i) {
    PurchaseFact& row = rows->emplace_back();
    ReadRow(date, arena, &id, &page, &row);
    date = row.date;
    note_bound();
  }
  if (!page.ok() || !page.at_end()) return absl::DataLossError("a page of purchases is damaged");
  return absl::OkStatus();
}

}  // namespace

std::string PackPurchases(absl::Span<const PurchaseFact> rows) {
  PageWriter page(rows);
  page.Reserve(16 + 32 * rows.size());
  page.WriteRows(0, rows.size());
  return page.Take();
}

std::string RepackPurchases(const UnpackedPage& before, absl::Span<const PurchaseChange> changes,
                            absl::Span<const PurchaseFact> rows) {
  PageWriter page(rows);
  page.Reserve(before.bytes.size() + 64 * (changes.size() + 1));
  size_t next = 0;           // of the rows
  size_t old = 0;            // the row of the page before that would be the next
  bool is_after_old = true;  // so that the next row's bytes are the same
  const auto copy_until = [&](size_t end) {
    const size_t first = is_after_old ? next : std::min(next + 1, end);
    page.WriteRows(next, first);
    old += first - next;
    if (first < end) {
      const uint32_t begin = before.bounds[old];
      old += end - first;
      page.Copy(before.bytes.substr(begin, before.bounds[old] - begin));
    }
    next = end;
  };
  for (const PurchaseChange& change : changes) {
    const auto place = std::lower_bound(
        rows.begin() + static_cast<std::ptrdiff_t>(next), rows.end(), change.after.purchase_id,
        [](const PurchaseFact& row, std::string_view id) { return row.purchase_id < id; });
    copy_until(static_cast<size_t>(place - rows.begin()));
    page.WriteRows(next, next + 1);
    if (change.before) ++old;
    ++next;
    is_after_old = false;
  }
  copy_until(rows.size());
  return page.Take();
}

absl::Status UnpackPurchases(std::string_view bytes, TextArena* arena,
                             std::vector<PurchaseFact>* rows) {
  return Unpack(bytes, arena, rows, nullptr);
}

absl::Status UnpackPurchases(std::string_view bytes, TextArena* arena,
                             std::vector<PurchaseFact>* rows, UnpackedPage* unpacked) {
  unpacked->bytes = bytes;
  unpacked->bounds.clear();
  return Unpack(bytes, arena, rows, &unpacked->bounds);
}

}  // namespace clv::storage
