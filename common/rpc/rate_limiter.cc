#include "common/rpc/rate_limiter.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/rpc/v0_reply.h"

namespace clv::rpc {
namespace {

// A fill is never exact: a caller who waits as long as he was told must not be refused for 1e-9 of
// a request.
constexpr double kTolerance = 1e-6;

double CapacityOfRequests(double rate) { return rate > 0 ? std::max(1.0, rate) : 0; }

std::string KeyOf(const Caller& caller) {
  switch (caller.kind) {
    case CallerKind::kAdmin:
      return "a";
    case CallerKind::kToken:
      return "t" + caller.name;
    case CallerKind::kJwt:
      return "j" + caller.name;
  }
  return "";
}

constexpr double kYearSeconds = 365.0 * 86'400;

uint64_t SecondsUp(double seconds) {
  return static_cast<uint64_t>(std::ceil(std::clamp(seconds - kTolerance, 0.0, kYearSeconds)));
}

}  // namespace

// One of the two buckets for one request.
struct RateLimiter::Bucket {
  double rate = 0;  // 0: no limit
  double capacity = 0;
  double level = 0;
  double cost = 0;

  double needed() const { return std::min(cost, capacity); }
  bool admits() const { return rate <= 0 || level + kTolerance * capacity >= needed(); }
  double seconds_to_wait() const { return rate <= 0 ? 0 : (needed() - level) / rate; }
  double seconds_to_full() const { return rate <= 0 ? 0 : (capacity - level) / rate; }

  void Describe(Verdict* verdict) const {
    verdict->limit = static_cast<uint64_t>(capacity);
    verdict->remaining = static_cast<uint64_t>(std::max(0.0, level + kTolerance));
    verdict->reset_seconds = SecondsUp(seconds_to_full());
  }
};

struct RateLimiter::Filled {
  Bucket requests, bytes;
  Buckets* kept = nullptr;  // guarded by mutex_

  // Keeps the levels.
  void Keep(Time now) const {
    const double full = std::max(requests.seconds_to_full(), bytes.seconds_to_full());
    *kept = {requests.level, bytes.level, std::max(now, kept->filled_at),
             now + std::chrono::seconds(SecondsUp(full) + 1)};
  }
};

RateLimiter::Filled RateLimiter::Fill(const Caller& caller, Time now) {
  const double request_rate =
      caller.limits.requests_per_second.value_or(options_.requests_per_second);
  const double byte_rate = caller.limits.bytes_per_second.value_or(options_.bytes_per_second);
  Filled filled{.requests = {.rate = request_rate, .capacity = CapacityOfRequests(request_rate)},
                .bytes = {.rate = byte_rate, .capacity = std::max(0.0, byte_rate)}};
  if (buckets_.size() >= sweep_at_) {
    std::erase_if(buckets_, [&](const auto& entry) { return entry.second.full_at <= now; });
    sweep_at_ = std::max<size_t>(1024, 2 * buckets_.size());
  }
  const auto [place, is_new] = buckets_.try_emplace(KeyOf(caller));
  Buckets& kept = place->second;
  if (is_new) kept = {filled.requests.capacity, filled.bytes.capacity, now, now};
  const double elapsed = std::max(0.0, std::chrono::duration<double>(now - kept.filled_at).count());
  filled.requests.level =
      std::min(filled.requests.capacity, kept.requests + elapsed * request_rate);
  filled.bytes.level = std::min(filled.bytes.capacity, kept.bytes + elapsed * byte_rate);
  filled.kept = &kept;
  return filled;
}

RateLimiter::Verdict RateLimiter::Take(const Caller& caller, const Cost& cost, Time now) {
  Verdict verdict;
  if (caller.limits.requests_per_second.value_or(options_.requests_per_second) <= 0 &&
      !CountsBytes(caller)) {
    return verdict;
  }
  std::lock_guard lock(mutex_);
  Filled filled = Fill(caller, now);
  auto& [requests, bytes, kept] = filled;
  requests.cost = cost.requests;
  bytes.cost = cost.bytes;
  verdict.is_limited = true;
  verdict.is_admitted = requests.admits() && bytes.admits();
  if (verdict.is_admitted) {
    if (requests.rate > 0) requests.level -= cost.requests;
    if (bytes.rate > 0) bytes.level -= cost.bytes;
  } else {
    verdict.retry_after_seconds = std::max<uint64_t>(
        1, SecondsUp(std::max(requests.seconds_to_wait(), bytes.seconds_to_wait())));
  }
  const bool tells_bytes = requests.rate <= 0 || (!verdict.is_admitted && !bytes.admits());
  (tells_bytes ? bytes : requests).Describe(&verdict);
  filled.Keep(now);
  return verdict;
}

std::chrono::milliseconds RateLimiter::Pace(const Caller& caller, double bytes, Time now) {
  if (!CountsBytes(caller)) return std::chrono::milliseconds(0);
  std::lock_guard lock(mutex_);
  Filled filled = Fill(caller, now);
  filled.bytes.level -= bytes;
  filled.Keep(now);
  const double seconds = std::min(filled.bytes.seconds_to_wait(), kYearSeconds);
  return std::chrono::milliseconds(static_cast<int64_t>(std::ceil(std::max(0.0, seconds) * 1'000)));
}

bool RateLimiter::CountsBytes(const Caller& caller) const {
  return caller.limits.bytes_per_second.value_or(options_.bytes_per_second) > 0;
}

size_t RateLimiter::remembered() const {
  std::lock_guard lock(mutex_);
  return buckets_.size();
}

absl::Status RateLimitError(const RateLimiter::Verdict& verdict) {
  return WithRetryAfter(
      absl::ResourceExhaustedError(absl::StrCat("the token is beyond its rate limit; try again in ",
                                                verdict.retry_after_seconds, " s")),
      verdict.retry_after_seconds);
}

}  // namespace clv::rpc
