#include <algorithm>
#include <limits>
#include <map>

#include "tests/model/instants.h"
#include "tests/model/reports.h"

namespace clv::model {
namespace {

// Calendar periods, numbered without gaps.
class Calendar {
 public:
  explicit Calendar(std::string granularity) : granularity_(std::move(granularity)) {}

  int64_t PeriodOf(int64_t seconds) const {
    const int64_t day = DayOf(seconds);
    const Civil civil = CivilOfDay(day);
    if (granularity_ == "day") return day;
    if (granularity_ == "week") return FloorDivide(day + 3, 7);  // 1969-12-29 was a Monday.
    if (granularity_ == "month") return civil.year * 12 + civil.month - 1;
    if (granularity_ == "quarter") return civil.year * 4 + (civil.month - 1) / 3;
    return civil.year;
  }

  int64_t FirstDay(int64_t period) const {
    if (granularity_ == "day") return period;
    if (granularity_ == "week") return period * 7 - 3;
    const int64_t in_year = granularity_ == "month" ? 12 : granularity_ == "quarter" ? 4 : 1;
    const int64_t year = FloorDivide(period, in_year);
    const int64_t month = (period - year * in_year) * (12 / in_year) + 1;
    return DayOfCivil(year, static_cast<int>(month), 1);
  }

  int64_t FirstSecond(int64_t period) const { return FirstDay(period) * kSecondsPerDay; }
  int64_t LastSecond(int64_t period) const { return FirstSecond(period + 1) - 1; }

 private:
  std::string granularity_;
};

// The instants that count as orders of the customer, rising: those of the qualifying orders, and
// the two dates of a visible imported record unless such an instant is there already.
std::vector<int64_t> ActivityOf(const Customer& customer) {
  std::vector<int64_t> instants;
  for (const Order* order : customer.QualifyingOrders()) instants.push_back(order->date);
  if (customer.import != nullptr) {
    for (int64_t date :
         {customer.import->first_purchase_date, customer.import->last_purchase_date}) {
      if (std::find(instants.begin(), instants.end(), date) == instants.end()) {
        instants.push_back(date);
      }
    }
  }
  std::sort(instants.begin(), instants.end());
  return instants;
}

bool IsRetained(const std::vector<int64_t>& activity, int64_t start, int64_t end,
                const std::string& mode) {
  if (mode == "cumulative") return activity.size() >= 2 && activity[1] <= end;
  if (mode == "rolling") return !activity.empty() && activity.back() >= start;
  return std::any_of(activity.begin(), activity.end(),
                     [&](int64_t instant) { return start <= instant && instant <= end; });
}

// The sums behind one row: of one cohort in one period, or of several cohorts.
struct Sums {
  BigInt cohort_size, retained, orders, revenue, revenue_of_period_0, cumulative_revenue;

