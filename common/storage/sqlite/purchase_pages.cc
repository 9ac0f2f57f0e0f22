#include "common/storage/sqlite/purchase_pages.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv::storage {
namespace {

// Rows in memory after which pages are written and forgotten: about 100 MB.
constexpr size_t kMostRows = 500'000;

}  // namespace

absl::StatusOr<std::unique_ptr<PurchasePages>> PurchasePages::Prepare(Database& db) {
  std::unique_ptr<PurchasePages> pages(new PurchasePages());
  PurchasePages& p = *pages;
  p.db_ = &db;
  CLV_ASSIGN_OR_RETURN(p.texts_, PurchaseTexts::Prepare(db));
  CLV_ASSIGN_OR_RETURN(
      p.page_, db.Prepare("SELECT page_id, rows FROM purchase_pages WHERE customer_id = ?"));
  CLV_ASSIGN_OR_RETURN(
      p.page_by_id_, db.Prepare("SELECT customer_id, rows FROM purchase_pages WHERE page_id = ?"));
  CLV_ASSIGN_OR_RETURN(p.scan_, db.Prepare("SELECT customer_id, rows FROM purchase_pages WHERE "
                                           "customer_id >= ? ORDER BY customer_id"));
  CLV_ASSIGN_OR_RETURN(p.owner_,
                       db.Prepare("SELECT page_id FROM purchase_owners WHERE purchase_id = ?"));
  CLV_ASSIGN_OR_RETURN(p.insert_page_,
                       db.Prepare("INSERT INTO purchase_pages (customer_id, rows) VALUES (?, ?)"));
  CLV_ASSIGN_OR_RETURN(p.update_page_,
                       db.Prepare("UPDATE purchase_pages SET rows = ?2 WHERE page_id = ?1"));
  CLV_ASSIGN_OR_RETURN(p.remove_page_, db.Prepare("DELETE FROM purchase_pages WHERE page_id = ?"));
  // No OR REPLACE: a purchase that still lies with another customer must be an error.
  CLV_ASSIGN_OR_RETURN(
      p.insert_owner_,
      db.Prepare("INSERT INTO purchase_owners (purchase_id, page_id) VALUES (?, ?)"));
  CLV_ASSIGN_OR_RETURN(
      p.update_owner_,
      db.Prepare("UPDATE purchase_owners SET page_id = ?2 WHERE purchase_id = ?1"));
  CLV_ASSIGN_OR_RETURN(p.remove_owner_,
                       db.Prepare("DELETE FROM purchase_owners WHERE purchase_id = ?"));
  return pages;
}

absl::StatusOr<PurchasePages::Page*> PurchasePages::PageOf(const std::string& customer_id) {
  if (const auto known = pages_.find(customer_id); known != pages_.end()) return &known->second;
  if (rows_ > kMostRows) CLV_RETURN_IF_ERROR(Flush());
  page_.Reset();  // an error may have left it at a row
  page_.Bind(1, customer_id);
  CLV_ASSIGN_OR_RETURN(const bool has_row, page_.Step());
  Page page;
  if (has_row) {
    page.page_id = page_.Int(0);
    CLV_ASSIGN_OR_RETURN(page.rows, UnpackPurchases(page_.Blob(1)));
  }
  page_.Reset();
  rows_ += page.rows.size() + 1;
  const auto kept = pages_.emplace(customer_id, std::move(page)).first;
  if (has_row) customers_[kept->second.page_id] = &kept->first;
  return &kept->second;
}

absl::StatusOr<const PurchasePages::Page*> PurchasePages::WholePageOf(
    const std::string& customer_id) {
  CLV_ASSIGN_OR_RETURN(Page* const page, PageOf(customer_id));
  ApplyChanges(*page);
  return page;
}

