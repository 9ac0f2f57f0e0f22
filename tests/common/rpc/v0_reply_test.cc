#include "common/rpc/v0_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clv::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(V0ReplyTest, MapsCodesToHttp) {
  EXPECT_EQ(HttpStatusOf(absl::InvalidArgumentError("")), 400);
  EXPECT_EQ(HttpStatusOf(absl::UnauthenticatedError("")), 403);
  EXPECT_EQ(HttpStatusOf(absl::PermissionDeniedError("")), 403);
  EXPECT_EQ(HttpStatusOf(absl::NotFoundError("")), 404);
  EXPECT_EQ(HttpStatusOf(absl::DeadlineExceededError("")), 408);
  EXPECT_EQ(HttpStatusOf(absl::ResourceExhaustedError("")), 429);
  EXPECT_EQ(HttpStatusOf(absl::UnavailableError("")), 503);
  EXPECT_EQ(HttpStatusOf(absl::InternalError("")), 500);
}

TEST(V0ReplyTest, WritesErrorBodies) {
  const V0Reply reply = V0ErrorReply(absl::NotFoundError("The pipe 'x' does not exist"));
  EXPECT_EQ(reply.http_status, 404);
  EXPECT_EQ(reply.content_type, "application/json; charset=UTF-8");
  EXPECT_EQ(reply.body, R"({"error": "The pipe 'x' does not exist", "documentation": "/#pipes"})");
}

TEST(V0ReplyTest, KeepsAnExplicitStatus) {
  const V0Reply reply =
      V0ErrorReply(V0Error(absl::StatusCode::kInvalidArgument, 413, "too large", "events"));
  EXPECT_EQ(reply.http_status, 413);
  EXPECT_EQ(reply.body, R"({"error": "too large", "documentation": "/#events"})");
}

TEST(V0ReplyTest, TellsWhenToRetry) {
  EXPECT_THAT(V0ErrorReply(absl::ResourceExhaustedError("full")).headers,
              ElementsAre(Pair("retry-after", "1")));
}

TEST(V0ReplyTest, TellsHowLongToWait) {
  const absl::Status status = WithRetryAfter(absl::ResourceExhaustedError("slow down"), 12);
  EXPECT_EQ(RetryAfterOf(status), "12");
  EXPECT_EQ(RetryAfterOf(absl::ResourceExhaustedError("slow down")), "");
  const V0Reply reply = V0ErrorReply(status);
  ASSERT_EQ(reply.headers.size(), 1u);
  EXPECT_EQ(reply.headers[0].second, "12");
}

}  // namespace
}  // namespace clv::rpc
