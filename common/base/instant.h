// common/base/instant.h: instants as whole UTC seconds, and their texts.
#ifndef CLV_COMMON_BASE_INSTANT_H_
#define CLV_COMMON_BASE_INSTANT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace clv {

inline constexpr int64_t kSecondsPerDay = 86'400;

// An instant read from text.
struct ParsedInstant {
  // UTC seconds since 1970-01-01; may be negative. A plain date is its midnight.
  int64_t seconds = 0;
  // The text was a date without a time.
  bool is_plain_date = false;
};

// Reads `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS`, and ISO 8601 with `T`: optional fraction (cut off),
// optional `Z` or offset `+HH:MM`, `+HHMM`, `+HH`. Without a zone the time is UTC. After a `T` a
// space before a final `HH:MM` stands for a `+` that a query string ate. The calendar is checked
// (no 2023-02-30, no 24:00:00; second 60 is refused). INVALID_ARGUMENT with a phrase "got '...',
// want ..." otherwise.
absl::StatusOr<ParsedInstant> ParseInstant(std::string_view text);

// `YYYY-MM-DD HH:MM:SS`; years 0 to 9999.
std::string FormatInstant(int64_t seconds);

// `YYYY-MM-DD` of the day that holds the instant.
std::string FormatDate(int64_t seconds);

// Whole days since 1970-01-01 of the day that holds the instant (floored).
constexpr int64_t DayOf(int64_t seconds) {
  return seconds >= 0 ? seconds / kSecondsPerDay
                      : -((-seconds + kSecondsPerDay - 1) / kSecondsPerDay);
}

// A date of the proleptic Gregorian calendar.
struct CivilDate {
  int year = 1970;
  int month = 1;  // 1..12
  int day = 1;    // 1..31
};

// The date of a day number (days since 1970-01-01), and back. `month` may lie outside 1..12 in
// DayNumber and is then carried into the year.
CivilDate DateOfDay(int64_t day_number);
int64_t DayNumber(CivilDate date);

}  // namespace clv

#endif  // CLV_COMMON_BASE_INSTANT_H_
