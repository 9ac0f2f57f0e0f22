// common/domain/history_groups.h: the purchase histories that models are fitted to, equal ones
// counted together.
#ifndef CLV_COMMON_DOMAIN_HISTORY_GROUPS_H_
#define CLV_COMMON_DOMAIN_HISTORY_GROUPS_H_

#include <array>
#include <cstdint>
#include <vector>

namespace clv::domain {

// x repeat purchases, the last of them t_x days after the first purchase, which lies T days back.
struct HistoryGroup {
  uint32_t frequency = 0;     // x
  uint32_t recency_days = 0;  // t_x <= T; 0 where x is 0
  uint32_t tenure_days = 0;   // T
  uint32_t customers = 0;

  bool operator==(const HistoryGroup&) const = default;
};

// Groups in rising order of (x, t_x, T).
struct HistoryGroups {
  std::vector<HistoryGroup> groups;
  // The parameters' unit of time: times are days / days_per_unit. 7 for weeks.
  double days_per_unit = 1;

  uint64_t customers() const;
  uint64_t repeat_customers() const;  // with x >= 1
  uint32_t longest_days() const;      // greatest T

  // ln(shift + days / days_per_unit) for each whole day up to longest_days().
  std::vector<double> LogsOfDays(double shift) const;
};

// Counts equal histories (their `customers` are summed). `histories` are used up.
HistoryGroups GroupHistories(std::vector<HistoryGroup> histories, double days_per_unit = 1);

// ln L in sum over all customers, and its derivatives by the parameters in their order.
struct LogLikelihood {
  double value = 0;
  std::array<double, 4> gradient = {};
};

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_HISTORY_GROUPS_H_
