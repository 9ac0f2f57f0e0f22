#include "services/aggregation/columns.h"

#include <optional>

namespace clv::aggregation {
namespace {

std::string Show(const std::optional<int64_t>& value) {
  return value ? std::to_string(*value) : "null";
}

std::string Show(const std::string& text) { return text.empty() ? "null" : text; }

}  // namespace

Columns ColumnsOf(const domain::Customer& row) {
  return {{"name", Show(row.name)},
          {"email", Show(row.email)},
          {"signup_date", Show(row.signup_date)},
          {"country", Show(row.country)},
          {"customer_segment", Show(row.customer_segment)},
          {"acquisition_source", Show(row.acquisition_source)},
          {"active", row.active ? "1" : "0"},
          {"created_at", Show(row.created_at)}};
}

Columns ColumnsOf(const domain::Purchase& row) {
  return {{"customer_id", row.customer_id},
          {"order_id", row.order_id},
          {"purchase_amount_micros", Show(row.purchase_amount_micros)},
          {"purchase_date", Show(row.purchase_date)},
          {"currency", Show(row.currency)},
          {"product_id", Show(row.product_id)},
          {"product_name", Show(row.product_name)},
          {"product_category", Show(row.product_category)},
          {"payment_method", Show(row.payment_method)},
          {"created_at", Show(row.created_at)}};
}

Columns ColumnsOf(const domain::ImportedClv& row) {
  return {{"total_spend_micros", Show(row.total_spend_micros)},
          {"purchase_count", Show(row.purchase_count)},
          {"first_purchase_date", Show(row.first_purchase_date)},
          {"last_purchase_date", Show(row.last_purchase_date)},
          {"customer_segment", Show(row.customer_segment)},
          {"country", Show(row.country)},
          {"acquisition_source", Show(row.acquisition_source)},
          {"updated_at", Show(row.updated_at)}};
}

Columns ColumnsOf(const storage::CustomerValue& row) {
  const domain::CustomerSummary& summary = row.summary;
  return {{"country", row.attributes.country},
          {"customer_segment", row.attributes.customer_segment},
          {"acquisition_source", row.attributes.acquisition_source},
          {"described", row.described ? "1" : "0"},
          {"imported", row.imported ? "1" : "0"},
          {"signup_date", Show(row.signup_date)},
          {"purchase_count", Show(summary.purchase_count)},
          {"total_spend_micros", Show(summary.total_spend_micros)},
          {"refunded_micros", Show(summary.refunded_micros)},
          {"first_purchase_date", Show(summary.first_purchase_date)},
          {"last_purchase_date", Show(summary.last_purchase_date)},
          {"repeat_order_days", Show(summary.repeat_order_days)},
          {"visible_rows", Show(summary.visible_rows)},
          {"unconverted_rows", Show(summary.unconverted_rows)},
          {"last_activity_date", Show(summary.last_activity_date)},
          {"gross_micros", Show(summary.gross_micros)}};
}

Columns ColumnsOf(const storage::FactCounts& counts) {
  return {{"customers", std::to_string(counts.customers)},
          {"purchases", std::to_string(counts.purchases)},
          {"customer_rows", std::to_string(counts.customer_rows)},
          {"import_rows", std::to_string(counts.import_rows)},
          {"buyers", std::to_string(counts.buyers)},
          {"repeat_buyers", std::to_string(counts.repeat_buyers)}};
}

}  // namespace clv::aggregation
