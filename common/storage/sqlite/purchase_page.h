// common/storage/sqlite/purchase_page.h: the packed form of one customer's purchases.
#ifndef CLV_COMMON_STORAGE_SQLITE_PURCHASE_PAGE_H_
#define CLV_COMMON_STORAGE_SQLITE_PURCHASE_PAGE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/base/text_arena.h"
#include "common/storage/purchase_fact.h"

namespace clv::storage {

// Packs rows, which must be sorted by purchase_id, in about 20 bytes each: ids share prefixes with
// the row before, or are told by the difference of the numbers that they end in, instants are
// differences, whole cents take no micros, texts are numbers.
std::string PackPurchases(absl::Span<const PurchaseFact> rows);

// Appends the rows of a page to `rows`; their ids lie in the page and in `arena`. DATA_LOSS when
// the bytes are no page.
absl::Status UnpackPurchases(std::string_view page, TextArena* arena,
                             std::vector<PurchaseFact>* rows);

// A page that was read, for RepackPurchases.
struct UnpackedPage {
  std::string_view bytes;
  std::vector<uint32_t> bounds;  // where its first row begins, and where each ends
};

// The same; tells the page.
absl::Status UnpackPurchases(std::string_view page, TextArena* arena,
                             std::vector<PurchaseFact>* rows, UnpackedPage* unpacked);

// As PackPurchases, for the rows of `page` (without one: no bytes) after `changes`, which come by
// purchase_id, each once: what has not changed is copied.
std::string RepackPurchases(const UnpackedPage& page, absl::Span<const PurchaseChange> changes,
                            absl::Span<const PurchaseFact> rows);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_PURCHASE_PAGE_H_
