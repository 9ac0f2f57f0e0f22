#include "common/rpc/rate_limiter.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "common/rpc/v0_reply.h"

namespace clv::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Caller Token(const std::string& name, storage::TokenLimits limits = {}) {
  return {.name = name, .limits = limits};
}

Caller Jwt(const std::string& name, std::optional<double> rps) {
  return {.name = name, .kind = CallerKind::kJwt, .limits = {.requests_per_second = rps}};
}

class RateLimiterTest : public ::testing::Test {
 protected:
  // How many of `wanted` requests at `now_` are admitted.
  int Admitted(RateLimiter& limiter, const Caller& caller, int wanted) {
    int admitted = 0;
    for (int i = 0; i < wanted; ++i) admitted += limiter.Take(caller, {}, now_).is_admitted ? 1 : 0;
    return admitted;
  }

  RateLimiter::Time now_ = RateLimiter::Time(std::chrono::hours(1));
};

TEST_F(RateLimiterTest, WithoutLimitsEverythingPassesUncounted) {
  RateLimiter limiter({});
  const RateLimiter::Verdict verdict = limiter.Take(Token("t"), {.bytes = 1e9}, now_);
  EXPECT_TRUE(verdict.is_admitted);
  EXPECT_FALSE(verdict.is_limited);
}

TEST_F(RateLimiterTest, AdmitsOneSecondsWorthAtOnceThenTheRate) {
  RateLimiter limiter({.requests_per_second = 10});
  EXPECT_EQ(Admitted(limiter, Token("t"), 100), 10);
  now_ += milliseconds(100);
  EXPECT_EQ(Admitted(limiter, Token("t"), 100), 1);
  now_ += milliseconds(250);
  EXPECT_EQ(Admitted(limiter, Token("t"), 100), 2);
  now_ += seconds(60);
  EXPECT_EQ(Admitted(limiter, Token("t"), 100), 10);
}

TEST_F(RateLimiterTest, ALongRunKeepsTheRate) {
  RateLimiter limiter({.requests_per_second = 7});
  int admitted = 0;
  for (int i = 0; i < 10'000; ++i, now_ += milliseconds(10)) {
    admitted += Admitted(limiter, Token("t"), 3);
  }
  EXPECT_NEAR(admitted, 7 * 100 + 7, 1);
}

TEST_F(RateLimiterTest, LessThanOneRequestASecondIsPossible) {
  RateLimiter limiter({.requests_per_second = 0.2});
  EXPECT_EQ(Admitted(limiter, Token("t"), 5), 1);
  const RateLimiter::Verdict refused = limiter.Take(Token("t"), {}, now_);
  EXPECT_EQ(refused.retry_after_seconds, 5u);
  now_ += seconds(5);
  EXPECT_EQ(Admitted(limiter, Token("t"), 5), 1);
}

TEST_F(RateLimiterTest, TellsWhatIsLeft) {
  RateLimiter limiter({.requests_per_second = 3});
  const RateLimiter::Verdict first = limiter.Take(Token("t"), {}, now_);
  EXPECT_TRUE(first.is_limited);
  EXPECT_EQ(first.limit, 3u);
  EXPECT_EQ(first.remaining, 2u);
  EXPECT_EQ(first.reset_seconds, 1u);
  EXPECT_EQ(first.retry_after_seconds, 0u);
  Admitted(limiter, Token("t"), 2);
  const RateLimiter::Verdict refused = limiter.Take(Token("t"), {}, now_);
  EXPECT_FALSE(refused.is_admitted);
  EXPECT_EQ(refused.remaining, 0u);
  EXPECT_EQ(refused.reset_seconds, 1u);
  EXPECT_EQ(refused.retry_after_seconds, 1u);
}

TEST_F(RateLimiterTest, WhoWaitsAsToldIsAdmitted) {
  RateLimiter limiter({.requests_per_second = 0.3, .bytes_per_second = 1000});
  for (int i = 0; i < 200; ++i) {
    const RateLimiter::Verdict verdict = limiter.Take(Token("t"), {.bytes = 900}, now_);
    if (verdict.is_admitted) continue;
    now_ += seconds(verdict.retry_after_seconds);
    EXPECT_TRUE(limiter.Take(Token("t"), {.bytes = 900}, now_).is_admitted);
  }
}

