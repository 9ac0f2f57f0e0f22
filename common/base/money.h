// common/base/money.h: exact money in micros (10^-6 currency unit).
//
// Binary floating point never touches an amount: text goes to integer micros and back.
#ifndef CLV_COMMON_BASE_MONEY_H_
#define CLV_COMMON_BASE_MONEY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"

namespace clv {

// Micros of one currency unit.
inline constexpr int64_t kMicrosPerUnit = 1'000'000;

// Greatest absolute value of a single amount, 10^9 units.
inline constexpr int64_t kMaxAmountMicros = 1'000'000'000 * kMicrosPerUnit;

// Greatest absolute value of an imported total, 10^12 units.
inline constexpr int64_t kMaxImportedTotalMicros = 1'000'000'000'000 * kMicrosPerUnit;

// Micros of a decimal string `[+-]digits[.digits]`. Trailing zeros aside at most 6 decimals.
// INVALID_ARGUMENT (a phrase "got ..., want ...") for another form, more decimals, or an absolute
// value above `max_micros`.
absl::StatusOr<int64_t> ParseDecimalString(std::string_view text, int64_t max_micros);

// Micros of the text of a JSON number (exponent allowed), rounded half-even to 6 decimals; the
// bound is checked after rounding. INVALID_ARGUMENT for other text or an absolute value above
// `max_micros`.
absl::StatusOr<int64_t> ParseJsonNumber(std::string_view text, int64_t max_micros);

// The exact shortest decimal: 500250000 -> "500.25", 0 -> "0", -1 -> "-0.000001".
std::string FormatMicros(absl::int128 micros);

}  // namespace clv

#endif  // CLV_COMMON_BASE_MONEY_H_
