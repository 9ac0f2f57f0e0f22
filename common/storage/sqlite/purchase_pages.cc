#include "common/storage/sqlite/purchase_pages.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/purchase_page.h"

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
  CLV_ASSIGN_OR_RETURN(p.keys_, PurchaseKeys::Prepare(db));
  CLV_ASSIGN_OR_RETURN(p.page_, db.Prepare("SELECT page_id, purchases FROM customer_clv WHERE "
                                           "customer_id = ? AND purchases NOT NULL"));
  CLV_ASSIGN_OR_RETURN(p.page_by_id_,
                       db.Prepare("SELECT customer_id, purchases FROM customer_clv WHERE "
                                  "page_id = ? AND purchases NOT NULL"));
  CLV_ASSIGN_OR_RETURN(p.scan_,
                       db.Prepare("SELECT customer_id, purchases FROM customer_clv WHERE "
                                  "customer_id >= ? AND purchases NOT NULL ORDER BY customer_id"));
  CLV_ASSIGN_OR_RETURN(
      p.insert_page_,
      db.Prepare("INSERT INTO customer_clv (customer_id, country, customer_segment, "
                 "acquisition_source, described, imported, purchase_count, total_spend_micros, "
                 "refunded_micros, repeat_order_days, visible_rows, unconverted_rows, "
                 "gross_micros, updated_at, folded_position, purchases) "
                 "VALUES (?1, '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, ?2) "
                 "ON CONFLICT (customer_id) DO UPDATE SET purchases = ?2 RETURNING page_id"));
  CLV_ASSIGN_OR_RETURN(p.update_page_,
                       db.Prepare("UPDATE customer_clv SET purchases = ?2 WHERE page_id = ?1"));
  CLV_ASSIGN_OR_RETURN(p.remove_page_,
                       db.Prepare("UPDATE customer_clv SET purchases = NULL WHERE page_id = ?"));
  CLV_ASSIGN_OR_RETURN(
      p.remove_row_,
      db.Prepare("DELETE FROM customer_clv WHERE page_id = ? AND folded_position < 0"));
  return pages;
}