const PackedPurchase* PurchasePages::RowOf(const Page& page, const std::string& purchase_id) {
  const auto change = page.changes.find(purchase_id);
  if (change != page.changes.end()) return change->second ? &*change->second : nullptr;
  const auto place = std::lower_bound(
      page.rows.begin(), page.rows.end(), purchase_id,
      [](const PackedPurchase& row, const std::string& id) { return row.purchase_id < id; });
  return place != page.rows.end() && place->purchase_id == purchase_id ? &*place : nullptr;
}

void PurchasePages::ApplyChanges(Page& page) {
  if (page.changes.empty()) return;
  std::vector<PackedPurchase> rows;
  rows.reserve(page.rows.size() + page.changes.size());
  auto old = page.rows.begin();
  for (auto& [purchase_id, row] : page.changes) {
    while (old != page.rows.end() && old->purchase_id < purchase_id) {
      rows.push_back(std::move(*old++));
    }
    if (old != page.rows.end() && old->purchase_id == purchase_id) ++old;
    if (row) rows.push_back(*std::move(row));
  }
  std::move(old, page.rows.end(), std::back_inserter(rows));
  page.rows = std::move(rows);
  page.changes.clear();
}

absl::StatusOr<const std::string*> PurchasePages::OwnerOf(const std::string& purchase_id) {
  owner_.Bind(1, purchase_id);
  CLV_ASSIGN_OR_RETURN(const bool has_owner, owner_.Step());
  const int64_t page_id = has_owner ? owner_.Int(0) : 0;
  owner_.Reset();
  if (!has_owner) return nullptr;
  if (const auto known = customers_.find(page_id); known != customers_.end()) return known->second;
  page_by_id_.Reset();  // likewise
  page_by_id_.Bind(1, page_id);
  CLV_ASSIGN_OR_RETURN(const bool has_page, page_by_id_.Step());
  if (!has_page) {
    return absl::DataLossError(absl::StrCat("purchase_pages: no page ", page_id));
  }
  std::string customer_id(page_by_id_.Text(0));
  Page page{.page_id = page_id};
  CLV_ASSIGN_OR_RETURN(page.rows, UnpackPurchases(page_by_id_.Blob(1)));
  page_by_id_.Reset();
  rows_ += page.rows.size() + 1;
  const auto kept = pages_.emplace(std::move(customer_id), std::move(page)).first;
  return customers_[page_id] = &kept->first;
}

absl::StatusOr<domain::Purchase> PurchasePages::ToPurchase(const std::string& customer_id,
                                                           const PackedPurchase& row) {
  domain::Purchase purchase{.purchase_id = row.purchase_id,
                            .customer_id = customer_id,
                            .order_id = row.order_id.empty() ? row.purchase_id : row.order_id,
                            .purchase_amount_micros = row.amount_micros,
                            .purchase_date = row.date,
                            .created_at = row.created_at};
  CLV_ASSIGN_OR_RETURN(purchase.currency, texts_->TextOf(row.currency));
  CLV_ASSIGN_OR_RETURN(purchase.product_id, texts_->TextOf(row.product_id));
  CLV_ASSIGN_OR_RETURN(purchase.product_name, texts_->TextOf(row.product_name));
  CLV_ASSIGN_OR_RETURN(purchase.product_category, texts_->TextOf(row.product_category));
  CLV_ASSIGN_OR_RETURN(purchase.payment_method, texts_->TextOf(row.payment_method));
  return purchase;
}

absl::StatusOr<PackedPurchase> PurchasePages::ToPacked(const domain::Purchase& purchase) {
  PackedPurchase row{.purchase_id = purchase.purchase_id,
                     .order_id = purchase.order_id == purchase.purchase_id ? "" : purchase.order_id,
                     .amount_micros = purchase.purchase_amount_micros,
                     .date = purchase.purchase_date,
                     .created_at = purchase.created_at};
  CLV_ASSIGN_OR_RETURN(row.currency, texts_->Use(purchase.currency));
  CLV_ASSIGN_OR_RETURN(row.product_id, texts_->Use(purchase.product_id));
  CLV_ASSIGN_OR_RETURN(row.product_name, texts_->Use(purchase.product_name));
  CLV_ASSIGN_OR_RETURN(row.product_category, texts_->Use(purchase.product_category));
  CLV_ASSIGN_OR_RETURN(row.payment_method, texts_->Use(purchase.payment_method));
  return row;
}

