#include <memory>
#include <string>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/text_arena.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "common/storage/sqlite/purchase_keys.h"
#include "common/storage/sqlite/purchase_page.h"
#include "common/storage/sqlite/purchase_texts.h"

namespace clv::storage {
namespace {

// Texts that a row does not have are NULL. Instants are UTC seconds, money micros. `customer_clv`
// holds every customer known in any way; its columns from purchase_count to repeat_order_days are
// those of domain::CustomerSummary at the end of time (no as_of), the imported record included.
constexpr char kVersion1[] = R"sql(
CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  folded_position INTEGER NOT NULL
) STRICT;
INSERT INTO checkpoint VALUES (1, 0);

CREATE TABLE customers (
  customer_id TEXT PRIMARY KEY,
  name TEXT,
  email TEXT,
  signup_date INTEGER,
  country TEXT,
  customer_segment TEXT,
  acquisition_source TEXT,
  active INTEGER NOT NULL,
  created_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE purchases (
  customer_id TEXT NOT NULL,
  purchase_id TEXT NOT NULL,
  order_id TEXT NOT NULL,
  purchase_amount_micros INTEGER NOT NULL,
  purchase_date INTEGER NOT NULL,
  currency TEXT NOT NULL,
  product_id TEXT,
  product_name TEXT,
  product_category TEXT,
  payment_method TEXT,
  created_at INTEGER,
  PRIMARY KEY (customer_id, purchase_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX purchases_by_id ON purchases (purchase_id);

CREATE TABLE customer_clv_imports (
  customer_id TEXT PRIMARY KEY,
  total_spend_micros INTEGER NOT NULL,
  purchase_count INTEGER NOT NULL,
  first_purchase_date INTEGER NOT NULL,
  last_purchase_date INTEGER NOT NULL,
  customer_segment TEXT,
  country TEXT,
  acquisition_source TEXT,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE customer_clv (
  customer_id TEXT PRIMARY KEY,
  country TEXT NOT NULL,
  customer_segment TEXT NOT NULL,
  acquisition_source TEXT NOT NULL,
  described INTEGER NOT NULL,
  imported INTEGER NOT NULL,
  signup_date INTEGER,
  purchase_count INTEGER NOT NULL,
  total_spend_micros INTEGER NOT NULL,
  refunded_micros INTEGER NOT NULL,
  first_purchase_date INTEGER,
  last_purchase_date INTEGER,
  repeat_order_days INTEGER NOT NULL,
  visible_rows INTEGER NOT NULL,
  unconverted_rows INTEGER NOT NULL,
  last_activity_date INTEGER,
  gross_micros INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  folded_position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_clv_by_activity ON customer_clv (last_activity_date);

CREATE VIEW orders AS
  SELECT customer_id,
         order_id,
         MIN(purchase_date) AS order_date,
         SUM(purchase_amount_micros) AS value_micros,
         MIN(purchase_amount_micros) < 0 AS has_negative_row,
         NOT (SUM(purchase_amount_micros) < 0 OR
              (MIN(purchase_amount_micros) < 0 AND SUM(purchase_amount_micros) <= 0)) AS qualifies
    FROM purchases
   WHERE currency = (SELECT value FROM settings WHERE key = 'reporting_currency')
   GROUP BY customer_id, order_id;

CREATE TABLE dead_letters (
  log_position INTEGER NOT NULL,
  row_index INTEGER NOT NULL,
  data_source INTEGER NOT NULL,
  key TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (log_position, row_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
  job_id TEXT PRIMARY KEY,
  kind INTEGER NOT NULL,
  state INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  customers_done INTEGER NOT NULL,
  customers_total INTEGER NOT NULL,
  values_checked INTEGER NOT NULL,
  difference_count INTEGER NOT NULL,
  differences TEXT NOT NULL,
  error TEXT NOT NULL,
  folded_position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// What folds did: in sum, and for records that wanted to know.
constexpr char kVersion2[] = R"sql(
CREATE TABLE fold_totals (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  row_count INTEGER NOT NULL,
  duplicate_rows INTEGER NOT NULL,
  superseded_rows INTEGER NOT NULL,
  dead_letters INTEGER NOT NULL,
  removed_rows INTEGER NOT NULL
) STRICT;
INSERT INTO fold_totals VALUES (1, 0, 0, 0, 0, 0);

CREATE TABLE fold_outcomes (
  position INTEGER PRIMARY KEY,
  row_count INTEGER NOT NULL,
  duplicate_rows INTEGER NOT NULL,
  superseded_rows INTEGER NOT NULL,
  dead_letters INTEGER NOT NULL,
  removed_rows INTEGER NOT NULL
) STRICT;
)sql";

// Purchases packed in one page a customer, see purchase_pages.h. Numbers of texts are never given
// twice.
constexpr char kVersion3[] = R"sql(
CREATE TABLE purchase_texts (
  text_id INTEGER PRIMARY KEY AUTOINCREMENT,
  text TEXT NOT NULL UNIQUE,
  uses INTEGER NOT NULL
) STRICT;

CREATE TABLE purchase_pages (
  page_id INTEGER PRIMARY KEY,
  customer_id TEXT NOT NULL UNIQUE,
  rows BLOB NOT NULL
) STRICT;

CREATE TABLE purchase_owners (
  purchase_id TEXT PRIMARY KEY,
  page_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// Purchases are found by purchase_keys.h; `purchases` is a virtual table from then on, which the
// view `orders` reads like the table before. Folds up to `durable_position` survive power
// loss.
constexpr char kVersion4[] = R"sql(
CREATE TABLE purchase_key_runs (
  run_id INTEGER PRIMARY KEY,
  key_count INTEGER NOT NULL
) STRICT;

CREATE TABLE purchase_key_blocks (
  block_id INTEGER PRIMARY KEY,
  keys BLOB NOT NULL
) STRICT;

DROP TABLE purchase_owners;

ALTER TABLE checkpoint ADD COLUMN durable_position INTEGER NOT NULL DEFAULT 0;
UPDATE checkpoint SET durable_position = folded_position;

DROP INDEX customer_clv_by_activity;
CREATE TABLE latest_activity (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  customer_id TEXT NOT NULL,
  date INTEGER
) STRICT;
INSERT INTO latest_activity
  SELECT 1, CASE WHEN date IS NULL THEN '' ELSE customer_id END, date
    FROM (SELECT customer_id, MAX(last_activity_date) AS date FROM customer_clv);
)sql";

// See customer_changes.h. Numbers are never given twice. What others keep of the store is marked by
// its random id.
constexpr char kVersion5[] = R"sql(
CREATE TABLE customer_changes (
  change_id INTEGER PRIMARY KEY AUTOINCREMENT,
  customers BLOB
) STRICT;

INSERT INTO settings VALUES ('store_id', lower(hex(randomblob(16))));
)sql";

// See stored_models.h. Versions are never given twice.
constexpr char kVersion6[] = R"sql(
CREATE TABLE clv_models (
  model_version INTEGER PRIMARY KEY AUTOINCREMENT,
  family TEXT NOT NULL,
  parameters TEXT NOT NULL,
  customers INTEGER NOT NULL,
  repeat_customers INTEGER NOT NULL,
  data_horizon INTEGER NOT NULL,
  fitted_at INTEGER NOT NULL,
  fit_seconds REAL NOT NULL,
  fit BLOB NOT NULL
) STRICT;

CREATE TABLE scoring (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  model_version INTEGER NOT NULL,
  day INTEGER NOT NULL
) STRICT;

CREATE TABLE customer_predictions (
  customer_id TEXT PRIMARY KEY,
  p_alive REAL,
  expected_purchases REAL NOT NULL,
  expected_order_value REAL NOT NULL,
  predicted_clv REAL NOT NULL,
  day INTEGER NOT NULL,
  model_version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// See customer_changes.h. The last change that the last scoring knows: 0, none.
constexpr char kVersion7[] = R"sql(
CREATE TABLE customer_change_facts (
  change_id INTEGER PRIMARY KEY,
  facts BLOB NOT NULL
) STRICT;

ALTER TABLE scoring ADD COLUMN scored_change INTEGER NOT NULL DEFAULT 0;
)sql";

// See fact_counter.h.
constexpr char kVersion8[] = R"sql(
CREATE TABLE fact_counts (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  customers INTEGER NOT NULL,
  purchases INTEGER NOT NULL,
  customer_rows INTEGER NOT NULL,
  import_rows INTEGER NOT NULL
) STRICT;
INSERT INTO fact_counts
  SELECT 1, COUNT(*), COALESCE(SUM(visible_rows + unconverted_rows), 0),
         COALESCE(SUM(described), 0), COALESCE(SUM(imported), 0)
    FROM customer_clv;
)sql";

// Pages may have the second format, see purchase_page.cc; those that are there stay as they are.
constexpr char kVersion9[] = "";

// Pages lie in the rows of `customer_clv`, see purchase_pages.h and, for what a row is,
// StoredCustomer in clv_statements.h. They keep their numbers, by which they are found. The old
// rule for renaming lets the view `orders` alone, whose virtual table may be missing here.
// Facts have another form: whoever wants them reads the customers that are named.
constexpr char kVersion11[] = "DELETE FROM customer_change_facts";

constexpr char kVersion10[] = R"sql(
PRAGMA legacy_alter_table = ON;
ALTER TABLE customer_clv RENAME TO customer_clv_before;
PRAGMA legacy_alter_table = OFF;

CREATE TABLE customer_clv (
  customer_id TEXT NOT NULL UNIQUE,
  country TEXT NOT NULL,
  customer_segment TEXT NOT NULL,
  acquisition_source TEXT NOT NULL,
  described INTEGER NOT NULL,
  imported INTEGER NOT NULL,
  signup_date INTEGER,
  purchase_count INTEGER NOT NULL,
  total_spend_micros INTEGER NOT NULL,
  refunded_micros INTEGER NOT NULL,
  first_purchase_date INTEGER,
  last_purchase_date INTEGER,
  repeat_order_days INTEGER NOT NULL,
  visible_rows INTEGER NOT NULL,
  unconverted_rows INTEGER NOT NULL,
  last_activity_date INTEGER,
  gross_micros INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  folded_position INTEGER NOT NULL,
  page_id INTEGER PRIMARY KEY,
  purchases BLOB
) STRICT;

INSERT INTO customer_clv
  SELECT p.customer_id, COALESCE(country, ''), COALESCE(customer_segment, ''),
         COALESCE(acquisition_source, ''), COALESCE(described, 0), COALESCE(imported, 0),
         signup_date, COALESCE(purchase_count, 0), COALESCE(total_spend_micros, 0),
         COALESCE(refunded_micros, 0), first_purchase_date, last_purchase_date,
         COALESCE(repeat_order_days, 0), COALESCE(visible_rows, 0), COALESCE(unconverted_rows, 0),
         last_activity_date, COALESCE(gross_micros, 0), COALESCE(updated_at, 0),
         COALESCE(folded_position, -1), p.page_id, p.rows
    FROM purchase_pages p LEFT JOIN customer_clv_before USING (customer_id)
   ORDER BY p.page_id;
INSERT INTO customer_clv
  SELECT *, NULL, NULL FROM customer_clv_before
   WHERE customer_id NOT IN (SELECT customer_id FROM purchase_pages);

DROP TABLE customer_clv_before;
DROP TABLE purchase_pages;

ALTER TABLE fact_counts ADD COLUMN buyers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE fact_counts ADD COLUMN repeat_buyers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE fact_counts ADD COLUMN first_purchase_date INTEGER;
UPDATE fact_counts SET (buyers, repeat_buyers, first_purchase_date) = (
  SELECT COUNT(*), COALESCE(SUM(repeat_order_days >= 1), 0), MIN(first_purchase_date)
    FROM customer_clv WHERE purchase_count >= 1);
)sql";

// Moves the rows of the table `purchases` into pages, and drops it.
absl::Status PackAllPurchases(Database& db) {
  {
    CLV_ASSIGN_OR_RETURN(const std::unique_ptr<PurchaseTexts> texts, PurchaseTexts::Prepare(db));
    CLV_ASSIGN_OR_RETURN(const std::unique_ptr<PurchaseKeys> keys, PurchaseKeys::Prepare(db));
    CLV_ASSIGN_OR_RETURN(
        Statement put, db.Prepare("INSERT INTO purchase_pages (customer_id, rows) VALUES (?, ?)"));
    CLV_ASSIGN_OR_RETURN(
        Statement row,
        db.Prepare("SELECT purchase_id, customer_id, order_id, purchase_amount_micros, "
                   "purchase_date, currency, product_id, product_name, product_category, "
                   "payment_method, created_at FROM purchases ORDER BY customer_id, purchase_id"));
    std::string customer_id;
    std::vector<PurchaseFact> page;
    TextArena ids;
    const auto write_page = [&]() -> absl::Status {
      if (page.empty()) return absl::OkStatus();
      put.Bind(1, customer_id);
      put.BindBlob(2, PackPurchases(page));
      CLV_RETURN_IF_ERROR(put.Run());
      for (const PurchaseFact& fact : page) {
        keys->Add(PurchaseKeys::HashOf(fact.purchase_id), db.last_insert_rowid());
        texts->Use(fact);
      }
      page.clear();
      ids.Clear();
      return absl::OkStatus();
    };
    while (true) {
      CLV_ASSIGN_OR_RETURN(const bool has_row, row.Step());
      if (!has_row) break;
      if (row.Text(1) != customer_id) CLV_RETURN_IF_ERROR(write_page());
      customer_id = row.Text(1);
      PurchaseFact fact{.purchase_id = ids.Keep(row.Text(0)),
                        .amount_micros = row.Int(3),
                        .date = row.Int(4),
                        .created_at = row.OptionalInt(10)};
      if (row.Text(2) != fact.purchase_id) fact.order_id = ids.Keep(row.Text(2));
      CLV_ASSIGN_OR_RETURN(fact.currency, texts->Intern(row.Text(5)));
      CLV_ASSIGN_OR_RETURN(fact.product_id, texts->Intern(row.Text(6)));
      CLV_ASSIGN_OR_RETURN(fact.product_name, texts->Intern(row.Text(7)));
      CLV_ASSIGN_OR_RETURN(fact.product_category, texts->Intern(row.Text(8)));
      CLV_ASSIGN_OR_RETURN(fact.payment_method, texts->Intern(row.Text(9)));
      page.push_back(fact);
    }
    CLV_RETURN_IF_ERROR(write_page());
    CLV_RETURN_IF_ERROR(keys->Flush());
    CLV_RETURN_IF_ERROR(texts->Flush());
  }
  return db.Execute("DROP TABLE purchases");
}

// The keys of pages that an earlier version has packed.
absl::Status IndexAllPages(Database& db) {
  constexpr size_t kKeysAtOnce = 1'000'000;
  CLV_ASSIGN_OR_RETURN(const std::unique_ptr<PurchaseKeys> keys, PurchaseKeys::Prepare(db));
  CLV_ASSIGN_OR_RETURN(Statement page, db.Prepare("SELECT page_id, rows FROM purchase_pages"));
  TextArena ids;
  std::vector<PurchaseFact> rows;
  size_t waiting = 0;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, page.Step());
    if (!has_row) return keys->Flush();
    ids.Clear();
    rows.clear();
    CLV_RETURN_IF_ERROR(UnpackPurchases(page.Blob(1), &ids, &rows));
    for (const PurchaseFact& row : rows) {
      keys->Add(PurchaseKeys::HashOf(row.purchase_id), page.Int(0));
    }
    waiting += rows.size();
    if (waiting < kKeysAtOnce) continue;
    CLV_RETURN_IF_ERROR(keys->Flush());
    waiting = 0;
  }
}

absl::Status PackOrIndexPurchases(Database& db) {
  bool has_table = false;
  {
    CLV_ASSIGN_OR_RETURN(
        Statement table,
        db.Prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'purchases'"));
    CLV_ASSIGN_OR_RETURN(has_table, table.Step());
  }
  return has_table ? PackAllPurchases(db) : IndexAllPages(db);
}

// What readers have been told of, see ClvStore::Announce.
constexpr char kVersion12[] = R"sql(
ALTER TABLE checkpoint ADD COLUMN announced_position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE checkpoint ADD COLUMN announced_change INTEGER NOT NULL DEFAULT 0;
UPDATE checkpoint
   SET announced_position = folded_position,
       announced_change = (SELECT COALESCE(MAX(change_id), 0) FROM customer_changes);
)sql";

// The last change that described a customer, see CustomerChanges::NoteDescription.
constexpr char kVersion13[] = R"sql(
ALTER TABLE checkpoint ADD COLUMN described_change INTEGER NOT NULL DEFAULT 0;
UPDATE checkpoint
   SET described_change = (SELECT COALESCE(MAX(change_id), 0) FROM customer_changes);
)sql";

}  // namespace

const Migrations& ClvMigrations() {
  static const Migrations migrations = {
      {kVersion1}, {kVersion2},  {kVersion3},  {kVersion4, PackOrIndexPurchases},
      {kVersion5}, {kVersion6},  {kVersion7},  {kVersion8},
      {kVersion9}, {kVersion10}, {kVersion11}, {kVersion12},
      {kVersion13}};
  return migrations;
}

}  // namespace clv::storage
