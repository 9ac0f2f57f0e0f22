#include "tests/common/storage/sqlite_reports_fixture.h"

#include <cstdlib>
#include <filesystem>
#include <map>

#include "common/base/instant.h"
#include "common/base/money.h"
#include "common/domain/customer_summary.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "common/storage/sqlite/purchase_pages.h"

namespace clv::storage {
namespace {

// What is known of one customer.
struct Known {
  const domain::Customer* customer = nullptr;
  const domain::ImportedClv* imported = nullptr;
  std::vector<domain::PurchaseAmount> rows;
};

Statement Prepared(Database& db, const char* sql) { return Must(db.Prepare(sql)); }

}  // namespace

int64_t At(const char* text) { return ParseInstant(text)->seconds; }

int64_t Money(const char* decimal) { return *ParseDecimalString(decimal, kMaxImportedTotalMicros); }

ReportStore::ReportStore() {
  std::string pattern = (std::filesystem::temp_directory_path() / "clv_reports_XXXXXX").string();
  directory_ = ::mkdtemp(pattern.data());
  path_ = directory_ + "/clv.db";
  reports_ = SqliteReports::Create({.clv_db_path = path_});
}

ReportStore::~ReportStore() {
  reports_.reset();
  std::filesystem::remove_all(directory_);
}

void ReportStore::Add(const Buy& buy) {
  domain::Purchase purchase;
  purchase.purchase_id = buy.purchase_id;
  purchase.customer_id = buy.customer_id;
  purchase.order_id = buy.order_id.empty() ? buy.purchase_id : buy.order_id;
  purchase.purchase_amount_micros = Money(buy.amount.c_str());
  purchase.purchase_date = At(buy.date.c_str());
  purchase.currency = buy.currency;
  purchase.product_id = buy.product_id;
  purchase.product_category = buy.category;
  purchases_.push_back(std::move(purchase));
}

void ReportStore::Write() {
  const auto db = Must(Database::Open(
      {.path = path_, .mode = Database::Mode::kReadWrite, .migrations = &ClvMigrations()}));
  ASSERT_NE(db, nullptr);
  ASSERT_TRUE(db->Execute("PRAGMA synchronous=OFF; BEGIN; INSERT INTO settings VALUES "
                          "('reporting_currency', 'USD'); "
                          "UPDATE checkpoint SET folded_position = 7")
                  .ok());
  WriteFacts(*db);
  WriteSummaries(*db);
  ASSERT_TRUE(db->Execute("COMMIT").ok());
}

void ReportStore::WriteFacts(Database& db) {
  Statement customer = Prepared(db, "INSERT INTO customers VALUES (?,?,?,?,?,?,?,?,?)");
  for (const domain::Customer& row : customers_) {
    customer.Bind(1, row.customer_id);
    customer.BindTextOrNull(2, row.name);
    customer.BindTextOrNull(3, row.email);
    customer.Bind(4, row.signup_date);
    customer.BindTextOrNull(5, row.country);
    customer.BindTextOrNull(6, row.customer_segment);
    customer.BindTextOrNull(7, row.acquisition_source);
    customer.Bind(8, int64_t{row.active});
    customer.Bind(9, row.created_at);
    EXPECT_TRUE(customer.Run().ok());
  }
  const auto purchases = PurchasePages::Prepare(db).value();
  for (const domain::Purchase& row : purchases_) EXPECT_TRUE(purchases->Put(row).ok());
  EXPECT_TRUE(purchases->Flush().ok());
  Statement imported = Prepared(
      db,
      "INSERT INTO customer_clv_imports (customer_id, total_spend_micros, purchase_count,"
      " first_purchase_date, last_purchase_date, customer_segment, country, acquisition_source,"
      " updated_at) VALUES (?,?,?,?,?,?,?,?,?)");
  for (const domain::ImportedClv& row : imports_) {
    imported.Bind(1, row.customer_id);
    imported.Bind(2, row.total_spend_micros);
    imported.Bind(3, row.purchase_count);
    imported.Bind(4, row.first_purchase_date);
    imported.Bind(5, row.last_purchase_date);
    imported.BindTextOrNull(6, row.customer_segment);
    imported.BindTextOrNull(7, row.country);
    imported.BindTextOrNull(8, row.acquisition_source);
    imported.Bind(9, row.updated_at);
    EXPECT_TRUE(imported.Run().ok());
  }
}

void ReportStore::WriteSummaries(Database& db) {
  InsertSummaries(db);
  EXPECT_TRUE(db.Execute("UPDATE latest_activity SET (customer_id, date) = (SELECT customer_id, "
                         "MAX(last_activity_date) FROM customer_clv WHERE customer_id IS NOT NULL) "
                         "WHERE EXISTS (SELECT * FROM customer_clv)")
                  .ok());
}

void ReportStore::InsertSummaries(Database& db) {
  std::map<std::string, Known> known;
  for (const auto& row : customers_) known[row.customer_id].customer = &row;
  for (const auto& row : imports_) known[row.customer_id].imported = &row;
  for (const auto& row : purchases_) {
    known[row.customer_id].rows.push_back({.order_id = row.order_id,
                                           .amount_micros = row.purchase_amount_micros,
                                           .date = row.purchase_date,
                                           .in_reporting_currency = row.currency == "USD"});
  }
  Statement insert = Prepared(
      db,
      "INSERT INTO customer_clv (customer_id, country, customer_segment, acquisition_source,"
      " described, imported, signup_date, purchase_count, total_spend_micros, refunded_micros,"
      " first_purchase_date, last_purchase_date, repeat_order_days, visible_rows,"
      " unconverted_rows, last_activity_date, gross_micros, updated_at, folded_position)"
      " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,7)");
  for (const auto& [customer_id, facts] : known) {
    const auto attributes = domain::AttributesOf(facts.customer, facts.imported);
    const auto summary = domain::Summarize(facts.rows, facts.imported);
    insert.Bind(1, customer_id);
    insert.Bind(2, attributes.country);
    insert.Bind(3, attributes.customer_segment);
    insert.Bind(4, attributes.acquisition_source);
    insert.Bind(5, int64_t{facts.customer != nullptr});
    insert.Bind(6, int64_t{facts.imported != nullptr});
    insert.Bind(7, facts.customer != nullptr ? facts.customer->signup_date : std::nullopt);
    insert.Bind(8, summary.purchase_count);
    insert.Bind(9, summary.total_spend_micros);
    insert.Bind(10, summary.refunded_micros);
    insert.Bind(11, summary.first_purchase_date);
    insert.Bind(12, summary.last_purchase_date);
    insert.Bind(13, summary.repeat_order_days);
    insert.Bind(14, summary.visible_rows);
    insert.Bind(15, summary.unconverted_rows);
    insert.Bind(16, summary.last_activity_date);
    insert.Bind(17, summary.gross_micros);
    insert.Bind(18, kFoldedAt);
    EXPECT_TRUE(insert.Run().ok());
  }
}

}  // namespace clv::storage
