#ifndef CLV_TESTS_MODEL_EXACT_H_
#define CLV_TESTS_MODEL_EXACT_H_

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/model/table.h"

namespace clv::model {

using BigInt = boost::multiprecision::cpp_int;
using Ratio = boost::multiprecision::cpp_rational;
using BigReal = boost::multiprecision::cpp_bin_float_50;

inline constexpr int64_t kMicros = 1'000'000;  // Micros in one currency unit.
inline constexpr int64_t kSecondsPerDay = 86'400;

// The text of a JSON number as micros, rounded half-even; nullopt when beyond 10^20 units.
std::optional<BigInt> MicrosOfNumber(const std::string& json_number);
// A decimal string `[+-]digits[.digits]` as micros; nullopt for another form or for more than six
// decimals, trailing zeros aside.
std::optional<BigInt> MicrosOfString(const std::string& text);

// Micros as the exact shortest decimal: 500250000 is "500.25", -3000000 is "-3".
std::string DecimalText(const BigInt& micros);

double ToDouble(const Ratio& value);

// Cells. Amounts and days are exact up to here.
Cell Amount(const BigInt& micros);
Cell Amount(const std::optional<BigInt>& micros);
Cell Days(const std::optional<Ratio>& days);
// numerator / denominator; null where the denominator is not positive.
Cell Share(const BigInt& numerator, const BigInt& denominator);
// (micros / 10^6) / count; null where count is not positive.
Cell MeanAmount(const BigInt& micros, const BigInt& count);
// (seconds / 86400) / count; null where count is not positive.
Cell MeanDays(const BigInt& seconds, const BigInt& count);

// Nearest-rank percentile: the k-th smallest, k = max(1, ceil(percent * n / 100)); nullopt of none.
template <typename T>
std::optional<T> Percentile(std::vector<T> values, int percent) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  size_t k = (static_cast<size_t>(percent) * values.size() + 99) / 100;
  if (k < 1) k = 1;
  return values[k - 1];
}

}  // namespace clv::model

#endif  // CLV_TESTS_MODEL_EXACT_H_
