// common/rpc/rate_limiter.h: how many requests and bytes a caller may send in a second.
//
// Token buckets: one of requests and one of bytes for each caller, filled evenly. A bucket holds
// what one second brings, and at least one request; so a caller may send that much at once after a
// pause. A request larger than the bucket of bytes waits for a full one and leaves a debt.
#ifndef CLV_COMMON_RPC_RATE_LIMITER_H_
#define CLV_COMMON_RPC_RATE_LIMITER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "common/rpc/scopes.h"

namespace clv::rpc {

// Limits the callers of one process. Tokens are counted by name, JWTs by the name in them, apart
// from tokens of the same name. Thread-safe.
class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Limits of every token that has none of its own; 0: none. The admin token counts like others.
  struct Options {
    double requests_per_second = 0;
    double bytes_per_second = 0;
  };

  // What a request takes.
  struct Cost {
    double requests = 1;
    double bytes = 0;
  };

  // What became of a request.
  struct Verdict {
    bool is_limited = false;  // a limit applies; the numbers below are 0 otherwise
    bool is_admitted = true;
    // Of the limit on requests, or where there is none (or the one on bytes refused) on bytes.
    uint64_t limit = 0;          // size of the bucket, rounded down
    uint64_t remaining = 0;      // what is left in it, rounded down
    uint64_t reset_seconds = 0;  // until it is full, rounded up
    uint64_t retry_after_seconds =
        0;  // until the request would be admitted, 1 or more; 0 when it was
  };

  explicit RateLimiter(const Options& options) : options_(options) {}

  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // Takes the cost from the caller's buckets; from neither when one of them refuses. The limits of
  // this call count, whatever those of the calls before were.
  Verdict Take(const Caller& caller, const Cost& cost, Time now);

  // Whether bytes of this caller are limited, so that it is worth counting them.
  bool CountsBytes(const Caller& caller) const;

  // For a piece of something greater that is not refused in its middle: takes its bytes, be it as a
  // debt, and says how long the caller is to be kept waiting before the next piece until the debt
  // is paid; 0 without one. A year at most.
  std::chrono::milliseconds Pace(const Caller& caller, double bytes, Time now);

  // Callers that are remembered now: those whose buckets are not full, and some others.
  size_t remembered() const;

 private:
  struct Buckets {
    double requests = 0;  // levels
    double bytes = 0;     // may be negative
    Time filled_at;
    Time full_at;  // from then on the buckets need not be remembered
  };

  struct Bucket;
  // Both buckets of a caller, filled up to now.
  struct Filled;
  Filled Fill(const Caller& caller, Time now);

  const Options options_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Buckets> buckets_;
  size_t sweep_at_ = 1024;  // number of buckets at which full ones are dropped
};

// RESOURCE_EXHAUSTED with the seconds to wait (WithRetryAfter in v0_reply.h).
absl::Status RateLimitError(const RateLimiter::Verdict& verdict);

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_RATE_LIMITER_H_