void PurchasePages::ReleaseTexts(const PackedPurchase& row) {
  for (const TextId id :
       {row.currency, row.product_id, row.product_name, row.product_category, row.payment_method}) {
    texts_->Release(id);
  }
}

absl::StatusOr<ByKey<domain::Purchase>> PurchasePages::Find(
    const std::vector<std::string>& purchase_ids) {
  ByKey<domain::Purchase> found;
  CLV_RETURN_IF_ERROR(Flush());
  for (const std::string& id : purchase_ids) {
    CLV_ASSIGN_OR_RETURN(const std::string* const customer_id, OwnerOf(id));
    if (customer_id == nullptr) continue;
    const Page& page = pages_.at(*customer_id);
    const PackedPurchase* const row = RowOf(page, id);
    if (row == nullptr) {
      return absl::DataLossError(absl::StrCat("page ", page.page_id, " lacks one of its rows"));
    }
    CLV_ASSIGN_OR_RETURN(domain::Purchase purchase, ToPurchase(*customer_id, *row));
    found.emplace(id, std::move(purchase));
  }
  return found;
}

absl::StatusOr<std::vector<domain::Purchase>> PurchasePages::Of(const std::string& customer_id) {
  CLV_ASSIGN_OR_RETURN(const Page* const page, WholePageOf(customer_id));
  std::vector<domain::Purchase> purchases;
  purchases.reserve(page->rows.size());
  for (const PackedPurchase& row : page->rows) {
    CLV_ASSIGN_OR_RETURN(domain::Purchase purchase, ToPurchase(customer_id, row));
    purchases.push_back(std::move(purchase));
  }
  return purchases;
}

absl::StatusOr<std::vector<domain::PurchaseAmount>> PurchasePages::AmountsOf(
    const std::string& customer_id, const std::string& reporting_currency) {
  CLV_ASSIGN_OR_RETURN(const TextId currency, texts_->Find(reporting_currency));
  CLV_ASSIGN_OR_RETURN(const Page* const page, WholePageOf(customer_id));
  std::vector<domain::PurchaseAmount> amounts;
  amounts.reserve(page->rows.size());
  for (const PackedPurchase& row : page->rows) {
    amounts.push_back({.order_id = row.order_id.empty() ? row.purchase_id : row.order_id,
                       .amount_micros = row.amount_micros,
                       .date = row.date,
                       .in_reporting_currency = row.currency == currency});
  }
  return amounts;
}

absl::StatusOr<std::vector<domain::Purchase>> PurchasePages::Scan(const PurchaseKey& after,
                                                                  int limit) {
  CLV_RETURN_IF_ERROR(Flush());
  std::vector<domain::Purchase> purchases;
  scan_.Reset();  // likewise
  scan_.Bind(1, after.customer_id);
  while (purchases.size() < static_cast<size_t>(limit)) {
    CLV_ASSIGN_OR_RETURN(const bool has_page, scan_.Step());
    if (!has_page) break;
    const std::string customer_id(scan_.Text(0));
    CLV_ASSIGN_OR_RETURN(const std::vector<PackedPurchase> rows, UnpackPurchases(scan_.Blob(1)));
    for (const PackedPurchase& row : rows) {
      if (customer_id == after.customer_id && row.purchase_id <= after.purchase_id) continue;
      if (purchases.size() == static_cast<size_t>(limit)) break;
      CLV_ASSIGN_OR_RETURN(domain::Purchase purchase, ToPurchase(customer_id, row));
      purchases.push_back(std::move(purchase));
    }
  }
  scan_.Reset();
  return purchases;
}

