#include "tests/model/instants.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <regex>

namespace clv::model {
namespace {

int64_t Number(const std::string& digits) { return std::stoll(digits); }

}  // namespace

int64_t FloorDivide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  if (quotient * b > a) --quotient;
  return quotient;
}

int64_t DayOf(int64_t seconds) { return FloorDivide(seconds, 86'400); }

Civil CivilOfDay(int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day()))};
}

int64_t DayOfCivil(int64_t year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

std::optional<ParsedInstant> ParseInstant(const std::string& text) {
  if (text.size() > 128) return std::nullopt;  // No accepted form is as long; spares the regex.
  static const std::regex kForm(
      R"((\d{4})-(\d{2})-(\d{2})(?:([T ])(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?)"
      R"((?:(Z)|([+-])(\d{2}):?(\d{2})?|( )(\d{2}):(\d{2}))?)?)");
  std::smatch m;
  if (!std::regex_match(text, m, kForm)) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(Number(m[1]))},
                                         std::chrono::month{static_cast<unsigned>(Number(m[2]))},
                                         std::chrono::day{static_cast<unsigned>(Number(m[3]))}};
  if (!date.ok()) return std::nullopt;
  ParsedInstant result;
  result.seconds =
      DayOfCivil(Number(m[1]), static_cast<int>(Number(m[2])), static_cast<int>(Number(m[3]))) *
      86'400;
  if (!m[4].matched) {
    result.plain_date = true;
    return result;
  }

  const int64_t hour = Number(m[5]), minute = Number(m[6]), second = Number(m[7]);
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  result.seconds += hour * 3600 + minute * 60 + second;

  int64_t offset_hours = 0, offset_minutes = 0, sign = 1;
  if (m[9].matched) {
    const std::string whole = text.substr(static_cast<size_t>(m.position(9)));
    if (whole.back() == ':') return std::nullopt;  // "+02:" is no offset.
    sign = m[9] == "-" ? -1 : 1;
    offset_hours = Number(m[10]);
    offset_minutes = m[11].matched ? Number(m[11]) : 0;
  } else if (m[12].matched) {
    if (m[4] != "T") return std::nullopt;  // Only after a T is the space an eaten plus.
    offset_hours = Number(m[13]);
    offset_minutes = Number(m[14]);
  }
  if (offset_hours > 23 || offset_minutes > 59) return std::nullopt;
  result.seconds -= sign * (offset_hours * 3600 + offset_minutes * 60);
  return result;
}

std::string FormatDay(int64_t day) {
  const Civil civil = CivilOfDay(day);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%04lld-%02d-%02d", static_cast<long long>(civil.year),
                civil.month, civil.day);
  return text.data();
}

std::string FormatInstant(int64_t seconds) {
  const int64_t day = DayOf(seconds);
  const int rest = static_cast<int>(seconds - day * 86'400);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), " %02d:%02d:%02d", rest / 3600, rest / 60 % 60,
                rest % 60);
  return FormatDay(day) + text.data();
}

}  // namespace clv::model
