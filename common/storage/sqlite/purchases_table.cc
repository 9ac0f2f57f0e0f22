#include "common/storage/sqlite/purchases_table.h"

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/text_arena.h"
#include "common/storage/sqlite/purchase_keys.h"
#include "common/storage/sqlite/purchase_page.h"
#include "common/storage/sqlite/purchase_texts.h"

namespace clv::storage {
namespace {

constexpr char kDeclaration[] =
    "CREATE TABLE purchases (customer_id TEXT NOT NULL, purchase_id TEXT NOT NULL, order_id TEXT "
    "NOT NULL, purchase_amount_micros INTEGER NOT NULL, purchase_date INTEGER NOT NULL, currency "
    "TEXT NOT NULL, product_id TEXT, product_name TEXT, product_category TEXT, payment_method "
    "TEXT, created_at INTEGER)";

enum Column {
  kCustomerId,
  kPurchaseId,
  kOrderId,
  kAmount,
  kDate,
  kCurrency,
  kProductId,
  kProductName,
  kProductCategory,
  kPaymentMethod,
  kCreatedAt,
};

// How rows are found.
enum Plan { kScan, kByCustomer, kByPurchase };

constexpr double kPagesGuessed = 1e6;
constexpr double kRowsOfPageGuessed = 20;

struct PurchasesTable : sqlite3_vtab {
  explicit PurchasesTable(Database* database) : sqlite3_vtab{}, db(database) {}
  Database* db;
  std::unique_ptr<PurchaseTexts> texts;
  std::unique_ptr<PurchaseKeys> keys;
};

// Goes through the rows of one page after another.
class PurchasesCursor : public sqlite3_vtab_cursor {
 public:
  explicit PurchasesCursor(PurchasesTable& table) : sqlite3_vtab_cursor{}, table_(table) {}

  absl::Status Begin(Plan plan, std::string_view key) {
    pages_.Reset();
    if (plan != plan_ || pages_.raw() == nullptr) {
      CLV_ASSIGN_OR_RETURN(pages_, table_.db->Prepare(SqlOf(plan)));
      plan_ = plan;
    }
    only_ = plan == kByPurchase ? key : "";
    candidates_.clear();
    if (plan == kByCustomer) pages_.Bind(1, key);
    if (plan == kByPurchase) {
      // The connection outlives transactions of others.
      table_.keys->Forget();
      CLV_ASSIGN_OR_RETURN(candidates_, table_.keys->FindPages(PurchaseKeys::HashOf(key)));
      BindNextCandidate();
    }
    rows_.clear();
    next_ = 0;
    return Advance();
  }

  // To the next row.
  absl::Status Advance() {
    while (true) {
      ++row_number_;
      while (next_ < rows_.size()) {
        row_ = &rows_[next_++];
        if (only_.empty() || row_->purchase_id == only_) return absl::OkStatus();
      }
      row_ = nullptr;
      CLV_ASSIGN_OR_RETURN(const bool has_page, pages_.Step());
      if (!has_page) {
        pages_.Reset();
        if (candidates_.empty()) return absl::OkStatus();
        BindNextCandidate();
        continue;
      }
      customer_id_ = pages_.Text(0);
      rows_.clear();
      ids_.Clear();
      CLV_RETURN_IF_ERROR(UnpackPurchases(ids_.Keep(pages_.Blob(1)), &ids_, &rows_));
      next_ = 0;
    }
  }

  bool at_end() const { return row_ == nullptr; }
  int64_t row_number() const { return row_number_; }

  absl::Status Write(int column, sqlite3_context* context) {
    switch (column) {
      case kCustomerId:
        return WriteText(customer_id_, context);
      case kPurchaseId:
        return WriteText(row_->purchase_id, context);
      case kOrderId:
        return WriteText(row_->order(), context);
      case kAmount:
        sqlite3_result_int64(context, row_->amount_micros);
        return absl::OkStatus();
      case kDate:
        sqlite3_result_int64(context, row_->date);
        return absl::OkStatus();
      case kCreatedAt:
        if (row_->created_at) sqlite3_result_int64(context, *row_->created_at);
        return absl::OkStatus();
      default:
        return WriteShared(SharedText(column), context);
    }
  }

