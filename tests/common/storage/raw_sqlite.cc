#include "tests/common/storage/raw_sqlite.h"

#include <sqlite3.h>

#include <algorithm>
#include <vector>

#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/purchase_keys.h"
#include "common/storage/sqlite/purchase_page.h"
#include "common/storage/sqlite/purchases_table.h"
#include "gtest/gtest.h"

namespace clv::storage {
namespace {

int AppendRow(void* text, int columns, char** values, char**) {
  auto* out = static_cast<std::string*>(text);
  for (int i = 0; i < columns; ++i) {
    if (i > 0) out->push_back('|');
    out->append(values[i] != nullptr ? values[i] : "");
  }
  out->push_back('\n');
  return 0;
}

std::string Dump(sqlite3* db, const std::string& sql) {
  std::string text;
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), AppendRow, &text, &error), SQLITE_OK)
      << (error != nullptr ? error : "");
  sqlite3_free(error);
  return text;
}

// Each gives a row for everything that does not agree.
constexpr char kPurchaseDisagreements[] = R"sql(
SELECT 'uses', text, uses, seen FROM (SELECT text, SUM(n) AS seen FROM (
    SELECT currency AS text, COUNT(*) AS n FROM purchases GROUP BY 1
    UNION ALL SELECT product_id, COUNT(*) FROM purchases GROUP BY 1
    UNION ALL SELECT product_name, COUNT(*) FROM purchases GROUP BY 1
    UNION ALL SELECT product_category, COUNT(*) FROM purchases GROUP BY 1
    UNION ALL SELECT payment_method, COUNT(*) FROM purchases GROUP BY 1)
  WHERE text IS NOT NULL GROUP BY text) FULL JOIN purchase_texts USING (text)
 WHERE uses IS NOT seen;
SELECT 'empty page', customer_id FROM customer_clv g
 WHERE purchases NOT NULL
   AND NOT EXISTS (SELECT * FROM purchases p WHERE p.customer_id = g.customer_id);
)sql";

// The places of all purchases as the pages give them.
std::vector<KeyPlace> ExpectedKeys(Database& db) {
  std::vector<KeyPlace> keys;
  Statement page =
      db.Prepare("SELECT page_id, purchases FROM customer_clv WHERE purchases NOT NULL").value();
  for (auto has_row = page.Step(); has_row.ok() && *has_row; has_row = page.Step()) {
    TextArena ids;
    std::vector<PurchaseFact> rows;
    EXPECT_TRUE(UnpackPurchases(page.Blob(1), &ids, &rows).ok());
    for (const PurchaseFact& row : rows) {
      keys.push_back({PurchaseKeys::HashOf(row.purchase_id), page.Int(0)});
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace

std::string DumpRawSql(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK) << path;
  sqlite3_busy_timeout(db, 5'000);
  std::string text = Dump(db, sql);
  sqlite3_close_v2(db);
  return text;
}

std::string DumpClvSql(const std::string& path, const std::string& sql) {
  auto db = Database::Open({.path = path, .migrations = &ClvMigrations()});
  EXPECT_TRUE(db.ok()) << db.status();
  if (!db.ok()) return "";
  EXPECT_TRUE(AddPurchasesTable(**db).ok());
  EXPECT_EQ(Dump((*db)->raw(), kPurchaseDisagreements), "");
  EXPECT_TRUE(PurchaseKeys::Prepare(**db).value()->All().value() == ExpectedKeys(**db));
  return Dump((*db)->raw(), sql);
}

void RunRawSql(const std::string& path, const std::string& sql) { DumpRawSql(path, sql); }

std::string ReadRawSql(const std::string& path, const std::string& sql) {
  const std::string rows = DumpRawSql(path, sql);
  return rows.substr(0, rows.find('\n'));
}

}  // namespace clv::storage
