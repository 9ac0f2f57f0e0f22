#include "tests/services/gateway/download_echoes.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace clv::gateway::testing {

std::string PieceOfDownload(const std::string& name, uint32_t i, uint32_t piece_bytes) {
  std::string piece = absl::StrCat(name, i, ";");
  while (piece.size() < piece_bytes) piece += static_cast<char>(piece.size() * 31 + i);
  return piece;
}

class DownloadEchoes::Call final : public grpc::ServerWriteReactor<google::api::HttpBody> {
 public:
  Call(DownloadEchoes& service, grpc::CallbackServerContext& context,
       const DownloadRequest& request)
      : service_(service), request_(request) {
    const auto mode = context.client_metadata().find("x-mode");
    if (mode != context.client_metadata().end())
      mode_ = std::string(mode->second.data(), mode->second.size());
    context.AddInitialMetadata("x-name", request.name());
    if (mode_ == "refuse") {
      End(grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not you"));
    } else {
      Next();
    }
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return End(grpc::Status::CANCELLED);
    service_.Change([](Seen& seen) { ++seen.pieces; });
    Next();
  }

  void OnCancel() override {
    service_.Change([](Seen& seen) { ++seen.cancelled; });
    is_cancelled_ = true;
    EndIfWaiting();
  }

  void OnDone() override { delete this; }

 private:
  void Next() {
    piece_.clear_content_type();
    if (mode_ == "gaps" && !std::exchange(gap_, !gap_)) {
      piece_.clear_data();
      return StartWrite(&piece_);
    }
    if (sent_ == request_.pieces()) {
      if (mode_ == "hang") {
        waits_ = true;
        // It may have been cancelled before it waited.
        if (is_cancelled_) EndIfWaiting();
        return;
      }
      return End(mode_ == "break" ? grpc::Status(grpc::StatusCode::DATA_LOSS, "torn")
                                  : grpc::Status::OK);
    }
    if (sent_ == 0) piece_.set_content_type("text/x-download");
    piece_.set_data(PieceOfDownload(request_.name(), sent_++, request_.piece_bytes()));
    StartWrite(&piece_);
  }

  void EndIfWaiting() {
    if (waits_.exchange(false)) End(grpc::Status::CANCELLED);
  }

  void End(const grpc::Status& status) {
    service_.Change([](Seen& seen) { ++seen.ended; });
    Finish(status);
  }

  DownloadEchoes& service_;
  const DownloadRequest request_;
  std::string mode_;
  google::api::HttpBody piece_;
  uint32_t sent_ = 0;
  bool gap_ = true;  // the next piece is not empty
  std::atomic<bool> waits_ = false;
  std::atomic<bool> is_cancelled_ = false;
};

DownloadEchoes::Seen DownloadEchoes::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

bool DownloadEchoes::WaitUntil(const std::function<bool(const Seen&)>& holds) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return holds(seen_); });
}

void DownloadEchoes::Change(const std::function<void(Seen&)>& change) {
  const std::lock_guard lock(mutex_);
  change(seen_);
  changed_.notify_all();
}

grpc::ServerWriteReactor<google::api::HttpBody>* DownloadEchoes::Download(
    grpc::CallbackServerContext* context, const DownloadRequest* request) {
  return new Call(*this, *context, *request);
}

}  // namespace clv::gateway::testing