 private:
  static const char* SqlOf(Plan plan) {
    switch (plan) {
      case kByCustomer:
        return "SELECT customer_id, purchases FROM customer_clv WHERE customer_id = ? AND "
               "purchases NOT NULL";
      case kByPurchase:
        return "SELECT customer_id, purchases FROM customer_clv WHERE page_id = ? AND "
               "purchases NOT NULL";
      default:
        return "SELECT customer_id, purchases FROM customer_clv WHERE purchases NOT NULL "
               "ORDER BY customer_id";
    }
  }

  // Without a candidate there is no such page.
  void BindNextCandidate() {
    pages_.Bind(1, candidates_.empty() ? 0 : candidates_.back());
    if (!candidates_.empty()) candidates_.pop_back();
  }

  TextId SharedText(int column) const {
    switch (column) {
      case kCurrency:
        return row_->currency;
      case kProductId:
        return row_->product_id;
      case kProductName:
        return row_->product_name;
      case kProductCategory:
        return row_->product_category;
      default:
        return row_->payment_method;
    }
  }

  static absl::Status WriteText(std::string_view text, sqlite3_context* context) {
    sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    return absl::OkStatus();
  }

  absl::Status WriteShared(TextId id, sqlite3_context* context) {
    if (id == 0) return absl::OkStatus();  // NULL
    CLV_ASSIGN_OR_RETURN(const std::string_view text, table_.texts->TextOf(id));
    return WriteText(text, context);
  }

