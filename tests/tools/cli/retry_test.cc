#include "tools/cli/retry.h"

#include <deque>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace clv::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RetryTest : public testing::Test {
 protected:
  absl::StatusOr<HttpResponse> Run(std::deque<absl::StatusOr<HttpResponse>> answers) {
    return SendWithRetry(
        [&answers] {
          absl::StatusOr<HttpResponse> answer = answers.front();
          if (answers.size() > 1) {
            answers.pop_front();
          }
          return answer;
        },
        {.first_delay = milliseconds(100),
         .longest_delay = milliseconds(400),
         .give_up_after = seconds(10)},
        [this](milliseconds duration) {
          slept_.push_back(duration);
          return slept_.size() < cancel_after_;
        });
  }

  std::vector<milliseconds> slept_;
  size_t cancel_after_ = 1000;
};

HttpResponse Answer(int status) { return {.status = status, .body = "", .retry_after = {}}; }

TEST_F(RetryTest, ReturnsAGoodAnswerAtOnce) {
  EXPECT_EQ(Run({Answer(202)})->status, 202);
  EXPECT_TRUE(slept_.empty());
}

TEST_F(RetryTest, DoesNotRepeatWhatTheServerRefuses) {
  for (const int status : {400, 403, 404, 413, 500}) {
    EXPECT_EQ(Run({Answer(status), Answer(200)})->status, status);
  }
  EXPECT_TRUE(slept_.empty());
}

TEST_F(RetryTest, DoublesItsDelaysUpToTheLongest) {
  EXPECT_EQ(
      Run({Answer(503), Answer(429), Answer(502), Answer(504), Answer(503), Answer(200)})->status,
      200);
  EXPECT_EQ(slept_,
            (std::vector<milliseconds>{milliseconds(100), milliseconds(200), milliseconds(400),
                                       milliseconds(400), milliseconds(400)}));
}

TEST_F(RetryTest, WaitsAsLongAsTheServerSays) {
  HttpResponse busy = Answer(429);
  busy.retry_after = seconds(3);
  EXPECT_EQ(Run({busy, Answer(200)})->status, 200);
  EXPECT_EQ(slept_, std::vector<milliseconds>{seconds(3)});
}

TEST_F(RetryTest, RepeatsAfterALostConnection) {
  EXPECT_EQ(Run({absl::UnavailableError("reset"), absl::DeadlineExceededError("slow"), Answer(202)})
                ->status,
            202);
  EXPECT_EQ(slept_.size(), 2u);
}

TEST_F(RetryTest, GivesUpAfterItsTime) {
  EXPECT_EQ(Run({Answer(503)})->status, 503);
  milliseconds total{0};
  for (const milliseconds duration : slept_) {
    total += duration;
  }
  EXPECT_EQ(total, seconds(10));
}

TEST_F(RetryTest, EndsWhenCancelled) {
  cancel_after_ = 3;
  EXPECT_EQ(Run({absl::UnavailableError("reset")}).status(), absl::UnavailableError("reset"));
  EXPECT_EQ(slept_.size(), 3u);
}

}  // namespace
}  // namespace clv::cli
