// common/storage/sqlite/reports/shared_sql.h: the common table expressions that all reports begin
// with.
//
//   orders_at(number, customer_id, order_id, order_date, value_micros, refunded_micros, qualifies)
//       the orders as known at :as_of; `qualifies` is 0 or 1
//   state(number, customer_id, country, customer_segment, acquisition_source, described, imported,
//   signup_date, purchase_count, total_spend_micros, refunded_micros,
//         first_purchase_date, last_purchase_date, repeat_order_days, visible_rows, updated_at,
//         lifespan_seconds)
//       every known customer as of :as_of; `imported`: has a visible imported record;
//       lifespan_seconds is 0 below two orders
//   population: the rows of `state` with purchase_count >= 1, before filters
//   scored(number, r_score, f_score, m_score, rfm_segment): scores of the population
//
// `number` counts customers by customer_id within a statement: grouping and joining by it is far
// cheaper than by the text. Parameters: :as_of, :currency.
#ifndef CLV_COMMON_STORAGE_SQLITE_REPORTS_SHARED_SQL_H_
#define CLV_COMMON_STORAGE_SQLITE_REPORTS_SHARED_SQL_H_

#include <string>
#include <string_view>
#include <vector>

namespace clv::storage::reports {

// Where `state` comes from.
enum class StateSource {
  kKept,      // the table customer_clv: right when nothing is dated after :as_of
  kComputed,  // the facts dated up to :as_of
};

// "WITH ..." without a final comma; a report goes on with its own expressions or its SELECT.
std::string_view SharedSql(StateSource source);

// A JSON array of strings, to be bound and read by json_each.
std::string JsonList(const std::vector<std::string>& values);

}  // namespace clv::storage::reports

#endif  // CLV_COMMON_STORAGE_SQLITE_REPORTS_SHARED_SQL_H_
