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

uint64_t SecondsUp(double seconds) {
  constexpr double kYear = 365.0 * 86'400;
  return static_cast<uint64_t>(std::ceil(std::clamp(seconds - kTolerance, 0.0, kYear)));
}

// One of the two buckets for one request.
struct Bucket {
  double rate = 0;  // 0: no limit
  double capacity = 0;
  double level = 0;
  double cost = 0;

  double needed() const { return std::min(cost, capacity); }
  bool admits() const { return rate <= 0 || level + kTolerance * capacity >= needed(); }
  double seconds_to_wait() const { return rate <= 0 ? 0 : (needed() - level) / rate; }
  double seconds_to_full() const { return rate <= 0 ? 0 : (capacity - level) / rate; }
};

void Describe(const Bucket& bucket, RateLimiter::Verdict* verdict) {
  verdict->limit = static_cast<uint64_t>(bucket.capacity);
  verdict->remaining = static_cast<uint64_t>(std::max(0.0, bucket.level + kTolerance));
  verdict->reset_seconds = SecondsUp(bucket.seconds_to_full());
}

}  // namespace

RateLimiter::Buckets& RateLimiter::Find(const std::string& key, double request_capacity,
                                        double byte_capacity, Time now) {
  if (buckets_.size() >= sweep_at_) {
    std::erase_if(buckets_, [&](const auto& entry) { return entry.second.full_at <= now; });
    sweep_at_ = std::max<size_t>(1024, 2 * buckets_.size());
  }
  const auto [place, is_new] = buckets_.try_emplace(key);
  if (is_new) place->second = {request_capacity, byte_capacity, now, now};
  return place->second;
}

RateLimiter::Verdict RateLimiter::Take(const Caller& caller, const Cost& cost, Time now) {
  const double request_rate =
      caller.limits.requests_per_second.value_or(options_.requests_per_second);
  const double byte_rate = caller.limits.bytes_per_second.value_or(options_.bytes_per_second);
  Verdict verdict;
  if (request_rate <= 0 && byte_rate <= 0) return verdict;

  Bucket requests{
      .rate = request_rate, .capacity = CapacityOfRequests(request_rate), .cost = cost.requests};
  Bucket bytes{.rate = byte_rate, .capacity = std::max(0.0, byte_rate), .cost = cost.bytes};
  std::lock_guard lock(mutex_);
  Buckets& kept = Find(KeyOf(caller), requests.capacity, bytes.capacity, now);
  const double elapsed = std::max(0.0, std::chrono::duration<double>(now - kept.filled_at).count());
  requests.level = std::min(requests.capacity, kept.requests + elapsed * request_rate);
  bytes.level = std::min(bytes.capacity, kept.bytes + elapsed * byte_rate);

  verdict.is_limited = true;
  verdict.is_admitted = requests.admits() && bytes.admits();
  if (verdict.is_admitted) {
    if (request_rate > 0) requests.level -= cost.requests;
    if (byte_rate > 0) bytes.level -= cost.bytes;
  } else {
    verdict.retry_after_seconds = std::max<uint64_t>(
        1, SecondsUp(std::max(requests.seconds_to_wait(), bytes.seconds_to_wait())));
  }
  Describe(request_rate <= 0 || (!verdict.is_admitted && !bytes.admits()) ? bytes : requests,
           &verdict);
  const double full = std::max(requests.seconds_to_full(), bytes.seconds_to_full());
  kept = {requests.level, bytes.level, std::max(now, kept.filled_at),
          now + std::chrono::seconds(SecondsUp(full) + 1)};
  return verdict;
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
