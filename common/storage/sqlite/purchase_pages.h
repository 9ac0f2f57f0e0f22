// common/storage/sqlite/purchase_pages.h: the winning purchases, packed in one page a customer.
//
// `purchase_pages` holds each customer's rows (purchase_page.h), `purchase_owners` says in which
// page a purchase lies. The virtual table `purchases` shows them unpacked.
#ifndef CLV_COMMON_STORAGE_SQLITE_PURCHASE_PAGES_H_
#define CLV_COMMON_STORAGE_SQLITE_PURCHASE_PAGES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/domain/customer_summary.h"
#include "common/domain/records.h"
#include "common/storage/clv_store.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/purchase_texts.h"

namespace clv::storage {

// Pages of one connection, kept unpacked in memory between the reads and writes of a transaction.
// Thread-compatible.
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

  // Writes what was put and removed.
  absl::Status Flush();

  // The transaction has ended: what is in memory is not true any more.
  void Forget();

 private:
  struct Page {
    int64_t page_id = 0;               // 0: not stored
    std::vector<PackedPurchase> rows;  // by purchase_id
    // Rows that were put since, or (absent) removed: one at a time they would move all behind them.
    std::map<std::string, std::optional<PackedPurchase>> changes;
    bool has_changed = false;
  };
  // Where a purchase lies, when that has changed.
  struct Owner {
    bool was_stored = false;
    const Page* page = nullptr;  // null: nowhere any more
  };

  PurchasePages() = default;
  // Null when there is none.
  static const PackedPurchase* RowOf(const Page& page, const std::string& purchase_id);
  static void ApplyChanges(Page& page);
  absl::StatusOr<Page*> PageOf(const std::string& customer_id);
  // The same without changes: all is in its rows.
  absl::StatusOr<const Page*> WholePageOf(const std::string& customer_id);
  // The customer in whose page the purchase lies; null when nowhere. The pages must be flushed.
  absl::StatusOr<const std::string*> OwnerOf(const std::string& purchase_id);
  absl::StatusOr<domain::Purchase> ToPurchase(const std::string& customer_id,
                                              const PackedPurchase& row);
  absl::StatusOr<PackedPurchase> ToPacked(const domain::Purchase& purchase);
  void ReleaseTexts(const PackedPurchase& row);
  absl::Status WritePages();
  absl::Status WriteOwners();

  std::unique_ptr<PurchaseTexts> texts_;
  Database* db_ = nullptr;
  Statement page_, page_by_id_, scan_, owner_, insert_page_, update_page_, remove_page_,
      insert_owner_, update_owner_, remove_owner_;
  std::unordered_map<std::string, Page> pages_;                // by customer
  std::unordered_map<int64_t, const std::string*> customers_;  // by page, into pages_
  std::unordered_map<std::string, Owner> owners_;
  size_t rows_ = 0;  // in pages_
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_PURCHASE_PAGES_H_
