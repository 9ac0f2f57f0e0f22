#include "common/base/instant.h"

#include <array>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/utf8.h"

namespace clv {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads a text from left to right; every Take leaves the text alone when it fails.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  size_t size() const { return rest_.size(); }

  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // A number of exactly `count` digits; -1 when there is none.
  int TakeNumber(size_t count) {
    if (rest_.size() < count) return -1;
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!IsDigit(rest_[i])) return -1;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  // One or more digits.
  bool SkipDigits() {
    size_t count = 0;
    while (count < rest_.size() && IsDigit(rest_[count])) ++count;
    rest_.remove_prefix(count);
    return count > 0;
  }

 private:
  std::string_view rest_;
};

constexpr bool IsLeapYear(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int DaysOfMonth(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[static_cast<size_t>(month - 1)];
}

std::optional<int64_t> TakeDate(Reader& reader) {
  const int year = reader.TakeNumber(4);
  if (year < 0 || !reader.Take('-')) return std::nullopt;
  const int month = reader.TakeNumber(2);
  if (month < 1 || month > 12 || !reader.Take('-')) return std::nullopt;
  const int day = reader.TakeNumber(2);
  if (day < 1 || day > DaysOfMonth(year, month)) return std::nullopt;
  return DayNumber({year, month, day}) * kSecondsPerDay;
}

std::optional<int64_t> TakeTime(Reader& reader) {
  const int hour = reader.TakeNumber(2);
  if (hour < 0 || hour > 23 || !reader.Take(':')) return std::nullopt;
  const int minute = reader.TakeNumber(2);
  if (minute < 0 || minute > 59 || !reader.Take(':')) return std::nullopt;
  const int second = reader.TakeNumber(2);
  if (second < 0 || second > 59) return std::nullopt;
  if (reader.Take('.') && !reader.SkipDigits()) return std::nullopt;
  return hour * 3600 + minute * 60 + second;
}

// Seconds that the zone lies ahead of UTC; 0 when nothing is left.
std::optional<int64_t> TakeZone(Reader& reader, bool after_t) {
  if (reader.empty() || reader.Take('Z')) return 0;
  const bool negative = reader.Take('-');
  // A query string turns a raw + into a space.
  const bool eaten_plus = !negative && after_t && reader.size() == 6 && reader.Take(' ');
  if (!negative && !eaten_plus && !reader.Take('+')) return std::nullopt;
  const int hours = reader.TakeNumber(2);
  if (hours < 0 || hours > 23) return std::nullopt;
  int minutes = 0;
  if (!reader.empty()) {
    const bool colon = reader.Take(':');
    if (eaten_plus && !colon) return std::nullopt;
    minutes = reader.TakeNumber(2);
    if (minutes < 0 || minutes > 59) return std::nullopt;
  }
  const int64_t seconds = hours * 3600 + minutes * 60;
  return negative ? -seconds : seconds;
}

std::optional<ParsedInstant> ReadInstant(std::string_view text) {
  Reader reader(text);
  const std::optional<int64_t> date = TakeDate(reader);
  if (!date.has_value()) return std::nullopt;
  if (reader.empty()) return ParsedInstant{*date, true};
  const bool after_t = reader.Take('T');
  if (!after_t && !reader.Take(' ')) return std::nullopt;
  const std::optional<int64_t> time = TakeTime(reader);
  if (!time.has_value()) return std::nullopt;
  const std::optional<int64_t> ahead = TakeZone(reader, after_t);
  if (!ahead.has_value() || !reader.empty()) return std::nullopt;
  return ParsedInstant{*date + *time - *ahead, false};
}

void AppendNumber(std::string& text, int64_t value, int digits) {
  const size_t begin = text.size();
  text.resize(begin + static_cast<size_t>(digits));
  for (int i = digits - 1; i >= 0; --i) {
    text[begin + static_cast<size_t>(i)] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

}  // namespace

absl::StatusOr<ParsedInstant> ParseInstant(std::string_view text) {
  const std::optional<ParsedInstant> instant = ReadInstant(text);
  if (!instant.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("got ", Quoted(text), ", want YYYY-MM-DD HH:MM:SS, ISO 8601 or YYYY-MM-DD"));
  }
  return *instant;
}

std::string FormatInstant(int64_t seconds) {
  std::string text = FormatDate(seconds);
  const int64_t second_of_day = seconds - DayOf(seconds) * kSecondsPerDay;
  text += ' ';
  AppendNumber(text, second_of_day / 3600, 2);
  text += ':';
  AppendNumber(text, second_of_day / 60 % 60, 2);
  text += ':';
  AppendNumber(text, second_of_day % 60, 2);
  return text;
}

std::string FormatDate(int64_t seconds) {
  const CivilDate date = DateOfDay(DayOf(seconds));
  std::string text;
  text.reserve(19);
  AppendNumber(text, date.year, 4);
  text += '-';
  AppendNumber(text, date.month, 2);
  text += '-';
  AppendNumber(text, date.day, 2);
  return text;
}

// Both directions count days from 0000-03-01, so that the leap day ends a year: see Howard Hinnant,
// "chrono-Compatible Low-Level Date Algorithms".
CivilDate DateOfDay(int64_t day_number) {
  const int64_t shifted = day_number + 719'468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const int month =
      static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  const int year = static_cast<int>(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
  return {year, month, day};
}

int64_t DayNumber(CivilDate date) {
  const int64_t months = static_cast<int64_t>(date.year) * 12 + date.month - 1;
  int64_t year = months >= 0 ? months / 12 : -((-months + 11) / 12);
  const int64_t month = months - year * 12 + 1;
  if (month <= 2) --year;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t month_from_march = month > 2 ? month - 3 : month + 9;
  const int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

}  // namespace clv
