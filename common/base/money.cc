#include "common/base/money.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/utf8.h"

namespace clv {
namespace {

constexpr int kDecimals = 6;

absl::Status Refuse(std::string_view text, const std::string& wanted) {
  return absl::InvalidArgumentError(absl::StrCat("got ", Quoted(text), ", want ", wanted));
}

absl::Status RefuseSize(std::string_view text, int64_t max_micros) {
  return Refuse(text, absl::StrCat("an amount between -", FormatMicros(max_micros), " and ",
                                   FormatMicros(max_micros)));
}

// A decimal number in parts, all digits as they were written.
struct Decimal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int64_t exponent = 0;
};

// Takes digits off the front of `rest`.
std::string_view TakeDigits(std::string_view& rest) {
  const size_t length =
      std::find_if_not(rest.begin(), rest.end(), [](char c) { return c >= '0' && c <= '9'; }) -
      rest.begin();
  const std::string_view digits = rest.substr(0, length);
  rest.remove_prefix(length);
  return digits;
}

bool TakeCharacter(std::string_view& rest, char c) {
  if (rest.empty() || rest.front() != c) return false;
  rest.remove_prefix(1);
  return true;
}

// The exponent's value, held at +-10^15: beyond that only zero is in range, whatever the digits
// say.
int64_t ExponentValue(bool negative, std::string_view digits) {
  constexpr int64_t kLimit = 1'000'000'000'000'000;
  int64_t value = 0;
  for (const char c : digits) value = std::min(kLimit, value * 10 + (c - '0'));
  return negative ? -value : value;
}

std::optional<Decimal> ReadDecimalString(std::string_view text) {
  Decimal decimal;
  if (!TakeCharacter(text, '+')) decimal.negative = TakeCharacter(text, '-');
  decimal.whole = TakeDigits(text);
  if (decimal.whole.empty()) return std::nullopt;
  if (TakeCharacter(text, '.')) {
    decimal.fraction = TakeDigits(text);
    if (decimal.fraction.empty()) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return decimal;
}

std::optional<Decimal> ReadJsonNumber(std::string_view text) {
  Decimal decimal;
  decimal.negative = TakeCharacter(text, '-');
  decimal.whole = TakeDigits(text);
  if (decimal.whole.empty() || (decimal.whole.size() > 1 && decimal.whole.front() == '0'))
    return std::nullopt;
  if (TakeCharacter(text, '.')) {
    decimal.fraction = TakeDigits(text);
    if (decimal.fraction.empty()) return std::nullopt;
  }
  if (TakeCharacter(text, 'e') || TakeCharacter(text, 'E')) {
    const bool negative = TakeCharacter(text, '-');
    if (!negative) TakeCharacter(text, '+');
    const std::string_view digits = TakeDigits(text);
    if (digits.empty()) return std::nullopt;
    decimal.exponent = ExponentValue(negative, digits);
  }
  if (!text.empty()) return std::nullopt;
  return decimal;
}

// Digits of whole and fraction one after another.
class Digits {
 public:
  explicit Digits(const Decimal& decimal) : whole_(decimal.whole), fraction_(decimal.fraction) {}

  int64_t size() const { return static_cast<int64_t>(whole_.size() + fraction_.size()); }
  int operator[](int64_t i) const {
    const size_t index = static_cast<size_t>(i);
    return (index < whole_.size() ? whole_[index] : fraction_[index - whole_.size()]) - '0';
  }

 private:
  std::string_view whole_;
  std::string_view fraction_;
};

// The magnitude in micros, rounded half-even; nullopt above `max_micros`.
std::optional<int64_t> RoundedMagnitude(const Decimal& decimal, int64_t max_micros) {
  const Digits digits(decimal);
  int64_t first = 0;
  while (first < digits.size() && digits[first] == 0) ++first;
  if (first == digits.size()) return 0;
  // Digits before `end` are whole micros.
  const int64_t end = static_cast<int64_t>(decimal.whole.size()) + decimal.exponent + kDecimals;
  if (end - first > 20) return std::nullopt;
  uint64_t magnitude = 0;
  for (int64_t i = first; i < end; ++i) {
    magnitude = magnitude * 10 + static_cast<uint64_t>(i < digits.size() ? digits[i] : 0);
    if (magnitude > static_cast<uint64_t>(max_micros)) return std::nullopt;
  }
  if (end >= first && end < digits.size()) {
    const auto tail_is_zero = [&] {
      for (int64_t i = end + 1; i < digits.size(); ++i) {
        if (digits[i] != 0) return false;
      }
      return true;
    };
    const int next = digits[end];
    if (next > 5 || (next == 5 && (magnitude % 2 == 1 || !tail_is_zero()))) ++magnitude;
  }
  if (magnitude > static_cast<uint64_t>(max_micros)) return std::nullopt;
  return static_cast<int64_t>(magnitude);
}

// Writes an amount so that it ends before `at`; returns where it begins.
template <typename Unsigned>
char* WriteMicrosBefore(char* at, Unsigned micros) {
  bool is_significant = false;
  for (int place = 0; place < kDecimals; ++place, micros /= 10) {
    const int digit = static_cast<int>(micros % 10);
    is_significant = is_significant || digit != 0;
    if (is_significant) *--at = static_cast<char>('0' + digit);
  }
  if (is_significant) *--at = '.';
  do {
    *--at = static_cast<char>('0' + static_cast<int>(micros % 10));
    micros /= 10;
  } while (micros != 0);
  return at;
}

}  // namespace

absl::StatusOr<int64_t> ParseDecimalString(std::string_view text, int64_t max_micros) {
  std::optional<Decimal> decimal = ReadDecimalString(text);
  if (!decimal.has_value()) return Refuse(text, "a decimal number such as 12.50");
  while (!decimal->fraction.empty() && decimal->fraction.back() == '0')
    decimal->fraction.remove_suffix(1);
  if (decimal->fraction.size() > kDecimals) return Refuse(text, "at most 6 decimals");
  const std::optional<int64_t> magnitude = RoundedMagnitude(*decimal, max_micros);
  if (!magnitude.has_value()) return RefuseSize(text, max_micros);
  return decimal->negative ? -*magnitude : *magnitude;
}

absl::StatusOr<int64_t> ParseJsonNumber(std::string_view text, int64_t max_micros) {
  const std::optional<Decimal> decimal = ReadJsonNumber(text);
  if (!decimal.has_value()) return Refuse(text, "a JSON number");
  const std::optional<int64_t> magnitude = RoundedMagnitude(*decimal, max_micros);
  if (!magnitude.has_value()) return RefuseSize(text, max_micros);
  return decimal->negative ? -*magnitude : *magnitude;
}

std::string FormatMicros(absl::int128 micros) {
  const bool is_negative = micros < 0;
  // The magnitude of the least int128 does not fit int128.
  const absl::uint128 magnitude =
      is_negative ? -static_cast<absl::uint128>(micros) : static_cast<absl::uint128>(micros);
  std::array<char, 48> text;  // 39 digits, point and sign
  char* const end = text.data() + text.size();
  // Division of two words is slow, and nearly no amount has two.
  char* begin = absl::Uint128High64(magnitude) == 0
                    ? WriteMicrosBefore(end, absl::Uint128Low64(magnitude))
                    : WriteMicrosBefore(end, magnitude);
  if (is_negative) *--begin = '-';
  return std::string(begin, end);
}

}  // namespace clv
