// tools/cli/uploader.h: sends batches of rows over several connections at once.
#ifndef CLV_TOOLS_CLI_UPLOADER_H_
#define CLV_TOOLS_CLI_UPLOADER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/cli/batch_reader.h"
#include "tools/cli/http_client.h"
#include "tools/cli/retry.h"

namespace clv::cli {

// One request to POST /v0/events.
struct Upload {
  std::string_view data_source;  // of DataSources()
  Batch batch;
};

// What the server said about rows that it has made durable.
struct UploadCounts {
  int64_t accepted = 0;
  int64_t quarantined = 0;
  int64_t rows() const { return accepted + quarantined; }
};

struct UploadAnswer {
  UploadCounts counts;
  bool visible = false;  // HTTP 200: in every answer from now on
};

// Sends one batch, with `wait` so that the server answers when the rows are visible. Retries as
// SendWithRetry. Errors are the connection's, or UNKNOWN with the server's message.
absl::StatusOr<UploadAnswer> SendUpload(
    HttpClient& client, const Upload& upload, bool wait, const RetryOptions& retry,
    const std::function<bool(std::chrono::milliseconds)>& sleep);

// A bounded queue of batches and the threads that send them. The order of batches on different
// connections is not kept. Offer, WaitUntilIdle and the getters are for one thread; they never
// block longer than they are told.
class Uploader {
 public:
  struct Options {
    int connections = 4;  // >= 1; each has one batch in flight and one waiting
    RetryOptions retry;
  };
  Uploader(const Server& server, const Options& options);
  // Drops what is waiting and waits for what is in flight.
  ~Uploader();
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  // Takes the batch and returns true, or returns false when there was no room within `patience`, or
  // after an error.
  bool Offer(Upload& upload, std::chrono::milliseconds patience);

  // True when every batch is answered, or after an error.
  bool WaitUntilIdle(std::chrono::milliseconds patience);

  // The first error; nothing is sent after it.
  absl::Status status() const;

  // Acknowledged rows so far, by data source.
  std::map<std::string_view, UploadCounts> counts() const;

 private:
  void Work(Server server);
  // Waits; false when the uploader was stopped meanwhile.
  bool Sleep(std::chrono::milliseconds duration);

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Upload> waiting_;
  int in_flight_ = 0;
  bool stopped_ = false;
  absl::Status status_;
  std::map<std::string_view, UploadCounts> counts_;
  std::vector<std::thread> threads_;
};

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_UPLOADER_H_
