// tools/demo_data/truth_writer.h: what a shop's data was made from, to compare predictions with.
#ifndef CLV_TOOLS_DEMO_DATA_TRUTH_WRITER_H_
#define CLV_TOOLS_DEMO_DATA_TRUTH_WRITER_H_

#include "absl/status/status.h"
#include "tools/demo_data/row_writer.h"
#include "tools/demo_data/shop.h"

namespace clv::demo_data {

// Writes one JSON document, an object with the keys
//   "shop": the options, and "rate_scale", the factor on every order rate;
//   "segments": name, weight and the BG/NBD and gamma-gamma parameters of each, r and alpha_days
//   before rate_scale; "totals": customers, orders, alive customers, expected orders and value of
//   the next 365 days; "customers": one object each: customer_id, customer_segment, orders_per_day,
//   dropout_probability,
//     mean_order_value, orders, first_order_date and last_order_date (null without orders),
//     alive_at_end, expected_orders_next_365_days, expected_value_next_365_days.
// Orders are counted as they happened, before refunds and corrections. Expectations are given the
// truth, so they are what no model can beat. Errors are the sink's.
absl::Status WriteTruth(const Shop& shop, const ByteSink& sink);

}  // namespace clv::demo_data

#endif  // CLV_TOOLS_DEMO_DATA_TRUTH_WRITER_H_
