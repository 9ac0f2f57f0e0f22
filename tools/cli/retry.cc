#include "tools/cli/retry.h"

#include <algorithm>

#include "absl/status/status.h"

namespace clv::cli {
namespace {

bool MayRetry(const absl::StatusOr<HttpResponse>& answer) {
  if (!answer.ok()) {
    return absl::IsUnavailable(answer.status()) || absl::IsDeadlineExceeded(answer.status());
  }
  const int status = answer->status;
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

absl::StatusOr<HttpResponse> SendWithRetry(
    const std::function<absl::StatusOr<HttpResponse>()>& send, const RetryOptions& options,
    const std::function<bool(std::chrono::milliseconds)>& sleep) {
  std::chrono::milliseconds waited{0};
  std::chrono::milliseconds delay = options.first_delay;
  while (true) {
    absl::StatusOr<HttpResponse> answer = send();
    if (!MayRetry(answer) || waited >= options.give_up_after) {
      return answer;
    }
    std::chrono::milliseconds pause = delay;
    if (answer.ok() && answer->retry_after.has_value()) {
      pause = *answer->retry_after;
    }
    // Also a server that says "retry after 0" must not be asked in a tight loop.
    pause = std::clamp(pause, std::chrono::milliseconds(10),
                       std::max(options.give_up_after - waited, std::chrono::milliseconds(10)));
    if (!sleep(pause)) {
      return answer;
    }
    waited += pause;
    delay = std::min(delay * 2, options.longest_delay);
  }
}

}  // namespace clv::cli
