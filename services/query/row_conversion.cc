#include "services/query/row_conversion.h"

#include "common/base/instant.h"
#include "common/base/money.h"
#include "common/base/utf8.h"
#include "services/query/model_conversion.h"

namespace clv::query {
namespace {

v1::Confidence ToProto(domain::Confidence confidence) {
  switch (confidence) {
    case domain::Confidence::kHigh:
      return v1::CONFIDENCE_HIGH;
    case domain::Confidence::kMedium:
      return v1::CONFIDENCE_MEDIUM;
    case domain::Confidence::kLow:
      return v1::CONFIDENCE_LOW;
  }
  return v1::CONFIDENCE_UNSPECIFIED;
}

}  // namespace

void CopyRow(const domain::CustomerRetentionRow& from, v1::CustomerRetentionRow* to) {
  if (from.cohort) to->set_cohort(FormatDate(*from.cohort));
  to->set_cohort_size(from.cohort_size);
  to->set_period(from.period);
  if (from.period_start) to->set_period_start(FormatDate(*from.period_start));
  to->set_is_complete(from.is_complete);
  to->set_retained_customers(from.retained_customers);
  if (from.retention_rate) to->set_retention_rate(*from.retention_rate);
  if (from.churn_rate) to->set_churn_rate(*from.churn_rate);
  to->set_orders(from.orders);
  to->set_revenue(FormatMicros(from.revenue_micros));
  if (from.revenue_retention_rate) to->set_revenue_retention_rate(*from.revenue_retention_rate);
  to->set_cumulative_revenue(FormatMicros(from.cumulative_revenue_micros));
  if (from.cumulative_ltv) to->set_cumulative_ltv(*from.cumulative_ltv);
}

void CopyRow(const domain::ClvBySegmentRow& from, v1::ClvBySegmentRow* to) {
  to->set_customer_segment(from.customer_segment);
  to->set_customers(from.customers);
  if (from.share_of_customers) to->set_share_of_customers(*from.share_of_customers);
  to->set_total_revenue(FormatMicros(from.total_revenue_micros));
  if (from.share_of_revenue) to->set_share_of_revenue(*from.share_of_revenue);
  to->set_window_revenue(FormatMicros(from.window_revenue_micros));
  to->set_window_orders(from.window_orders);
  to->set_orders(from.orders);
  if (from.avg_clv) to->set_avg_clv(*from.avg_clv);
  if (from.median_clv_micros) to->set_median_clv(FormatMicros(*from.median_clv_micros));
  if (from.p25_clv_micros) to->set_p25_clv(FormatMicros(*from.p25_clv_micros));
  if (from.p75_clv_micros) to->set_p75_clv(FormatMicros(*from.p75_clv_micros));
  if (from.p90_clv_micros) to->set_p90_clv(FormatMicros(*from.p90_clv_micros));
  if (from.p99_clv_micros) to->set_p99_clv(FormatMicros(*from.p99_clv_micros));
  if (from.min_clv_micros) to->set_min_clv(FormatMicros(*from.min_clv_micros));
  if (from.max_clv_micros) to->set_max_clv(FormatMicros(*from.max_clv_micros));
  if (from.stddev_clv) to->set_stddev_clv(*from.stddev_clv);
  if (from.avg_order_value) to->set_avg_order_value(*from.avg_order_value);
  if (from.avg_purchase_count) to->set_avg_purchase_count(*from.avg_purchase_count);
  if (from.repeat_rate) to->set_repeat_rate(*from.repeat_rate);
  if (from.avg_lifespan_days) to->set_avg_lifespan_days(*from.avg_lifespan_days);
  if (from.avg_days_between_orders) to->set_avg_days_between_orders(*from.avg_days_between_orders);
  if (from.first_purchase_date)
    to->mutable_first_purchase_date()->set_seconds(*from.first_purchase_date);
  if (from.last_purchase_date)
    to->mutable_last_purchase_date()->set_seconds(*from.last_purchase_date);
}

void CopyRow(const domain::ClvByAcquisitionSourceRow& from, v1::ClvByAcquisitionSourceRow* to) {
  to->set_acquisition_source(from.acquisition_source);
  to->set_customers(from.customers);
  if (from.share_of_customers) to->set_share_of_customers(*from.share_of_customers);
  to->set_total_revenue(FormatMicros(from.total_revenue_micros));
  if (from.share_of_revenue) to->set_share_of_revenue(*from.share_of_revenue);
  to->set_window_revenue(FormatMicros(from.window_revenue_micros));
  to->set_window_orders(from.window_orders);
  to->set_orders(from.orders);
  if (from.avg_clv) to->set_avg_clv(*from.avg_clv);
  if (from.median_clv_micros) to->set_median_clv(FormatMicros(*from.median_clv_micros));
  if (from.p25_clv_micros) to->set_p25_clv(FormatMicros(*from.p25_clv_micros));
  if (from.p75_clv_micros) to->set_p75_clv(FormatMicros(*from.p75_clv_micros));
  if (from.p90_clv_micros) to->set_p90_clv(FormatMicros(*from.p90_clv_micros));
  if (from.p99_clv_micros) to->set_p99_clv(FormatMicros(*from.p99_clv_micros));
  if (from.min_clv_micros) to->set_min_clv(FormatMicros(*from.min_clv_micros));
  if (from.max_clv_micros) to->set_max_clv(FormatMicros(*from.max_clv_micros));
  if (from.stddev_clv) to->set_stddev_clv(*from.stddev_clv);
  if (from.avg_order_value) to->set_avg_order_value(*from.avg_order_value);
  if (from.avg_purchase_count) to->set_avg_purchase_count(*from.avg_purchase_count);
  if (from.repeat_rate) to->set_repeat_rate(*from.repeat_rate);
  if (from.avg_lifespan_days) to->set_avg_lifespan_days(*from.avg_lifespan_days);
  if (from.avg_days_between_orders) to->set_avg_days_between_orders(*from.avg_days_between_orders);
  if (from.first_purchase_date)
    to->mutable_first_purchase_date()->set_seconds(*from.first_purchase_date);
  if (from.last_purchase_date)
    to->mutable_last_purchase_date()->set_seconds(*from.last_purchase_date);
  to->set_signups(from.signups);
  if (from.signup_to_purchase_rate) to->set_signup_to_purchase_rate(*from.signup_to_purchase_rate);
  if (from.ltv_30d) to->set_ltv_30d(*from.ltv_30d);
  to->set_ltv_30d_customers(from.ltv_30d_customers);
  if (from.ltv_90d) to->set_ltv_90d(*from.ltv_90d);
  to->set_ltv_90d_customers(from.ltv_90d_customers);
  if (from.ltv_180d) to->set_ltv_180d(*from.ltv_180d);
  to->set_ltv_180d_customers(from.ltv_180d_customers);
  if (from.ltv_365d) to->set_ltv_365d(*from.ltv_365d);
  to->set_ltv_365d_customers(from.ltv_365d_customers);
}

void CopyRow(const domain::FrequencyBucketRow& from, v1::FrequencyBucketRow* to) {
  to->set_bucket(from.bucket);
  to->set_bucket_min(from.bucket_min);
  if (from.bucket_max) to->set_bucket_max(*from.bucket_max);
  to->set_customers(from.customers);
  if (from.share_of_customers) to->set_share_of_customers(*from.share_of_customers);
  to->set_orders(from.orders);
  if (from.share_of_orders) to->set_share_of_orders(*from.share_of_orders);
  to->set_revenue(FormatMicros(from.revenue_micros));
  if (from.share_of_revenue) to->set_share_of_revenue(*from.share_of_revenue);
  if (from.avg_clv) to->set_avg_clv(*from.avg_clv);
  if (from.median_clv_micros) to->set_median_clv(FormatMicros(*from.median_clv_micros));
  if (from.avg_order_value) to->set_avg_order_value(*from.avg_order_value);
  if (from.avg_recency_days) to->set_avg_recency_days(*from.avg_recency_days);
  if (from.median_recency_days) to->set_median_recency_days(*from.median_recency_days);
  if (from.avg_days_between_orders) to->set_avg_days_between_orders(*from.avg_days_between_orders);
  if (from.median_days_between_orders)
    to->set_median_days_between_orders(*from.median_days_between_orders);
  if (from.p90_days_between_orders) to->set_p90_days_between_orders(*from.p90_days_between_orders);
  if (from.overdue_customers) to->set_overdue_customers(*from.overdue_customers);
}

void CopyRow(const domain::IntervalBucketRow& from, v1::IntervalBucketRow* to) {
  to->set_bucket(from.bucket);
  to->set_bucket_min(from.bucket_min);
  if (from.bucket_max) to->set_bucket_max(*from.bucket_max);
  to->set_customers(from.customers);
  to->set_orders(from.orders);
  if (from.share_of_orders) to->set_share_of_orders(*from.share_of_orders);
  to->set_revenue(FormatMicros(from.revenue_micros));
  if (from.share_of_revenue) to->set_share_of_revenue(*from.share_of_revenue);
  if (from.avg_order_value) to->set_avg_order_value(*from.avg_order_value);
  if (from.avg_gap_days) to->set_avg_gap_days(*from.avg_gap_days);
  if (from.median_gap_days) to->set_median_gap_days(*from.median_gap_days);
}

void CopyRow(const domain::OrderNumberRow& from, v1::OrderNumberRow* to) {
  to->set_order_number(from.order_number);
  to->set_customers_reached(from.customers_reached);
  if (from.next_order_rate) to->set_next_order_rate(*from.next_order_rate);
  if (from.median_days_to_next) to->set_median_days_to_next(*from.median_days_to_next);
}

void CopyRow(const domain::ClvPredictionRow& from, v1::ClvPredictionRow* to) {
  to->set_customer_id(from.customer_id);
  to->set_country(from.country);
  to->set_customer_segment(from.customer_segment);
  to->set_acquisition_source(from.acquisition_source);
  to->mutable_first_purchase_date()->set_seconds(from.first_purchase_date);
  to->mutable_last_purchase_date()->set_seconds(from.last_purchase_date);
  to->set_purchase_count(from.purchase_count);
  to->set_total_spend(FormatMicros(from.total_spend_micros));
  to->set_frequency(from.frequency);
  to->set_recency_days(from.recency_days);
  to->set_tenure_days(from.tenure_days);
  if (from.p_alive) to->set_p_alive(*from.p_alive);
  if (from.expected_purchases) to->set_expected_purchases(*from.expected_purchases);
  if (from.expected_order_value) to->set_expected_order_value(*from.expected_order_value);
  if (from.predicted_clv) to->set_predicted_clv(*from.predicted_clv);
  if (from.predicted_clv_low) to->set_predicted_clv_low(*from.predicted_clv_low);
  if (from.predicted_clv_high) to->set_predicted_clv_high(*from.predicted_clv_high);
  if (from.total_clv) to->set_total_clv(*from.total_clv);
  if (from.churn_risk) to->set_churn_risk(*from.churn_risk);
  if (from.next_purchase_date) to->set_next_purchase_date(FormatDate(*from.next_purchase_date));
  to->set_confidence(ToProto(from.confidence));
  to->set_model(ToProto(from.model));
  to->set_model_version(from.model_version);
}

void CopyRow(const domain::RfmCustomerRow& from, v1::RfmCustomerRow* to) {
  to->set_customer_id(from.customer_id);
  if (from.name) to->set_name(*from.name);
  to->set_country(from.country);
  to->set_customer_segment(from.customer_segment);
  to->set_acquisition_source(from.acquisition_source);
  to->mutable_last_purchase_date()->set_seconds(from.last_purchase_date);
  to->set_recency_days(from.recency_days);
  to->set_frequency(from.frequency);
  to->set_monetary(FormatMicros(from.monetary_micros));
  if (from.avg_order_value) to->set_avg_order_value(*from.avg_order_value);
  to->set_r_score(from.r_score);
  to->set_f_score(from.f_score);
  to->set_m_score(from.m_score);
  to->set_rfm_score(from.rfm_score);
  to->set_rfm_segment(from.rfm_segment);
}

void CopyRow(const domain::RfmSegmentRow& from, v1::RfmSegmentRow* to) {
  to->set_rfm_segment(from.rfm_segment);
  to->set_customers(from.customers);
  if (from.share_of_customers) to->set_share_of_customers(*from.share_of_customers);
  to->set_revenue(FormatMicros(from.revenue_micros));
  if (from.share_of_revenue) to->set_share_of_revenue(*from.share_of_revenue);
  if (from.avg_recency_days) to->set_avg_recency_days(*from.avg_recency_days);
  if (from.avg_frequency) to->set_avg_frequency(*from.avg_frequency);
  if (from.avg_monetary) to->set_avg_monetary(*from.avg_monetary);
}

void CopyRow(const domain::RfmCellRow& from, v1::RfmCellRow* to) {
  to->set_r_score(from.r_score);
  to->set_fm_score(from.fm_score);
  to->set_rfm_segment(from.rfm_segment);
  to->set_customers(from.customers);
  if (from.share_of_customers) to->set_share_of_customers(*from.share_of_customers);
  to->set_revenue(FormatMicros(from.revenue_micros));
  if (from.share_of_revenue) to->set_share_of_revenue(*from.share_of_revenue);
  if (from.avg_recency_days) to->set_avg_recency_days(*from.avg_recency_days);
  if (from.avg_frequency) to->set_avg_frequency(*from.avg_frequency);
  if (from.avg_monetary) to->set_avg_monetary(*from.avg_monetary);
}

void CopyRow(const domain::TotalCustomerValueRow& from, v1::TotalCustomerValueRow* to) {
  to->set_customer_id(from.customer_id);
  if (from.name) to->set_name(*from.name);
  if (from.email) to->set_email(*from.email);
  to->set_country(from.country);
  to->set_customer_segment(from.customer_segment);
  to->set_acquisition_source(from.acquisition_source);
  if (from.active) to->set_active(*from.active);
  if (from.signup_date) to->mutable_signup_date()->set_seconds(*from.signup_date);
  if (from.first_purchase_date)
    to->mutable_first_purchase_date()->set_seconds(*from.first_purchase_date);
  if (from.last_purchase_date)
    to->mutable_last_purchase_date()->set_seconds(*from.last_purchase_date);
  to->set_total_spend(FormatMicros(from.total_spend_micros));
  to->set_refunded_amount(FormatMicros(from.refunded_amount_micros));
  to->set_purchase_count(from.purchase_count);
  if (from.avg_order_value) to->set_avg_order_value(*from.avg_order_value);
  if (from.days_since_last_purchase)
    to->set_days_since_last_purchase(*from.days_since_last_purchase);
  if (from.lifespan_days) to->set_lifespan_days(*from.lifespan_days);
  if (from.avg_days_between_purchases)
    to->set_avg_days_between_purchases(*from.avg_days_between_purchases);
  to->set_distinct_products(from.distinct_products);
  if (from.favorite_category) to->set_favorite_category(*from.favorite_category);
  if (from.value_rank) to->set_value_rank(*from.value_rank);
  if (from.value_percentile) to->set_value_percentile(*from.value_percentile);
  if (from.share_of_revenue) to->set_share_of_revenue(*from.share_of_revenue);
  if (from.rfm_segment) to->set_rfm_segment(*from.rfm_segment);
  if (from.p_alive) to->set_p_alive(*from.p_alive);
  if (from.predicted_clv) to->set_predicted_clv(*from.predicted_clv);
  if (from.updated_at) to->mutable_updated_at()->set_seconds(*from.updated_at);
}

void CopyRow(const storage::QuarantinedRow& from, v1::QuarantinedRow* to) {
  to->set_id(from.id);
  for (const storage::QuarantinedColumn& column : from.columns) {
    v1::QuarantinedColumn* copy = to->add_columns();
    copy->set_name(column.name);
    if (column.raw) copy->set_raw(ToValidUtf8(*column.raw));
    copy->set_error(column.error);
  }
  to->set_error(from.error);
  to->set_import_id(from.import_id);
  to->mutable_insertion_date()->set_seconds(from.inserted_at_seconds);
  to->set_raw(ToValidUtf8(from.raw));
  to->set_raw_length(from.raw_length);
}

void CopyContext(const storage::ReportContext& from, v1::ReportContext* to) {
  to->mutable_as_of()->set_seconds(from.as_of_seconds);
  to->set_reporting_currency(from.reporting_currency);
  to->set_unconverted_purchases(from.unconverted_purchases);
  for (const std::string& warning : from.warnings) to->add_warnings(warning);
  to->set_folded_position(from.folded_position);
  if (from.model_version) to->set_model_version(*from.model_version);
  v1::ReportStatistics* statistics = to->mutable_statistics();
  statistics->set_elapsed(from.elapsed_seconds);
  statistics->set_rows_read(from.rows_read);
  statistics->set_bytes_read(from.bytes_read);
}

void CopyModel(const storage::ModelInfo& from, v1::ClvModel* to) {
  to->set_model_version(from.version);
  to->set_family(ToProto(from.family));
  for (const auto& [name, value] : from.parameters) {
    v1::ModelParameter* parameter = to->add_parameters();
    parameter->set_name(name);
    parameter->set_value(value);
  }
  to->set_customers(from.customers);
  to->set_repeat_customers(from.repeat_customers);
  to->mutable_data_horizon()->set_seconds(from.data_horizon_seconds);
}

}  // namespace clv::query
