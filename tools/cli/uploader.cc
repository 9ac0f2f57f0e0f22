#include "tools/cli/uploader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/cli/server_json.h"

namespace clv::cli {

absl::StatusOr<UploadAnswer> SendUpload(
    HttpClient& client, const Upload& upload, bool wait, const RetryOptions& retry,
    const std::function<bool(std::chrono::milliseconds)>& sleep) {
  constexpr int kOk = 200;
  const HttpRequest request{
      .method = "POST",
      .target = absl::StrCat("/v0/events?name=", std::string(upload.data_source),
                             wait ? "&wait=true" : "&wait=false"),
      .content_type = "application/x-ndjson",
      .body = upload.batch.body};
  CLV_ASSIGN_OR_RETURN(
      const HttpResponse response,
      SendWithRetry([&client, &request] { return client.Send(request); }, retry, sleep));
  CLV_RETURN_IF_ERROR(StatusOfResponse(response));
  CLV_ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(response.body));
  const ProtoJson answer = document.root();
  if (!answer.Field("successful_rows").present()) {
    return absl::UnknownError(
        "the server's answer counts no rows; is the URL that of a CLV suite?");
  }
  return UploadAnswer{
      .counts = {.accepted = static_cast<int64_t>(answer.Unsigned("successful_rows")),
                 .quarantined = static_cast<int64_t>(answer.Unsigned("quarantined_rows"))},
      .visible = response.status == kOk};
}

Uploader::Uploader(const Server& server, const Options& options) : options_(options) {
  for (int i = 0; i < options_.connections; ++i) {
    threads_.emplace_back([this, server] { Work(server); });
  }
}

Uploader::~Uploader() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

bool Uploader::Offer(Upload& upload, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  const bool has_room = changed_.wait_for(lock, patience, [this] {
    return stopped_ || waiting_.size() < static_cast<size_t>(options_.connections);
  });
  if (!has_room || stopped_) {
    return false;
  }
  waiting_.push_back(std::move(upload));
  lock.unlock();
  changed_.notify_all();
  return true;
}

bool Uploader::WaitUntilIdle(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience,
                           [this] { return stopped_ || (waiting_.empty() && in_flight_ == 0); });
}

absl::Status Uploader::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

std::map<std::string_view, UploadCounts> Uploader::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

bool Uploader::Sleep(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, duration, [this] { return stopped_; });
}

void Uploader::Work(Server server) {
  HttpClient client(std::move(server));
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
    if (stopped_) {
      return;
    }
    const Upload upload = std::move(waiting_.front());
    waiting_.pop_front();
    ++in_flight_;
    lock.unlock();
    const absl::StatusOr<UploadAnswer> answer =
        SendUpload(client, upload, /*wait=*/false, options_.retry,
                   [this](std::chrono::milliseconds duration) { return Sleep(duration); });
    lock.lock();
    --in_flight_;
    if (answer.ok()) {
      UploadCounts& counts = counts_[upload.data_source];
      counts.accepted += answer->counts.accepted;
      counts.quarantined += answer->counts.quarantined;
    } else if (status_.ok()) {
      status_ = answer.status();
      stopped_ = true;
    }
    changed_.notify_all();
  }
}

}  // namespace clv::cli
