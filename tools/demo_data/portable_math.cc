#include "tools/demo_data/portable_math.h"

#include <bit>
#include <cstdint>

namespace clv::demo_data {
namespace {

constexpr double kSqrtHalf = 0.70710678118654752440;
// ln 2 in two parts: products of the first with an exponent are exact.
constexpr double kLn2High = 0x1.62e42fefa3800p-1;
constexpr double kLn2Low = 0x1.ef35793c76730p-45;
constexpr double kInverseLn2 = 1.4426950408889634074;
constexpr uint64_t kMantissaMask = (uint64_t{1} << 52) - 1;
constexpr uint64_t kExponentOfHalf = uint64_t{1022} << 52;

// 2 to the power `n`, -1022 <= n <= 1023.
double PowerOfTwo(int n) { return std::bit_cast<double>(static_cast<uint64_t>(n + 1023) << 52); }

}  // namespace

double Log(double x) {
  const auto bits = std::bit_cast<uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1022;
  double mantissa = std::bit_cast<double>((bits & kMantissaMask) | kExponentOfHalf);
  if (mantissa < kSqrtHalf) {
    mantissa *= 2;
    --exponent;
  }
  // log m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172: twelve terms reach double precision.
  const double s = (mantissa - 1) / (mantissa + 1);
  const double s2 = s * s;
  double sum = 0;
  for (int k = 23; k >= 3; k -= 2) {
    sum = (sum + 1.0 / k) * s2;
  }
  return exponent * kLn2High + (2 * s + (2 * s * sum + exponent * kLn2Low));
}

double Exp(double x) {
  if (x < -708) {
    return 0;
  }
  const double scaled = x * kInverseLn2;
  const int n = static_cast<int>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double sum = 1;
  for (int k = 14; k >= 1; --k) {
    sum = 1 + sum * r / k;
  }
  // In two steps, since 2^1024 and 2^-1023 are out of range where the product is not.
  return sum * PowerOfTwo(n / 2) * PowerOfTwo(n - n / 2);
}

double OneMinusExpOverX(double x) {
  if (x < 1e-3) {
    return 1 - x * (1.0 / 2 - x * (1.0 / 6 - x * (1.0 / 24 - x / 120)));
  }
  return (1 - Exp(-x)) / x;
}

}  // namespace clv::demo_data
