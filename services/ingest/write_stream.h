// services/ingest/write_stream.h: one client-streaming write.
#ifndef CLV_SERVICES_INGEST_WRITE_STREAM_H_
#define CLV_SERVICES_INGEST_WRITE_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/dispatcher.h"
#include "services/ingest/idle_watch.h"
#include "services/ingest/typed_batch.h"
#include "services/ingest/write_path.h"

namespace clv::ingest {

// Reads one batch, makes it durable, reads the next: so a client is never further ahead than one
// batch, and gRPC's flow control slows it down. Deletes itself.
template <typename Request, typename Response>
class WriteStream final : public grpc::ServerReadReactor<Request> {
 public:
  struct Options {
    grpc::CallbackServerContext* context = nullptr;
    Response* response = nullptr;
    const rpc::Dispatcher* dispatcher = nullptr;  // must outlive the stream, as the two below
    const WritePath* path = nullptr;
    IdleWatch* idle = nullptr;
  };

  // Begins to read when `call` was admitted, else ends the stream with its status.
  WriteStream(Options options, absl::StatusOr<std::shared_ptr<rpc::CallContext>> call)
      : options_(options) {
    if (!call.ok()) {
      this->Finish(rpc::Dispatcher::Conclude(nullptr, call.status()));
      return;
    }
    call_ = *std::move(call);
    ReadNext();
  }

  void OnReadDone(bool ok) override {
    options_.idle->Stop(timer_);
    if (fell_silent_) {
      End(absl::DeadlineExceededError("no batch came for too long"));
    } else if (!ok) {
      EndAfterLastBatch();
    } else if (!options_.dispatcher->workers().TrySubmit([this] { WriteBatch(); })) {
      End(absl::ResourceExhaustedError("too many calls are waiting; try again later"));
    }
  }

  void OnDone() override { delete this; }

 private:
  // Batches up to which a stream is told of its duplicates: asking must not hold up other calls.
  static constexpr size_t kMostCounted = 1'000;

  void ReadNext() {
    // The read may end the stream before the next line could store the timer: so it is set first.
    timer_ = options_.idle->Start([this] {
      fell_silent_ = true;
      options_.context->TryCancel();
    });
    this->StartRead(&request_);
  }

  void WriteBatch() {
    if (absl::Status charged = options_.dispatcher->ChargeMessage(
            call_.get(), [this] { return request_.ByteSizeLong(); });
        !charged.ok()) {
      End(charged);
      return;
    }
    const uint64_t first_row = total_.successful_rows() + total_.quarantined_rows();
    wait_ = wait_ || request_.wait();
    absl::StatusOr<PreparedWrite> write =
        ReadTypedBatch(request_, options_.path->Receive(first_row, wait_));
    if (!write.ok()) {
      End(write.status());
      return;
    }
    request_.Clear();
    options_.path->Write(*std::move(write),
                         [this](const absl::StatusOr<WritePath::Durable>& durable) {
                           if (!durable.ok()) {
                             End(durable.status());
                             return;
                           }
                           Add(durable->result);
                           if (writes_.size() <= kMostCounted) writes_.push_back(durable->written);
                           ReadNext();
                         });
  }

  void Add(const v1::WriteResult& result) {
    total_.set_successful_rows(total_.successful_rows() + result.successful_rows());
    total_.set_quarantined_rows(total_.quarantined_rows() + result.quarantined_rows());
    total_.set_log_position(std::max(total_.log_position(), result.log_position()));
    for (const v1::RowError& error : result.errors()) {
      if (static_cast<size_t>(total_.errors().size()) < kMaxListedRefusals)
        *total_.add_errors() = error;
    }
  }

  void EndAfterLastBatch() {
    if (!wait_) {
      Answer();
      return;
    }
    options_.path->WaitUntilVisible(total_.log_position(), call_->deadline(), [this](bool visible) {
      total_.set_visible(visible);
      if (visible && writes_.size() <= kMostCounted) {
        const std::optional<uint64_t> duplicates = options_.path->DuplicatesOf(writes_);
        if (duplicates) total_.set_duplicate_rows(*duplicates);
      }
      Answer();
    });
  }

  void Answer() {
    *options_.response->mutable_result() = std::move(total_);
    End(absl::OkStatus());
  }

  // The stream is gone afterwards.
  void End(const absl::Status& status) {
    this->Finish(rpc::Dispatcher::Conclude(call_.get(), status));
  }

  const Options options_;
  std::shared_ptr<rpc::CallContext> call_;
  Request request_;
  v1::WriteResult total_;
  std::vector<Written> writes_;  // at most one more than are counted
  bool wait_ = false;
  std::atomic<bool> fell_silent_ = false;
  IdleWatch::Timer timer_ = 0;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_WRITE_STREAM_H_
