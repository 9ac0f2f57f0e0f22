#include "common/domain/history_groups.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace clv::domain {
namespace {

// x, t_x and T side by side where they fit, so that one comparison orders them.
constexpr uint32_t kTimeBits = 18;
constexpr uint32_t kMostPackedDays = (1U << kTimeBits) - 1;
constexpr uint32_t kMostPackedFrequency = (1U << (64 - 2 * kTimeBits)) - 1;

bool Packs(const HistoryGroup& group) {
  return group.customers == 1 && group.frequency <= kMostPackedFrequency &&
         group.recency_days <= kMostPackedDays && group.tenure_days <= kMostPackedDays;
}

std::vector<HistoryGroup> GroupPacked(std::vector<HistoryGroup> histories) {
  std::vector<uint64_t> keys;
  keys.reserve(histories.size());
  for (const HistoryGroup& one : histories) {
    keys.push_back((uint64_t{one.frequency} << (2 * kTimeBits)) |
                   (uint64_t{one.recency_days} << kTimeBits) | one.tenure_days);
  }
  std::vector<HistoryGroup>().swap(histories);
  std::sort(keys.begin(), keys.end());
  std::vector<HistoryGroup> groups;
  for (size_t i = 0; i < keys.size();) {
    size_t end = i + 1;
    while (end < keys.size() && keys[end] == keys[i]) ++end;
    groups.push_back({.frequency = static_cast<uint32_t>(keys[i] >> (2 * kTimeBits)),
                      .recency_days = static_cast<uint32_t>(keys[i] >> kTimeBits) & kMostPackedDays,
                      .tenure_days = static_cast<uint32_t>(keys[i]) & kMostPackedDays,
                      .customers = static_cast<uint32_t>(end - i)});
    i = end;
  }
  return groups;
}

auto KeyOf(const HistoryGroup& group) {
  return std::tuple(group.frequency, group.recency_days, group.tenure_days);
}

}  // namespace

uint64_t HistoryGroups::customers() const {
  uint64_t sum = 0;
  for (const HistoryGroup& group : groups) sum += group.customers;
  return sum;
}

uint64_t HistoryGroups::repeat_customers() const {
  uint64_t sum = 0;
  for (const HistoryGroup& group : groups) sum += group.frequency > 0 ? group.customers : 0;
  return sum;
}

uint32_t HistoryGroups::longest_days() const {
  uint32_t longest = 0;
  for (const HistoryGroup& group : groups) longest = std::max(longest, group.tenure_days);
  return longest;
}

std::vector<double> HistoryGroups::LogsOfDays(double shift) const {
  std::vector<double> logs(size_t{longest_days()} + 1);
  for (size_t day = 0; day < logs.size(); ++day) {
    logs[day] = std::log(shift + static_cast<double>(day) / days_per_unit);
  }
  return logs;
}

HistoryGroups GroupHistories(std::vector<HistoryGroup> histories, double days_per_unit) {
  HistoryGroups grouped{.days_per_unit = days_per_unit};
  if (std::all_of(histories.begin(), histories.end(), Packs)) {
    grouped.groups = GroupPacked(std::move(histories));
    return grouped;
  }
  std::sort(histories.begin(), histories.end(),
            [](const HistoryGroup& a, const HistoryGroup& b) { return KeyOf(a) < KeyOf(b); });
  for (const HistoryGroup& one : histories) {
    if (!grouped.groups.empty() && KeyOf(grouped.groups.back()) == KeyOf(one)) {
      grouped.groups.back().customers += one.customers;
    } else {
      grouped.groups.push_back(one);
    }
  }
  return grouped;
}

}  // namespace clv::domain
