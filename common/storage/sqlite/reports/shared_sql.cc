#include "common/storage/sqlite/reports/shared_sql.h"

#include "absl/strings/str_format.h"

namespace clv::storage::reports {
namespace {

// CROSS JOIN fixes the order of the loops: customers by id, then their rows by the primary key, so
// that no table is scanned twice.
constexpr char kOrders[] = R"sql(
WITH numbered AS (
  SELECT ROW_NUMBER() OVER (ORDER BY customer_id) AS number, customer_id FROM customer_clv
),
orders_at AS (
  SELECT n.number,
         n.customer_id,
         p.order_id,
         MIN(p.purchase_date) AS order_date,
         SUM(p.purchase_amount_micros) AS value_micros,
         -SUM(MIN(p.purchase_amount_micros, 0)) AS refunded_micros,
         NOT (SUM(p.purchase_amount_micros) < 0
              OR (MIN(p.purchase_amount_micros) < 0 AND SUM(p.purchase_amount_micros) <= 0))
           AS qualifies
    FROM numbered n CROSS JOIN purchases p ON p.customer_id = n.customer_id
   WHERE p.currency = :currency AND p.purchase_date <= :as_of
   GROUP BY n.number, p.order_id
),
)sql";

constexpr char kKeptState[] = R"sql(
state AS (
  SELECT ROW_NUMBER() OVER (ORDER BY customer_id) AS number,
         customer_id, country, customer_segment, acquisition_source, described, imported,
         signup_date, purchase_count, total_spend_micros, refunded_micros, first_purchase_date,
         last_purchase_date, repeat_order_days, visible_rows, updated_at,
         CASE WHEN purchase_count >= 2 THEN last_purchase_date - first_purchase_date ELSE 0 END
           AS lifespan_seconds
    FROM customer_clv
),
)sql";

// An imported record is an opening balance as of its updated_at: rows, orders and order days count
// on top of it only when they are dated later.
constexpr char kComputedState[] = R"sql(
order_totals AS (
  SELECT o.number,
         SUM(o.qualifies AND (i.customer_id IS NULL OR o.order_date > i.updated_at)) AS orders,
         MIN(CASE WHEN o.qualifies THEN o.order_date END) AS first_order,
         MAX(CASE WHEN o.qualifies THEN o.order_date END) AS last_order,
         COUNT(DISTINCT CASE WHEN o.qualifies
                                  AND (i.customer_id IS NULL
                                       OR o.order_date / 86400 > i.updated_at / 86400)
                             THEN o.order_date / 86400 END) AS order_days
    FROM orders_at o
    LEFT JOIN customer_clv_imports i
           ON i.customer_id = o.customer_id AND i.last_purchase_date <= :as_of
   GROUP BY o.number
),
row_totals AS (
  SELECT n.number,
         SUM(CASE WHEN i.customer_id IS NULL OR p.purchase_date > i.updated_at
                  THEN p.purchase_amount_micros ELSE 0 END) AS spend,
         -SUM(CASE WHEN i.customer_id IS NULL OR p.purchase_date > i.updated_at
                   THEN MIN(p.purchase_amount_micros, 0) ELSE 0 END) AS refunded,
         COUNT(*) AS visible_rows
    FROM numbered n CROSS JOIN purchases p ON p.customer_id = n.customer_id
    LEFT JOIN customer_clv_imports i
           ON i.customer_id = n.customer_id AND i.last_purchase_date <= :as_of
   WHERE p.currency = :currency AND p.purchase_date <= :as_of
   GROUP BY n.number
),
totals AS (
  SELECT n.number,
         k.customer_id, k.country, k.customer_segment, k.acquisition_source, k.described,
         i.customer_id IS NOT NULL AS imported,
         k.signup_date,
         COALESCE(i.purchase_count, 0) + COALESCE(o.orders, 0) AS purchase_count,
         COALESCE(i.total_spend_micros, 0) + COALESCE(r.spend, 0) AS total_spend_micros,
         COALESCE(r.refunded, 0) AS refunded_micros,
         COALESCE(MIN(i.first_purchase_date, o.first_order), i.first_purchase_date, o.first_order)
           AS first_purchase_date,
         COALESCE(MAX(i.last_purchase_date, o.last_order), i.last_purchase_date, o.last_order)
           AS last_purchase_date,
         CASE WHEN i.customer_id IS NOT NULL
              THEN i.purchase_count - 1 + COALESCE(o.order_days, 0)
              ELSE MAX(COALESCE(o.order_days, 0) - 1, 0) END AS repeat_order_days,
         COALESCE(r.visible_rows, 0) AS visible_rows,
         k.updated_at
    FROM numbered n
    JOIN customer_clv k ON k.customer_id = n.customer_id
    LEFT JOIN customer_clv_imports i
           ON i.customer_id = n.customer_id AND i.last_purchase_date <= :as_of
    LEFT JOIN order_totals o ON o.number = n.number
    LEFT JOIN row_totals r ON r.number = n.number
),
state AS (
  SELECT *, CASE WHEN purchase_count >= 2 THEN last_purchase_date - first_purchase_date ELSE 0 END
              AS lifespan_seconds
    FROM totals
),
)sql";

// RANK() - 1 is the number of customers that are strictly worse.
constexpr char kPopulation[] = R"sql(
population AS (SELECT * FROM state WHERE purchase_count >= 1),
scores AS (
  SELECT number,
         rfm_score(RANK() OVER (ORDER BY last_purchase_date) - 1, COUNT(*) OVER ()) AS r_score,
         rfm_score(RANK() OVER (ORDER BY purchase_count) - 1, COUNT(*) OVER ()) AS f_score,
         rfm_score(RANK() OVER (ORDER BY total_spend_micros) - 1, COUNT(*) OVER ()) AS m_score
    FROM population
),
scored AS (
  SELECT *, rfm_segment(r_score, fm_score(f_score, m_score)) AS rfm_segment FROM scores
)
)sql";

}  // namespace

std::string_view SharedSql(StateSource source) {
  static const std::string kept = std::string(kOrders) + kKeptState + kPopulation;
  static const std::string computed = std::string(kOrders) + kComputedState + kPopulation;
  return source == StateSource::kKept ? kept : computed;
}

std::string JsonList(const std::vector<std::string>& values) {
  std::string json = "[";
  for (const std::string& value : values) {
    if (json.size() > 1) json += ',';
    json += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') {
        json += '\\';
        json += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        json += absl::StrFormat("\\u%04x", static_cast<unsigned char>(c));
      } else {
        json += c;
      }
    }
    json += '"';
  }
  return json + "]";
}

}  // namespace clv::storage::reports