  PurchasesTable& table_;
  Plan plan_ = kScan;
  Statement pages_;
  std::string only_;  // the purchase that is wanted; empty: all
  std::string customer_id_;
  std::vector<PurchaseFact> rows_;
  TextArena ids_;                    // of the rows
  std::vector<int64_t> candidates_;  // pages to look at yet, of kByPurchase
  size_t next_ = 0;
  const PurchaseFact* row_ = nullptr;
  int64_t row_number_ = 0;
};

// Hands an error to SQLite.
int CodeOf(const absl::Status& status, sqlite3_vtab* table) {
  if (status.ok()) return SQLITE_OK;
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf("%s", std::string(status.message()).c_str());
  if (absl::IsDataLoss(status)) return SQLITE_CORRUPT;
  if (absl::IsDeadlineExceeded(status)) return SQLITE_INTERRUPT;
  return SQLITE_ERROR;
}

int Connect(sqlite3* handle, void* database, int /*argc*/, const char* const* /*argv*/,
            sqlite3_vtab** table, char** /*error*/) {
  const int code = sqlite3_declare_vtab(handle, kDeclaration);
  if (code != SQLITE_OK) return code;
  // It writes nothing and reads this database only.
  sqlite3_vtab_config(handle, SQLITE_VTAB_INNOCUOUS);
  *table = new (std::nothrow) PurchasesTable(static_cast<Database*>(database));
  return *table == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int Disconnect(sqlite3_vtab* table) {
  delete static_cast<PurchasesTable*>(table);
  return SQLITE_OK;
}

// Rows of one customer come by purchase_id, those of a scan by customer_id first.
bool ComesInOrder(const sqlite3_index_info& info, Plan plan) {
  std::vector<int> order = {kCustomerId, kPurchaseId};
  if (plan == kByCustomer) order.erase(order.begin());
  if (plan == kByPurchase) return true;
  if (info.nOrderBy > static_cast<int>(order.size())) return false;
  for (int i = 0; i < info.nOrderBy; ++i) {
    if (info.aOrderBy[i].desc != 0 || info.aOrderBy[i].iColumn != order[i]) return false;
  }
  return true;
}

int BestIndex(sqlite3_vtab* /*table*/, sqlite3_index_info* info) {
  Plan plan = kScan;
  int used = -1;
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.usable == 0 || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    // An equality in another collation would need more than the equal bytes.
    if (std::string_view(sqlite3_vtab_collation(info, i)) != "BINARY") continue;
    if (constraint.iColumn == kPurchaseId) {
      plan = kByPurchase;
      used = i;
      break;
    }
    if (constraint.iColumn == kCustomerId) {
      plan = kByCustomer;
      used = i;
    }
  }
  if (used >= 0) {
    info->aConstraintUsage[used].argvIndex = 1;
    // SQLite compares again: a key may be no text.
    info->aConstraintUsage[used].omit = 0;
  }
  info->idxNum = plan;
  info->estimatedRows = plan == kScan ? static_cast<int64_t>(kPagesGuessed * kRowsOfPageGuessed)
                        : plan == kByCustomer ? static_cast<int64_t>(kRowsOfPageGuessed)
                                              : 1;
  info->estimatedCost = plan == kScan ? kPagesGuessed * kRowsOfPageGuessed
                                      : kRowsOfPageGuessed + (plan == kByPurchase ? 10 : 0);
  info->orderByConsumed = ComesInOrder(*info, plan) ? 1 : 0;
  return SQLITE_OK;
}

int Open(sqlite3_vtab* table, sqlite3_vtab_cursor** cursor) {
  auto& purchases = *static_cast<PurchasesTable*>(table);
  if (purchases.texts == nullptr) {
    absl::StatusOr<std::unique_ptr<PurchaseTexts>> texts = PurchaseTexts::Prepare(*purchases.db);
    if (!texts.ok()) return CodeOf(texts.status(), table);
    absl::StatusOr<std::unique_ptr<PurchaseKeys>> keys = PurchaseKeys::Prepare(*purchases.db);
    if (!keys.ok()) return CodeOf(keys.status(), table);
    purchases.texts = *std::move(texts);
    purchases.keys = *std::move(keys);
  }
  *cursor = new (std::nothrow) PurchasesCursor(purchases);
  return *cursor == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int Close(sqlite3_vtab_cursor* cursor) {
  delete static_cast<PurchasesCursor*>(cursor);
  return SQLITE_OK;
}

int Filter(sqlite3_vtab_cursor* cursor, int plan, const char* /*name*/, int argc,
           sqlite3_value** argv) {
  std::string key;
  if (argc > 0) {
    const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(argv[0]));
    if (text != nullptr) key.assign(text, static_cast<size_t>(sqlite3_value_bytes(argv[0])));
  }
  return CodeOf(static_cast<PurchasesCursor*>(cursor)->Begin(static_cast<Plan>(plan), key),
                cursor->pVtab);
}

int Next(sqlite3_vtab_cursor* cursor) {
  return CodeOf(static_cast<PurchasesCursor*>(cursor)->Advance(), cursor->pVtab);
}

int AtEnd(sqlite3_vtab_cursor* cursor) {
  return static_cast<PurchasesCursor*>(cursor)->at_end() ? 1 : 0;
}

int WriteColumn(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int column) {
  return CodeOf(static_cast<PurchasesCursor*>(cursor)->Write(column, context), cursor->pVtab);
}

int RowId(sqlite3_vtab_cursor* cursor, sqlite3_int64* row_id) {
  *row_id = static_cast<PurchasesCursor*>(cursor)->row_number();
  return SQLITE_OK;
}

const sqlite3_module& PurchasesModule() {
  // Without xCreate it is there under its own name and needs no CREATE VIRTUAL TABLE.
  static const sqlite3_module module = {.iVersion = 0,
                                        .xCreate = nullptr,
                                        .xConnect = Connect,
                                        .xBestIndex = BestIndex,
                                        .xDisconnect = Disconnect,
                                        .xDestroy = nullptr,
                                        .xOpen = Open,
                                        .xClose = Close,
                                        .xFilter = Filter,
                                        .xNext = Next,
                                        .xEof = AtEnd,
                                        .xColumn = WriteColumn,
                                        .xRowid = RowId};
  return module;
}

}  // namespace

absl::Status AddPurchasesTable(Database& db) {
  const int code =
      sqlite3_create_module_v2(db.raw(), "purchases", &PurchasesModule(), &db, nullptr);
  if (code != SQLITE_OK) return absl::InternalError("the virtual table purchases cannot be added");
  return absl::OkStatus();
}

}  // namespace clv::storage