TEST_F(RateLimiterTest, ARefusedRequestTakesNothing) {
  RateLimiter limiter({.requests_per_second = 1});
  EXPECT_EQ(Admitted(limiter, Token("t"), 1'000), 1);
  now_ += seconds(1);
  EXPECT_EQ(Admitted(limiter, Token("t"), 1'000), 1);
}

TEST_F(RateLimiterTest, CountsBytes) {
  RateLimiter limiter({.bytes_per_second = 1000});
  EXPECT_TRUE(limiter.Take(Token("t"), {.bytes = 600}, now_).is_admitted);
  const RateLimiter::Verdict refused = limiter.Take(Token("t"), {.bytes = 600}, now_);
  EXPECT_FALSE(refused.is_admitted);
  EXPECT_EQ(refused.limit, 1000u);
  EXPECT_EQ(refused.remaining, 400u);
  now_ += milliseconds(200);
  EXPECT_TRUE(limiter.Take(Token("t"), {.bytes = 600}, now_).is_admitted);
}

TEST_F(RateLimiterTest, ARequestLargerThanTheBucketLeavesADebt) {
  RateLimiter limiter({.bytes_per_second = 1000});
  EXPECT_TRUE(limiter.Take(Token("t"), {.bytes = 5000}, now_).is_admitted);
  const RateLimiter::Verdict refused = limiter.Take(Token("t"), {.bytes = 1}, now_);
  EXPECT_FALSE(refused.is_admitted);
  EXPECT_EQ(refused.remaining, 0u);
  EXPECT_EQ(refused.retry_after_seconds, 5u);
  now_ += milliseconds(4'100);
  EXPECT_TRUE(limiter.Take(Token("t"), {.bytes = 1}, now_).is_admitted);
}

TEST_F(RateLimiterTest, ARefusalForBytesTakesNoRequest) {
  RateLimiter limiter({.requests_per_second = 2, .bytes_per_second = 100});
  ASSERT_TRUE(limiter.Take(Token("t"), {.bytes = 100}, now_).is_admitted);
  for (int i = 0; i < 5; ++i) {
    const RateLimiter::Verdict refused = limiter.Take(Token("t"), {.bytes = 100}, now_);
    EXPECT_FALSE(refused.is_admitted);
    EXPECT_EQ(refused.limit, 100u) << "the limit that refused is told";
  }
  EXPECT_TRUE(limiter.Take(Token("t"), {.bytes = 0}, now_).is_admitted);
}

TEST_F(RateLimiterTest, PiecesOfAFileAreNeverRefusedButHeldBack) {
  RateLimiter limiter({.bytes_per_second = 100});
  EXPECT_EQ(limiter.Pace(Token("t"), 60, now_), milliseconds(0));
  EXPECT_EQ(limiter.Pace(Token("t"), 60, now_), milliseconds(200));
  now_ += milliseconds(200);
  EXPECT_EQ(limiter.Pace(Token("t"), 1'000, now_), seconds(10));
  now_ += seconds(10);
  // The debt is paid, and other requests wait for what they need.
  EXPECT_FALSE(limiter.Take(Token("t"), {.bytes = 10}, now_).is_admitted);
  now_ += milliseconds(100);
  EXPECT_TRUE(limiter.Take(Token("t"), {.bytes = 10}, now_).is_admitted);
  RateLimiter unlimited({.requests_per_second = 1});
  EXPECT_EQ(unlimited.Pace(Token("t"), 1e12, now_), milliseconds(0));
  RateLimiter slow({.bytes_per_second = 1e-9});
  EXPECT_EQ(slow.Pace(Token("t"), 1e12, now_), std::chrono::hours(365 * 24));
}

TEST_F(RateLimiterTest, TokensAreCountedApart) {
  RateLimiter limiter({.requests_per_second = 1});
  EXPECT_EQ(Admitted(limiter, Token("a"), 3), 1);
  EXPECT_EQ(Admitted(limiter, Token("b"), 3), 1);
}

TEST_F(RateLimiterTest, JwtsAreCountedByNameApartFromTokens) {
  RateLimiter limiter({});
  EXPECT_EQ(Admitted(limiter, Jwt("user", 3), 2), 2);
  // Another JWT with the same name.
  EXPECT_EQ(Admitted(limiter, Jwt("user", 3), 5), 1);
  EXPECT_EQ(Admitted(limiter, Jwt("other", 3), 5), 3);
  EXPECT_EQ(Admitted(limiter, Token("user", {.requests_per_second = 4}), 9), 4);
}

TEST_F(RateLimiterTest, AJwtWithoutRateHasThatOfTheInstallation) {
  RateLimiter limiter({.requests_per_second = 2});
  EXPECT_EQ(Admitted(limiter, Jwt("a", std::nullopt), 9), 2);
  EXPECT_EQ(Admitted(limiter, Jwt("b", 0), 9), 9);
  RateLimiter unlimited({});
  EXPECT_EQ(Admitted(unlimited, Jwt("a", std::nullopt), 9), 9);
}

TEST_F(RateLimiterTest, OwnLimitsWin) {
  RateLimiter limiter({.requests_per_second = 2});
  EXPECT_EQ(Admitted(limiter, Token("more", {.requests_per_second = 5}), 9), 5);
  EXPECT_EQ(Admitted(limiter, Token("less", {.requests_per_second = 1}), 9), 1);
  EXPECT_EQ(Admitted(limiter, Token("free", {.requests_per_second = 0}), 9), 9);
}

TEST_F(RateLimiterTest, TheAdminTokenIsFreeUnlessTheInstallationIsLimited) {
  const Caller admin{.name = "admin", .scopes = {"ADMIN"}, .kind = CallerKind::kAdmin};
  RateLimiter unlimited({});
  EXPECT_EQ(Admitted(unlimited, admin, 9), 9);
  RateLimiter limited({.requests_per_second = 2});
  EXPECT_EQ(Admitted(limited, admin, 9), 2);
}

TEST_F(RateLimiterTest, AChangedLimitCountsAtOnce) {
  RateLimiter limiter({});
  EXPECT_EQ(Admitted(limiter, Token("t", {.requests_per_second = 100}), 10), 10);
  EXPECT_EQ(Admitted(limiter, Token("t", {.requests_per_second = 2}), 10), 2);
}

TEST_F(RateLimiterTest, ManyNamesAreForgottenOnceTheyAreFullAgain) {
  RateLimiter limiter({.requests_per_second = 1});
  for (int i = 0; i < 100'000; ++i, now_ += milliseconds(1)) {
    EXPECT_TRUE(limiter.Take(Jwt(std::to_string(i), std::nullopt), {}, now_).is_admitted);
  }
  EXPECT_LT(limiter.remembered(), 20'000u);
  // Those that are not full are remembered.
  EXPECT_FALSE(limiter.Take(Jwt("99999", std::nullopt), {}, now_).is_admitted);
}

TEST_F(RateLimiterTest, TimeThatGoesBackwardsGivesNothing) {
  RateLimiter limiter({.requests_per_second = 2});
  EXPECT_EQ(Admitted(limiter, Token("t"), 9), 2);
  now_ -= seconds(10);
  EXPECT_EQ(Admitted(limiter, Token("t"), 9), 0);
  now_ += seconds(10);
  EXPECT_EQ(Admitted(limiter, Token("t"), 9), 0);
}

TEST(RateLimitErrorTest, SaysHowLongToWait) {
  const absl::Status status = RateLimitError({.is_admitted = false, .retry_after_seconds = 7});
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryAfterOf(status), "7");
  const V0Reply reply = V0ErrorReply(status);
  EXPECT_EQ(reply.http_status, 429);
  ASSERT_EQ(reply.headers.size(), 1u);
  EXPECT_EQ(reply.headers[0], std::make_pair(std::string("retry-after"), std::string("7")));
}

}  // namespace
}  // namespace clv::rpc
