// common/base/clock.h: time as a parameter.
#ifndef CLV_COMMON_BASE_CLOCK_H_
#define CLV_COMMON_BASE_CLOCK_H_

#include <cstdint>

namespace clv {

// Tells the time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Microseconds since 1970-01-01 00:00:00 UTC.
  virtual int64_t NowMicros() const = 0;

  // Whole seconds since 1970-01-01 00:00:00 UTC.
  int64_t NowSeconds() const { return NowMicros() / 1'000'000; }
};

// The machine's clock; lives as long as the process.
const Clock& SystemClock();

}  // namespace clv

#endif  // CLV_COMMON_BASE_CLOCK_H_
