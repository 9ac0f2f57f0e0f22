#ifndef CLV_TESTS_MODEL_INSTANTS_H_
#define CLV_TESTS_MODEL_INSTANTS_H_

#include <cstdint>
#include <optional>
#include <string>

namespace clv::model {

// Instants are seconds since 1970-01-01 00:00:00 UTC; days are counted from the same day.

struct ParsedInstant {
  int64_t seconds = 0;      // A plain date: its midnight.
  bool plain_date = false;  // The text was YYYY-MM-DD.
};

// Reads one of the forms of ENDPOINTS.md section 2; the fraction is cut off.
std::optional<ParsedInstant> ParseInstant(const std::string& text);

std::string FormatInstant(int64_t seconds);  // "YYYY-MM-DD HH:MM:SS"
std::string FormatDay(int64_t day);          // "YYYY-MM-DD"

int64_t FloorDivide(int64_t a, int64_t b);
int64_t DayOf(int64_t seconds);  // The UTC calendar day that holds the instant.

struct Civil {
  int64_t year = 1970;
  int month = 1;
  int day = 1;
};
Civil CivilOfDay(int64_t day);
int64_t DayOfCivil(int64_t year, int month, int day);

}  // namespace clv::model

#endif  // CLV_TESTS_MODEL_INSTANTS_H_
