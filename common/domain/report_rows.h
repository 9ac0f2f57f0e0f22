// common/domain/report_rows.h: the rows of the seven reports.
//
// One struct for each kind of row, its members in the order of the report's columns; the meaning of
// every column is in ENDPOINTS terms in proto/clv/v1/query_service.proto, whose messages these
// structs mirror. Money is in micros (sums in 128 bits), instants are UTC seconds, dates are UTC
// seconds of their midnight, days and rates are real numbers. An absent optional is a null: not
// defined.
#ifndef CLV_COMMON_DOMAIN_REPORT_ROWS_H_
#define CLV_COMMON_DOMAIN_REPORT_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/numeric/int128.h"

namespace clv::domain {

// Families of prediction models.
enum class ModelFamily { kAuto, kBgNbd, kMbgNbd, kParetoNbd, kNbd, kAverage };

// How far a prediction can be relied on.
enum class Confidence { kHigh, kMedium, kLow };

// One cohort in one begun period, by cohort and period; then the weighted averages of all cohorts
// (`cohort` absent), one for each period that some cohort has complete.
struct CustomerRetentionRow {
  std::optional<int64_t> cohort;
  uint64_t cohort_size = 0;
  uint64_t period = 0;
  std::optional<int64_t> period_start;
  bool is_complete = false;
  uint64_t retained_customers = 0;
  std::optional<double> retention_rate;
  std::optional<double> churn_rate;
  uint64_t orders = 0;
  absl::int128 revenue_micros = 0;
  std::optional<double> revenue_retention_rate;
  absl::int128 cumulative_revenue_micros = 0;
  std::optional<double> cumulative_ltv;

  bool operator==(const CustomerRetentionRow&) const = default;
};

// One customer segment.
struct ClvBySegmentRow {
  std::string customer_segment;
  uint64_t customers = 0;
  std::optional<double> share_of_customers;
  absl::int128 total_revenue_micros = 0;
  std::optional<double> share_of_revenue;
  absl::int128 window_revenue_micros = 0;
  uint64_t window_orders = 0;
  uint64_t orders = 0;
  std::optional<double> avg_clv;
  std::optional<absl::int128> median_clv_micros;
  std::optional<absl::int128> p25_clv_micros;
  std::optional<absl::int128> p75_clv_micros;
  std::optional<absl::int128> p90_clv_micros;
  std::optional<absl::int128> p99_clv_micros;
  std::optional<absl::int128> min_clv_micros;
  std::optional<absl::int128> max_clv_micros;
  std::optional<double> stddev_clv;
  std::optional<double> avg_order_value;
  std::optional<double> avg_purchase_count;
  std::optional<double> repeat_rate;
  std::optional<double> avg_lifespan_days;
  std::optional<double> avg_days_between_orders;
  std::optional<int64_t> first_purchase_date;
  std::optional<int64_t> last_purchase_date;

  bool operator==(const ClvBySegmentRow&) const = default;
};

// One acquisition source.
struct ClvByAcquisitionSourceRow {
  std::string acquisition_source;
  uint64_t customers = 0;
  std::optional<double> share_of_customers;
  absl::int128 total_revenue_micros = 0;
  std::optional<double> share_of_revenue;
  absl::int128 window_revenue_micros = 0;
  uint64_t window_orders = 0;
  uint64_t orders = 0;
  std::optional<double> avg_clv;
  std::optional<absl::int128> median_clv_micros;
  std::optional<absl::int128> p25_clv_micros;
  std::optional<absl::int128> p75_clv_micros;
  std::optional<absl::int128> p90_clv_micros;
  std::optional<absl::int128> p99_clv_micros;
  std::optional<absl::int128> min_clv_micros;
  std::optional<absl::int128> max_clv_micros;
  std::optional<double> stddev_clv;
  std::optional<double> avg_order_value;
  std::optional<double> avg_purchase_count;
  std::optional<double> repeat_rate;
  std::optional<double> avg_lifespan_days;
  std::optional<double> avg_days_between_orders;
  std::optional<int64_t> first_purchase_date;
  std::optional<int64_t> last_purchase_date;
  uint64_t signups = 0;
  std::optional<double> signup_to_purchase_rate;
  std::optional<double> ltv_30d;
  uint64_t ltv_30d_customers = 0;
  std::optional<double> ltv_90d;
  uint64_t ltv_90d_customers = 0;
  std::optional<double> ltv_180d;
  uint64_t ltv_180d_customers = 0;
  std::optional<double> ltv_365d;
  uint64_t ltv_365d_customers = 0;

  bool operator==(const ClvByAcquisitionSourceRow&) const = default;
};

// One bucket of the views orders and recency.
struct FrequencyBucketRow {
  std::string bucket;
  uint64_t bucket_min = 0;
  std::optional<uint64_t> bucket_max;
  uint64_t customers = 0;
  std::optional<double> share_of_customers;
  uint64_t orders = 0;
  std::optional<double> share_of_orders;
  absl::int128 revenue_micros = 0;
  std::optional<double> share_of_revenue;
  std::optional<double> avg_clv;
  std::optional<absl::int128> median_clv_micros;
  std::optional<double> avg_order_value;
  std::optional<double> avg_recency_days;
  std::optional<double> median_recency_days;
  std::optional<double> avg_days_between_orders;
  std::optional<double> median_days_between_orders;
  std::optional<double> p90_days_between_orders;
  std::optional<uint64_t> overdue_customers;

