// tests/drills/stubborn_client.h: a client that sends its requests in turn, each until it is
// acknowledged, and keeps book of what the log must hold.
#ifndef CLV_TESTS_DRILLS_STUBBORN_CLIENT_H_
#define CLV_TESTS_DRILLS_STUBBORN_CLIENT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/storage.h"
#include "tests/drills/requests.h"

namespace clv::drills {

// Sends one request; the position of its record.
using SendRequest = std::function<absl::StatusOr<storage::LogPosition>(const Request&)>;

// Thread-compatible.
class StubbornClient {
 public:
  // `failed` is told of every failed try.
  explicit StubbornClient(std::function<void()> failed) : failed_(std::move(failed)) {}

  // Sends the request again and again until it is acknowledged. An error means unknown: the tries
  // before may be in the log as well, whole, and nothing else.
  void Send(const Request& request, const SendRequest& send);

  const std::vector<const Request*>& in_log_order() const { return in_log_order_; }
  storage::LogPosition acknowledged() const { return in_log_order_.size(); }
  int failures() const { return failures_; }
  // Tries that failed and are in the log.
  int landed_failures() const { return landed_failures_; }
  // What was wrong with a position; empty when nothing was.
  const std::string& breach() const { return breach_; }

 private:
  const std::function<void()> failed_;
  std::vector<const Request*> in_log_order_;
  int failures_ = 0;
  int landed_failures_ = 0;
  std::string breach_;
};

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_STUBBORN_CLIENT_H_
