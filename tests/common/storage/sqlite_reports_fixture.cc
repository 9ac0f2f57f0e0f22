#include "tests/common/storage/sqlite_reports_fixture.h"

#include <cstdlib>
#include <filesystem>
#include <map>

#include "common/base/instant.h"
#include "common/base/money.h"
#include "common/domain/customer_summary.h"
#include "common/storage/sqlite/clv_statements.h"
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
  const auto writes = Must(ClvWriteStatements::Prepare(db));
  for (const auto& [customer_id, facts] : known) {
    const CustomerValue value{
        .customer_id = customer_id,
        .attributes = domain::AttributesOf(facts.customer, facts.imported),
        .described = facts.customer != nullptr,
        .imported = facts.imported != nullptr,
        .signup_date = facts.customer != nullptr ? facts.customer->signup_date : std::nullopt,
        .summary = domain::Summarize(facts.rows, facts.imported),
        .updated_at = kFoldedAt,
        .folded_position = 7};
    EXPECT_TRUE(writes->PutValue(value).ok());
  }
}

}  // namespace clv::storage