  void Add(const Sums& other) {
    cohort_size += other.cohort_size;
    retained += other.retained;
    orders += other.orders;
    revenue += other.revenue;
    revenue_of_period_0 += other.revenue_of_period_0;
    cumulative_revenue += other.cumulative_revenue;
  }
};

std::vector<Cell> RowOf(const Cell& cohort, int64_t period, const Cell& period_start,
                        bool is_complete, const Sums& sums) {
  return {cohort,
          Cell::Integer(sums.cohort_size.convert_to<int64_t>()),
          Cell::Integer(period),
          period_start,
          Cell::Integer(is_complete ? 1 : 0),
          Cell::Integer(sums.retained.convert_to<int64_t>()),
          Share(sums.retained, sums.cohort_size),
          Share(sums.cohort_size - sums.retained, sums.cohort_size),
          Cell::Integer(sums.orders.convert_to<int64_t>()),
          Amount(sums.revenue),
          Share(sums.revenue, sums.revenue_of_period_0),
          Amount(sums.cumulative_revenue),
          MeanAmount(sums.cumulative_revenue, sums.cohort_size)};
}

using Cohorts = std::map<int64_t, std::vector<const Customer*>>;

Cohorts CohortsByFirstPurchase(const Scene& scene, const Calendar& calendar) {
  Cohorts cohorts;
  for (const Customer* customer : scene.population) {
    cohorts[calendar.PeriodOf(ActivityOf(*customer).front())].push_back(customer);
  }
  return cohorts;
}

Cohorts CohortsBySignup(const Scene& scene, const Calendar& calendar) {
  Cohorts cohorts;
  for (const Customer* customer : scene.passing) {
    if (customer->described == nullptr || !customer->described->signup_date.has_value()) continue;
    const int64_t signup = *customer->described->signup_date;
    if (signup <= scene.as_of) cohorts[calendar.PeriodOf(signup)].push_back(customer);
  }
  return cohorts;
}

// Fills in the figures of [start, end]; the cohort's own and the running ones are the caller's.
void CountPeriod(const std::vector<const Customer*>& cohort, int64_t start, int64_t end,
                 const std::string& mode, Sums& sums) {
  for (const Customer* customer : cohort) {
    if (IsRetained(ActivityOf(*customer), start, end, mode)) sums.retained += 1;
    for (const Order& order : customer->orders) {
      if (order.date < start || order.date > end) continue;
      sums.revenue += order.value;
      if (order.qualifies) sums.orders += 1;
    }
  }
}

}  // namespace

Answer CustomerRetention(const Ledger& ledger, Parameters& parameters) {
  const Filters filters = parameters.ReadFilters();
  const int64_t as_of = parameters.AsOf().value_or(DefaultAsOf(ledger, parameters.now()));
  const Window window = parameters.ReadWindow();
  const Calendar calendar(
      parameters.Choice("granularity", {"month", "week", "quarter", "year", "day"}));
  const std::string cohort_by = parameters.Choice("cohort_by", {"first_purchase", "signup"});
  const int64_t periods = parameters.Integer("periods", 0, 1000).value_or(12);
  const std::string mode = parameters.Choice("retention", {"period", "rolling", "cumulative"});
  const Paging paging = parameters.ReadPaging();
  if (parameters.error().has_value()) return *parameters.error();

  const Scene scene(ledger, as_of, filters);
  Table table =
      TableFor(scene, {"cohort", "cohort_size", "period", "period_start", "is_complete",
                       "retained_customers", "retention_rate", "churn_rate", "orders", "revenue",
                       "revenue_retention_rate", "cumulative_revenue", "cumulative_ltv"});
  const Cohorts cohorts = cohort_by == "signup" ? CohortsBySignup(scene, calendar)
                                                : CohortsByFirstPurchase(scene, calendar);
  std::map<int64_t, Sums> complete_by_period;
  for (const auto& [cohort, members] : cohorts) {
    if (!window.Contains(calendar.FirstSecond(cohort))) continue;
    Sums before;  // Of the cohort's previous period.
    for (int64_t n = 0; n <= periods; ++n) {
      const int64_t start = calendar.FirstSecond(cohort + n);
      const int64_t end = calendar.LastSecond(cohort + n);
      if (start > as_of) break;
      Sums sums;
      sums.cohort_size = members.size();
      CountPeriod(members, start, end, mode, sums);
      sums.revenue_of_period_0 = n == 0 ? sums.revenue : before.revenue_of_period_0;
      sums.cumulative_revenue = before.cumulative_revenue + sums.revenue;
      const bool is_complete = end <= as_of;
      if (is_complete) complete_by_period[n].Add(sums);
      table.rows.push_back(RowOf(Cell::Text(FormatDay(calendar.FirstDay(cohort))), n,
                                 Cell::Text(FormatDay(calendar.FirstDay(cohort + n))), is_complete,
                                 sums));
      before = sums;
    }
  }
  for (const auto& [n, sums] : complete_by_period) {
    table.rows.push_back(RowOf(Cell(), n, Cell(), true, sums));
  }
  Cut(table, paging, std::nullopt);
  return table;
}

}  // namespace clv::model