absl::Status PurchasePages::Put(const domain::Purchase& purchase) {
  CLV_ASSIGN_OR_RETURN(Page* const page, PageOf(purchase.customer_id));
  CLV_ASSIGN_OR_RETURN(PackedPurchase row, ToPacked(purchase));
  if (const PackedPurchase* const old = RowOf(*page, purchase.purchase_id); old != nullptr) {
    ReleaseTexts(*old);
  } else {
    Owner& owner = owners_[purchase.purchase_id];
    if (owner.page != nullptr) {
      return absl::AlreadyExistsError("a purchase still lies with another customer");
    }
    owner.page = page;
    ++rows_;
  }
  page->has_changed = true;
  page->changes[purchase.purchase_id] = std::move(row);
  return absl::OkStatus();
}

absl::Status PurchasePages::Remove(const std::string& customer_id, const std::string& purchase_id) {
  CLV_ASSIGN_OR_RETURN(Page* const page, PageOf(customer_id));
  const PackedPurchase* const old = RowOf(*page, purchase_id);
  if (old == nullptr) return absl::OkStatus();
  ReleaseTexts(*old);
  page->has_changed = true;
  page->changes[purchase_id] = std::nullopt;
  const auto [owner, is_new] = owners_.try_emplace(purchase_id);
  if (is_new) owner->second.was_stored = true;
  owner->second.page = nullptr;
  return absl::OkStatus();
}

absl::Status PurchasePages::WritePages() {
  using Entry = std::pair<const std::string, Page>;
  std::vector<Entry*> changed;
  for (Entry& entry : pages_) {
    if (entry.second.has_changed) changed.push_back(&entry);
  }
  // In the order of the file; new ones, which have no place yet, by customer at the end.
  std::sort(changed.begin(), changed.end(), [](const Entry* a, const Entry* b) {
    const bool a_is_new = a->second.page_id == 0;
    const bool b_is_new = b->second.page_id == 0;
    if (a_is_new != b_is_new) return b_is_new;
    return a_is_new ? a->first < b->first : a->second.page_id < b->second.page_id;
  });
  for (Entry* const entry : changed) {
    Page& page = entry->second;
    ApplyChanges(page);
    if (page.rows.empty()) {
      if (page.page_id == 0) continue;
      remove_page_.Bind(1, page.page_id);
      CLV_RETURN_IF_ERROR(remove_page_.Run());
    } else if (page.page_id == 0) {
      insert_page_.Bind(1, entry->first);
      insert_page_.BindBlob(2, PackPurchases(page.rows));
      CLV_RETURN_IF_ERROR(insert_page_.Run());
      page.page_id = db_->last_insert_rowid();
    } else {
      update_page_.Bind(1, page.page_id);
      update_page_.BindBlob(2, PackPurchases(page.rows));
      CLV_RETURN_IF_ERROR(update_page_.Run());
    }
  }
  return absl::OkStatus();
}

absl::Status PurchasePages::WriteOwners() {
  std::vector<std::pair<std::string_view, const Owner*>> changed;
  changed.reserve(owners_.size());
  for (const auto& [purchase_id, owner] : owners_) changed.emplace_back(purchase_id, &owner);
  std::sort(changed.begin(), changed.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [purchase_id, owner] : changed) {
    if (owner->page == nullptr && !owner->was_stored) continue;
    Statement& write = owner->page == nullptr ? remove_owner_
                       : owner->was_stored    ? update_owner_
                                              : insert_owner_;
    write.Bind(1, purchase_id);
    if (owner->page != nullptr) write.Bind(2, owner->page->page_id);
    CLV_RETURN_IF_ERROR(write.Run());
  }
  return absl::OkStatus();
}

absl::Status PurchasePages::Flush() {
  CLV_RETURN_IF_ERROR(WritePages());
  CLV_RETURN_IF_ERROR(WriteOwners());
  CLV_RETURN_IF_ERROR(texts_->Flush());
  pages_.clear();
  customers_.clear();
  owners_.clear();
  rows_ = 0;
  return absl::OkStatus();
}

void PurchasePages::Forget() {
  pages_.clear();
  customers_.clear();
  owners_.clear();
  rows_ = 0;
  texts_->Forget();
}

}  // namespace clv::storage