absl::StatusOr<PurchasePages::Page*> PurchasePages::PageOf(const std::string& customer_id) {
  if (const auto known = pages_.find(customer_id); known != pages_.end()) return &known->second;
  if (rows_ > kMostRows) CLV_RETURN_IF_ERROR(FlushPages());
  page_.Reset();  // an error may have left it at a row
  page_.Bind(1, customer_id);
  CLV_ASSIGN_OR_RETURN(const bool has_row, page_.Step());
  Page page;
  if (has_row) {
    page.page_id = page_.Int(0);
    CLV_RETURN_IF_ERROR(UnpackPurchases(ids_.Keep(page_.Blob(1)), &ids_, &page.rows));
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

const PurchaseFact* PurchasePages::RowOf(const Page& page, const std::string& purchase_id) {
  const auto change = page.changes.find(purchase_id);
  if (change != page.changes.end()) return change->second ? &*change->second : nullptr;
  const auto place = std::lower_bound(
      page.rows.begin(), page.rows.end(), purchase_id,
      [](const PurchaseFact& row, std::string_view id) { return row.purchase_id < id; });
  return place != page.rows.end() && place->purchase_id == purchase_id ? &*place : nullptr;
}

void PurchasePages::ApplyChanges(Page& page) {
  if (page.changes.empty()) return;
  std::vector<PurchaseFact> rows;
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

absl::StatusOr<const std::string*> PurchasePages::CustomerOfPage(int64_t page_id) {
  if (const auto known = customers_.find(page_id); known != customers_.end()) return known->second;
  page_by_id_.Reset();  // likewise
  page_by_id_.Bind(1, page_id);
  CLV_ASSIGN_OR_RETURN(const bool has_page, page_by_id_.Step());
  if (!has_page) {
    return absl::DataLossError(absl::StrCat("customer_clv: no page ", page_id));
  }
  std::string customer_id(page_by_id_.Text(0));
  Page page{.page_id = page_id};
  CLV_RETURN_IF_ERROR(UnpackPurchases(ids_.Keep(page_by_id_.Blob(1)), &ids_, &page.rows));
  page_by_id_.Reset();
  rows_ += page.rows.size() + 1;
  const auto kept = pages_.emplace(std::move(customer_id), std::move(page)).first;
  return customers_[page_id] = &kept->first;
}

absl::StatusOr<const std::string*> PurchasePages::OwnerOf(const std::string& purchase_id) {
  CLV_ASSIGN_OR_RETURN(const std::vector<int64_t> page_ids,
                       keys_->FindPages(PurchaseKeys::HashOf(purchase_id)));
  for (const int64_t page_id : page_ids) {
    CLV_ASSIGN_OR_RETURN(const std::string* const customer_id, CustomerOfPage(page_id));
    if (RowOf(pages_.at(*customer_id), purchase_id) != nullptr) return customer_id;
  }
  return nullptr;
}

absl::StatusOr<domain::Purchase> PurchasePages::ToPurchase(const std::string& customer_id,
                                                           const PurchaseFact& row) {
  domain::Purchase purchase{.purchase_id = std::string(row.purchase_id),
                            .customer_id = customer_id,
                            .order_id = std::string(row.order()),
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

absl::StatusOr<PurchaseFact> PurchasePages::ToFact(const domain::Purchase& purchase) {
  PurchaseFact row{.purchase_id = ids_.Keep(purchase.purchase_id),
                   .amount_micros = purchase.purchase_amount_micros,
                   .date = purchase.purchase_date,
                   .created_at = purchase.created_at};
  if (purchase.order_id != purchase.purchase_id) row.order_id = ids_.Keep(purchase.order_id);
  CLV_ASSIGN_OR_RETURN(row.currency, texts_->Intern(purchase.currency));
  CLV_ASSIGN_OR_RETURN(row.product_id, texts_->Intern(purchase.product_id));
  CLV_ASSIGN_OR_RETURN(row.product_name, texts_->Intern(purchase.product_name));
  CLV_ASSIGN_OR_RETURN(row.product_category, texts_->Intern(purchase.product_category));
  CLV_ASSIGN_OR_RETURN(row.payment_method, texts_->Intern(purchase.payment_method));
  return row;
}

absl::StatusOr<ByKey<domain::Purchase>> PurchasePages::Find(
    const std::vector<std::string>& purchase_ids) {
  ByKey<domain::Purchase> found;
  CLV_RETURN_IF_ERROR(FlushPages());
  for (const std::string& id : purchase_ids) {
    CLV_ASSIGN_OR_RETURN(const std::string* const customer_id, OwnerOf(id));
    if (customer_id == nullptr) continue;
    const PurchaseFact& row = *RowOf(pages_.at(*customer_id), id);
    CLV_ASSIGN_OR_RETURN(domain::Purchase purchase, ToPurchase(*customer_id, row));
    found.emplace(id, std::move(purchase));
  }
  return found;
}

absl::StatusOr<std::vector<domain::Purchase>> PurchasePages::Of(const std::string& customer_id) {
  CLV_ASSIGN_OR_RETURN(const Page* const page, WholePageOf(customer_id));
  std::vector<domain::Purchase> purchases;
  purchases.reserve(page->rows.size());
  for (const PurchaseFact& row : page->rows) {
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
  for (const PurchaseFact& row : page->rows) {
    amounts.push_back({.order_id = std::string(row.order()),
                       .amount_micros = row.amount_micros,
                       .date = row.date,
                       .in_reporting_currency = row.currency == currency});
  }
  return amounts;
}

absl::StatusOr<std::vector<domain::Purchase>> PurchasePages::Scan(const PurchaseKey& after,
                                                                  int limit) {
  CLV_RETURN_IF_ERROR(FlushPages());
  std::vector<domain::Purchase> purchases;
  TextArena ids;
  std::vector<PurchaseFact> rows;
  scan_.Reset();  // likewise
  scan_.Bind(1, after.customer_id);
  while (purchases.size() < static_cast<size_t>(limit)) {
    CLV_ASSIGN_OR_RETURN(const bool has_page, scan_.Step());
    if (!has_page) break;
    const std::string customer_id(scan_.Text(0));
    ids.Clear();
    rows.clear();
    CLV_RETURN_IF_ERROR(UnpackPurchases(scan_.Blob(1), &ids, &rows));
    for (const PurchaseFact& row : rows) {
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
  CLV_ASSIGN_OR_RETURN(const PurchaseFact row, ToFact(purchase));
  if (const PurchaseFact* const old = RowOf(*page, purchase.purchase_id); old != nullptr) {
    texts_->Release(*old);
  } else {
    Owner& owner = owners_[purchase.purchase_id];
    if (owner.page != nullptr) {
      return absl::AlreadyExistsError("a purchase still lies with another customer");
    }
    owner.page = page;
    ++rows_;
  }
  texts_->Use(row);
  page->has_changed = true;
  page->changes[purchase.purchase_id] = row;
  return absl::OkStatus();
}

absl::Status PurchasePages::Remove(const std::string& customer_id, const std::string& purchase_id) {
  CLV_ASSIGN_OR_RETURN(Page* const page, PageOf(customer_id));
  const PurchaseFact* const old = RowOf(*page, purchase_id);
  if (old == nullptr) return absl::OkStatus();
  texts_->Release(*old);
  page->has_changed = true;
  page->changes[purchase_id] = std::nullopt;
  const auto [owner, is_new] = owners_.try_emplace(purchase_id);
  if (is_new) owner->second.stored = page;
  owner->second.page = nullptr;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<bool>> PurchasePages::MayHold(
    absl::Span<const std::string_view> purchase_ids) {
  CLV_RETURN_IF_ERROR(FlushPages());
  std::vector<uint64_t> hashes(purchase_ids.size());
  std::transform(purchase_ids.begin(), purchase_ids.end(), hashes.begin(), PurchaseKeys::HashOf);
  return keys_->MayContain(hashes);
}

absl::StatusOr<bool> PurchasePages::Holds(std::string_view purchase_id) {
  CLV_ASSIGN_OR_RETURN(const std::vector<int64_t> page_ids,
                       keys_->FindPages(PurchaseKeys::HashOf(purchase_id)));
  TextArena ids;
  std::vector<PurchaseFact> rows;
  for (const int64_t page_id : page_ids) {
    page_by_id_.Reset();  // likewise
    page_by_id_.Bind(1, page_id);
    CLV_ASSIGN_OR_RETURN(const bool has_page, page_by_id_.Step());
    if (!has_page) return absl::DataLossError(absl::StrCat("customer_clv: no page ", page_id));
    rows.clear();
    CLV_RETURN_IF_ERROR(UnpackPurchases(page_by_id_.Blob(1), &ids, &rows));
    const bool holds = std::any_of(rows.begin(), rows.end(), [&](const PurchaseFact& row) {
      return row.purchase_id == purchase_id;
    });
    page_by_id_.Reset();
    if (holds) return true;
  }
  return false;
}

absl::Status PurchasePages::ReadPage(std::string_view customer_id, TextArena* ids,
                                     std::vector<PurchaseFact>* rows) {
  rows->clear();
  page_.Reset();  // likewise
  page_.Bind(1, customer_id);
  CLV_ASSIGN_OR_RETURN(const bool has_page, page_.Step());
  absl::Status unpacked;
  if (has_page) unpacked = UnpackPurchases(ids->Keep(page_.Blob(1)), ids, rows);
  page_.Reset();
  return unpacked;
}

void PurchasePages::NoteWritten(int64_t page_id, absl::Span<const PurchaseChange> changes) {
  for (const PurchaseChange& change : changes) {
    texts_->Use(change.after);
    if (change.before) {
      texts_->Release(*change.before);
    } else {
      keys_->Add(PurchaseKeys::HashOf(change.after.purchase_id), page_id);
    }
  }
}

absl::Status PurchasePages::Store(std::string_view customer_id, std::string_view packed,
                                  int64_t* page_id) {
  if (packed.empty()) {
    if (*page_id == 0) return absl::OkStatus();
    remove_page_.Bind(1, *page_id);
    CLV_RETURN_IF_ERROR(remove_page_.Run());
    remove_row_.Bind(1, *page_id);
    return remove_row_.Run();
  }
  if (*page_id != 0) {
    update_page_.Bind(1, *page_id);
    update_page_.BindBlob(2, packed);
    return update_page_.Run();
  }
  insert_page_.Reset();  // likewise
  insert_page_.Bind(1, customer_id);
  insert_page_.BindBlob(2, packed);
  CLV_RETURN_IF_ERROR(insert_page_.Step().status());
  *page_id = insert_page_.Int(0);
  insert_page_.Reset();
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
    const std::string packed = page.rows.empty() ? std::string() : PackPurchases(page.rows);
    CLV_RETURN_IF_ERROR(Store(entry->first, packed, &page.page_id));
  }
  return absl::OkStatus();
}

absl::Status PurchasePages::CheckOwners() {
  // Of those that have come to a page and have left none. Looking may load pages, so the owners
  // are listed first.
  std::vector<std::pair<const std::string*, const Page*>> come;
  for (const auto& [purchase_id, owner] : owners_) {
    if (owner.page != nullptr && owner.stored == nullptr) {
      come.emplace_back(&purchase_id, owner.page);
    }
  }
  for (const auto& [purchase_id, page] : come) {
    CLV_ASSIGN_OR_RETURN(const std::string* const customer_id, OwnerOf(*purchase_id));
    if (customer_id != nullptr && &pages_.at(*customer_id) != page) {
      return absl::AlreadyExistsError("a purchase still lies with another customer");
    }
  }
  return absl::OkStatus();
}

void PurchasePages::IndexOwners() {
  for (const auto& [purchase_id, owner] : owners_) {
    if (owner.stored == owner.page) continue;
    const uint64_t hash = PurchaseKeys::HashOf(purchase_id);
    if (owner.stored != nullptr) keys_->Remove(hash, owner.stored->page_id);
    if (owner.page != nullptr) keys_->Add(hash, owner.page->page_id);
  }
}

void PurchasePages::ForgetPages() {
  pages_.clear();
  customers_.clear();
  owners_.clear();
  ids_.Clear();
  rows_ = 0;
}

absl::Status PurchasePages::FlushPages() {
  CLV_RETURN_IF_ERROR(CheckOwners());
  CLV_RETURN_IF_ERROR(WritePages());
  IndexOwners();
  CLV_RETURN_IF_ERROR(keys_->Flush());
  ForgetPages();
  return absl::OkStatus();
}

absl::Status PurchasePages::Flush() {
  CLV_RETURN_IF_ERROR(FlushPages());
  return texts_->Flush();
}

void PurchasePages::Forget() {
  ForgetPages();
  keys_->Forget();
  texts_->Forget();
}

}  // namespace clv::storage
