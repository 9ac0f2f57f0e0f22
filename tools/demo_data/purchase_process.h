// tools/demo_data/purchase_process.h: when one customer orders (BG/NBD in seasonal time) and for
// how much (gamma-gamma).
//
// The process runs in operational days: days that have been stretched so that every operational day
// is equally busy. A SeasonalClock maps them to calendar seconds. So the counts of a whole number
// of years follow BG/NBD exactly, while weekends, evenings and the fourth quarter show in the
// dates. Fader, Hardie & Lee 2005, Marketing Science 24(2).
#ifndef CLV_TOOLS_DEMO_DATA_PURCHASE_PROCESS_H_
#define CLV_TOOLS_DEMO_DATA_PURCHASE_PROCESS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "tools/demo_data/samplers.h"

namespace clv::demo_data {

// Parameters of one segment; all > 0.
struct BehaviourParams {
  // Rate of repeat orders per day while active: gamma, shape `r`, rate `alpha_days`, so mean r /
  // alpha_days.
  double r;
  double alpha_days;
  // Probability to leave after each repeat order: beta(a, b).
  double a;
  double b;
  // Value of one order: gamma, shape `spend_p`, with a rate that is itself gamma (shape `spend_q` >
  // 1, rate `spend_gamma`) over the customers. Population mean = spend_p * spend_gamma / (spend_q -
  // 1).
  double spend_p;
  double spend_q;
  double spend_gamma;
};

// What drives one customer; the truth behind their orders.
struct CustomerBehaviour {
  double orders_per_day;       // > 0, while active
  double dropout_probability;  // 0..1, after each repeat order
  double mean_order_value;     // > 0, in currency units
};

// Draws one customer. All rates are multiplied by `rate_scale` > 0.
CustomerBehaviour SampleBehaviour(const BehaviourParams& params, double rate_scale,
                                  RandomStream& random);

// Value of one order in cents, at least 1, at most 100,000,000.
int64_t SampleOrderCents(double spend_p, double mean_order_value, RandomStream& random);

// Expected number of orders within `days` operational days of a customer known to be active:
// (1 - e^(-rate p days)) / p.
double ExpectedOrders(const CustomerBehaviour& behaviour, double days);

// The orders of one customer, as operational days in rising order. The first is given; every later
// one ends an exponential gap, and each of those may be the last.
class OrderProcess {
 public:
  OrderProcess(const CustomerBehaviour& behaviour, double first_order_day, RandomStream random);

  // The next order's day; infinity once the customer has left.
  double Next();

 private:
  CustomerBehaviour behaviour_;
  RandomStream random_;
  double day_;
  int64_t orders_ = 0;
};

// Maps between calendar seconds since the start of the first day and operational days.
//
// Busyness is constant within each hour and the product of a factor for month, weekday and hour of
// day (UTC), each with mean 1 over its cycle. Immutable and thread-safe.
class SeasonalClock {
 public:
  struct Options {
    int64_t first_day = 0;  // days since 1970-01-01
    int days = 1095;        // 1..36500
    double strength = 1.0;  // 0 = no seasons (calendar = operational time), 1 = as in shops; 0..1
  };
  explicit SeasonalClock(const Options& options);

  // Operational days from the start to the end of the last day.
  double length_days() const { return cumulative_.back(); }

  // Calendar second (0 .. days * 86400 - 1) of an operational day; empty beyond the end. Never
  // decreasing.
  std::optional<uint32_t> CalendarSecond(double operational_day) const;

  // Operational day at the beginning of a calendar second within the span.
  double OperationalDay(uint32_t second) const;

 private:
  std::vector<double> cumulative_;  // operational days at the begin of each hour, and at the end
  std::vector<uint32_t> guide_;     // hour that holds operational hour i
};

}  // namespace clv::demo_data

#endif  // CLV_TOOLS_DEMO_DATA_PURCHASE_PROCESS_H_
