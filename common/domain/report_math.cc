#include "common/domain/report_math.h"

#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>

#include "common/base/instant.h"
#include "common/base/money.h"

namespace clv::domain {

std::optional<double> Quotient(absl::int128 numerator, absl::int128 denominator) {
  if (denominator <= 0) return std::nullopt;
  return static_cast<double>(numerator) / static_cast<double>(denominator);
}

double UnitsOf(absl::int128 micros) {
  return static_cast<double>(micros) / static_cast<double>(kMicrosPerUnit);
}

double DaysOf(absl::int128 seconds) {
  return static_cast<double>(seconds) / static_cast<double>(kSecondsPerDay);
}

std::optional<double> MeanUnits(absl::int128 micros, absl::int128 count) {
  return Quotient(micros, count * kMicrosPerUnit);
}

std::optional<double> MeanDays(absl::int128 seconds, absl::int128 count) {
  return Quotient(seconds, count * kSecondsPerDay);
}

absl::int128 SumOf(const std::vector<int64_t>& values) {
  absl::int128 sum = 0;
  for (const int64_t value : values) sum += value;
  return sum;
}

std::optional<double> PowerSums::SampleStddevUnits() const {
  if (count_ < 2) return std::nullopt;
  // n * sum of squares - square of the sum: no difference of rounded numbers, and below 2^255 for
  // any n that fits in memory.
  using Wide = boost::multiprecision::int256_t;
  const Wide sum(sum_);
  const Wide squares = (Wide(squares_carry_) << 128) + Wide(squares_);
  const Wide count(count_);
  const Wide numerator = count * squares - sum * sum;
  const Wide denominator = count * (count - 1);
  const double variance = numerator.convert_to<double>() / denominator.convert_to<double>();
  return std::sqrt(variance) / static_cast<double>(kMicrosPerUnit);
}

}  // namespace clv::domain
