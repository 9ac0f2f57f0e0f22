// tools/cli/retry.h: sending a request again until a busy or restarting server takes it.
#ifndef CLV_TOOLS_CLI_RETRY_H_
#define CLV_TOOLS_CLI_RETRY_H_

#include <chrono>
#include <functional>

#include "absl/status/statusor.h"
#include "tools/cli/http_client.h"

namespace clv::cli {

struct RetryOptions {
  std::chrono::milliseconds first_delay{
      100};  // doubled after each attempt, where the server names none
  std::chrono::milliseconds longest_delay{5000};
  std::chrono::milliseconds give_up_after{120'000};  // counted from the first failure
};

// Sends by `send` until the answer is neither 429, 502, 503 nor 504 and the connection held, and
// returns it; only for requests whose repetition is harmless. Waits as long as Retry-After says,
// else by the options' doubling delays, through `sleep`. After `give_up_after` of waiting, or when
// `sleep` returns false (cancelled), returns the last answer or error. Thread-safe as far as its
// arguments are.
absl::StatusOr<HttpResponse> SendWithRetry(
    const std::function<absl::StatusOr<HttpResponse>()>& send, const RetryOptions& options,
    const std::function<bool(std::chrono::milliseconds)>& sleep);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_RETRY_H_
