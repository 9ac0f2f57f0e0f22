// common/storage/sqlite/purchase_pages.h: the winning purchases, packed in one page a customer.
//
// A page (purchase_page.h) lies in the customer's row of `customer_clv`, so that a fold reads and
// writes one place for each customer; purchase_keys.h finds the page of a purchase. The virtual
// table `purchases` shows them unpacked.
#ifndef CLV_COMMON_STORAGE_SQLITE_PURCHASE_PAGES_H_
#define CLV_COMMON_STORAGE_SQLITE_PURCHASE_PAGES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/text_arena.h"
#include "common/domain/customer_summary.h"
#include "common/domain/records.h"
#include "common/storage/clv_store.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/purchase_keys.h"
#include "common/storage/sqlite/purchase_texts.h"

namespace clv::storage {

// Pages of one connection. Thread-compatible.
//
// Put and Remove keep pages unpacked in memory until Flush. A customer whose value is not written
// yet gets a row without one (see clv_statements.h).
class PurchasePages {
 public:
  // The connection must outlive the pages.
  static absl::StatusOr<std::unique_ptr<PurchasePages>> Prepare(Database& db);

  // The methods of ClvReadTransaction; what was put and not written yet counts.
  absl::StatusOr<ByKey<domain::Purchase>> Find(const std::vector<std::string>& purchase_ids);
  absl::StatusOr<std::vector<domain::Purchase>> Of(const std::string& customer_id);
  absl::StatusOr<std::vector<domain::PurchaseAmount>> AmountsOf(
      const std::string& customer_id, const std::string& reporting_currency);
  absl::StatusOr<std::vector<domain::Purchase>> Scan(const PurchaseKey& after, int limit);

  // The methods of FoldTransaction. Written by Flush; that a purchase lies with another customer is
  // found out there (ALREADY_EXISTS).
  absl::Status Put(const domain::Purchase& purchase);
  absl::Status Remove(const std::string& customer_id, const std::string& purchase_id);
  absl::StatusOr<std::vector<bool>> MayHold(absl::Span<const std::string_view> purchase_ids);
  absl::StatusOr<bool> Holds(std::string_view purchase_id);
  PurchaseTexts& texts() { return *texts_; }

  // Reads a customer's page: its rows, whose ids lie in `ids`, replace `rows`. The pages in memory
  // must be flushed.
  absl::Status ReadPage(std::string_view customer_id, TextArena* ids,
                        std::vector<PurchaseFact>* rows);
  // Somebody else has written a page, whose rows changed by `changes`.
  void NoteWritten(int64_t page_id, absl::Span<const PurchaseChange> changes);

  // Writes what was put and removed. FlushPages leaves the counts of the texts, with which those
  // that nobody uses yet would go.
  absl::Status Flush();
  absl::Status FlushPages();

  // The transaction has ended otherwise, or another connection may have written: what is in memory
  // is not true any more.
  void Forget();

 private:
  struct Page {
    int64_t page_id = 0;             // 0: not stored
    std::vector<PurchaseFact> rows;  // by purchase_id
    // Rows that were put since, or (absent) removed: one at a time they would move all behind them.
    std::map<std::string, std::optional<PurchaseFact>> changes;
    bool has_changed = false;
  };
  // Where a purchase lies, when that has changed.
  struct Owner {
    const Page* stored = nullptr;  // the page it left
    const Page* page = nullptr;    // null: nowhere any more
  };

  PurchasePages() = default;
  // Null when there is none.
  static const PurchaseFact* RowOf(const Page& page, const std::string& purchase_id);
  static void ApplyChanges(Page& page);
  absl::StatusOr<Page*> PageOf(const std::string& customer_id);
  // The same without changes: all is in its rows.
  absl::StatusOr<const Page*> WholePageOf(const std::string& customer_id);
  // The same by number; its customer. Damaged rows are DATA_LOSS, a page that is not there null.
  absl::StatusOr<const std::string*> CustomerOfPage(int64_t page_id);
  // The customer in whose page the purchase lies; null when nowhere. The pages must be flushed.
  absl::StatusOr<const std::string*> OwnerOf(const std::string& purchase_id);
  absl::StatusOr<domain::Purchase> ToPurchase(const std::string& customer_id,
                                              const PurchaseFact& row);
  absl::StatusOr<PurchaseFact> ToFact(const domain::Purchase& purchase);
  // Inserts, updates or (where `packed` is empty) removes a page, and what is left of a customer
  // without one.
  absl::Status Store(std::string_view customer_id, std::string_view packed, int64_t* page_id);
  absl::Status CheckOwners();
  absl::Status WritePages();
  void IndexOwners();
  void ForgetPages();

  std::unique_ptr<PurchaseTexts> texts_;
  std::unique_ptr<PurchaseKeys> keys_;
  Database* db_ = nullptr;
  Statement page_, page_by_id_, scan_, insert_page_, update_page_, remove_page_, remove_row_;
  TextArena ids_;                                              // of the rows in pages_
  std::unordered_map<std::string, Page> pages_;                // by customer
  std::unordered_map<int64_t, const std::string*> customers_;  // by page, into pages_
  std::unordered_map<std::string, Owner> owners_;
  size_t rows_ = 0;  // in pages_
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_PURCHASE_PAGES_H_