  bool operator==(const FrequencyBucketRow&) const = default;
};

// One bucket of the view interval.
struct IntervalBucketRow {
  std::string bucket;
  uint64_t bucket_min = 0;
  std::optional<uint64_t> bucket_max;
  uint64_t customers = 0;
  uint64_t orders = 0;
  std::optional<double> share_of_orders;
  absl::int128 revenue_micros = 0;
  std::optional<double> share_of_revenue;
  std::optional<double> avg_order_value;
  std::optional<double> avg_gap_days;
  std::optional<double> median_gap_days;

  bool operator==(const IntervalBucketRow&) const = default;
};

// One row of the view order_number.
struct OrderNumberRow {
  uint64_t order_number = 0;
  uint64_t customers_reached = 0;
  std::optional<double> next_order_rate;
  std::optional<double> median_days_to_next;

  bool operator==(const OrderNumberRow&) const = default;
};

// One customer's prediction.
struct ClvPredictionRow {
  std::string customer_id;
  std::string country;
  std::string customer_segment;
  std::string acquisition_source;
  int64_t first_purchase_date = 0;
  int64_t last_purchase_date = 0;
  uint64_t purchase_count = 0;
  absl::int128 total_spend_micros = 0;
  uint64_t frequency = 0;
  uint64_t recency_days = 0;
  uint64_t tenure_days = 0;
  std::optional<double> p_alive;
  std::optional<double> expected_purchases;
  std::optional<double> expected_order_value;
  std::optional<double> predicted_clv;
  std::optional<double> predicted_clv_low;
  std::optional<double> predicted_clv_high;
  std::optional<double> total_clv;
  std::optional<double> churn_risk;
  std::optional<int64_t> next_purchase_date;
  Confidence confidence = Confidence::kLow;
  ModelFamily model = ModelFamily::kAverage;
  uint64_t model_version = 0;

  bool operator==(const ClvPredictionRow&) const = default;
};

// One customer, by r + f + m descending, monetary descending, customer_id.
struct RfmCustomerRow {
  std::string customer_id;
  std::optional<std::string> name;
  std::string country;
  std::string customer_segment;
  std::string acquisition_source;
  int64_t last_purchase_date = 0;
  double recency_days = 0;
  uint64_t frequency = 0;
  absl::int128 monetary_micros = 0;
  std::optional<double> avg_order_value;
  uint64_t r_score = 0;
  uint64_t f_score = 0;
  uint64_t m_score = 0;
  std::string rfm_score;
  std::string rfm_segment;

  bool operator==(const RfmCustomerRow&) const = default;
};

// One of the eleven segments, by revenue descending, then name.
struct RfmSegmentRow {
  std::string rfm_segment;
  uint64_t customers = 0;
  std::optional<double> share_of_customers;
  absl::int128 revenue_micros = 0;
  std::optional<double> share_of_revenue;
  std::optional<double> avg_recency_days;
  std::optional<double> avg_frequency;
  std::optional<double> avg_monetary;

  bool operator==(const RfmSegmentRow&) const = default;
};

// One of the 25 cells, by r descending, fm ascending.
struct RfmCellRow {
  uint64_t r_score = 0;
  uint64_t fm_score = 0;
  std::string rfm_segment;
  uint64_t customers = 0;
  std::optional<double> share_of_customers;
  absl::int128 revenue_micros = 0;
  std::optional<double> share_of_revenue;
  std::optional<double> avg_recency_days;
  std::optional<double> avg_frequency;
  std::optional<double> avg_monetary;

  bool operator==(const RfmCellRow&) const = default;
};

// One customer.
struct TotalCustomerValueRow {
  std::string customer_id;
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::string country;
  std::string customer_segment;
  std::string acquisition_source;
  std::optional<bool> active;
  std::optional<int64_t> signup_date;
  std::optional<int64_t> first_purchase_date;
  std::optional<int64_t> last_purchase_date;
  absl::int128 total_spend_micros = 0;
  absl::int128 refunded_amount_micros = 0;
  uint64_t purchase_count = 0;
  std::optional<double> avg_order_value;
  std::optional<double> days_since_last_purchase;
  std::optional<double> lifespan_days;
  std::optional<double> avg_days_between_purchases;
  uint64_t distinct_products = 0;
  std::optional<std::string> favorite_category;
  std::optional<uint64_t> value_rank;
  std::optional<double> value_percentile;
  std::optional<double> share_of_revenue;
  std::optional<std::string> rfm_segment;
  std::optional<double> p_alive;
  std::optional<double> predicted_clv;
  std::optional<int64_t> updated_at;

  bool operator==(const TotalCustomerValueRow&) const = default;
};

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_REPORT_ROWS_H_
