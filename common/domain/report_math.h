// common/domain/report_math.h: the arithmetic of reports, from exact integers to doubles.
//
// Every backend that answers reports makes its quotients here, so equal integers give equal
// doubles. All functions are pure. Results lie within 1e-12 (relative) of the exact rational: each
// operand is rounded once and the division once.
#ifndef CLV_COMMON_DOMAIN_REPORT_MATH_H_
#define CLV_COMMON_DOMAIN_REPORT_MATH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/numeric/int128.h"

namespace clv::domain {

// numerator / denominator; absent unless the denominator is positive.
std::optional<double> Quotient(absl::int128 numerator, absl::int128 denominator);

// Currency units of micros.
double UnitsOf(absl::int128 micros);

// Days of seconds.
double DaysOf(absl::int128 seconds);

// Mean in currency units: micros / 10^6 / count; absent unless `count` is positive.
std::optional<double> MeanUnits(absl::int128 micros, absl::int128 count);

// Mean in days: seconds / 86400 / count; absent unless `count` is positive.
std::optional<double> MeanDays(absl::int128 seconds, absl::int128 count);

// Index from 0 of the nearest-rank percentile among `count` sorted values: max(1, ceil(percent *
// count / 100)) - 1. Wants count >= 1, percent 0..100.
constexpr size_t NearestRankIndex(size_t count, unsigned percent) {
  const size_t rank = (percent * count + 99) / 100;
  return rank == 0 ? 0 : rank - 1;
}

// Nearest-rank percentile of ascending values; absent when there are none.
template <typename Value>
std::optional<Value> Percentile(const std::vector<Value>& sorted, unsigned percent) {
  if (sorted.empty()) return std::nullopt;
  return sorted[NearestRankIndex(sorted.size(), percent)];
}

// Exact sum.
absl::int128 SumOf(const std::vector<int64_t>& values);

// Exact sums of values and of their squares, for any number of values that fits in memory. Sums of
// parts add up, and a value that was added can be taken away again.
class PowerSums {
 public:
  void Add(int64_t value) {
    ++count_;
    sum_ += value;
    const auto magnitude = static_cast<unsigned __int128>(value < 0 ? -__int128{value} : value);
    AddSquares(magnitude * magnitude, 0);
  }
  void Remove(int64_t value) {
    --count_;
    sum_ -= value;
    const auto magnitude = static_cast<unsigned __int128>(value < 0 ? -__int128{value} : value);
    const unsigned __int128 squares = magnitude * magnitude;
    squares_carry_ -= squares_ < squares ? 1 : 0;
    squares_ -= squares;
  }
  PowerSums& operator+=(const PowerSums& other) {
    count_ += other.count_;
    sum_ += other.sum_;
    AddSquares(other.squares_, other.squares_carry_);
    return *this;
  }

  bool operator==(const PowerSums&) const = default;

  uint64_t count() const { return count_; }
  absl::int128 sum() const { return sum_; }

  // Sample standard deviation (divisor n - 1) in currency units of values in micros; absent below
  // two values.
  std::optional<double> SampleStddevUnits() const;

 private:
  void AddSquares(unsigned __int128 squares, uint64_t carry) {
    squares_ += squares;
    squares_carry_ += carry + (squares_ < squares ? 1 : 0);
  }

  uint64_t count_ = 0;
  __int128 sum_ = 0;
  unsigned __int128 squares_ = 0;
  uint64_t squares_carry_ = 0;  // times 2^128
};

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_REPORT_MATH_H_
