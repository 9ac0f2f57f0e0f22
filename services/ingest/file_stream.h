// services/ingest/file_stream.h: one call that loads a file.
#ifndef CLV_SERVICES_INGEST_FILE_STREAM_H_
#define CLV_SERVICES_INGEST_FILE_STREAM_H_

#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "clv/v1/data_source_service.pb.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/status_conversion.h"
#include "services/ingest/audit.h"
#include "services/ingest/file_import.h"
#include "services/ingest/file_reply.h"
#include "services/ingest/file_request.h"
#include "services/ingest/idle_watch.h"
#include "services/ingest/write_path.h"

namespace clv::ingest {

// Bytes of a file that one message may hold.
inline constexpr size_t kMaxPieceBytes = 8 << 20;

// Where the streams of one service run. Everything outlives them.
struct FileStreamHost {
  const rpc::Dispatcher* dispatcher = nullptr;
  rpc::WorkerPool* workers = nullptr;  // threads that may block; takes as many jobs as streams run
  const WritePath* path = nullptr;
  FileImport::Options import;
  const Audit* audit = nullptr;
  storage::FoldOutcomes* outcomes = nullptr;  // null: removed rows are not told
  IdleWatch* idle = nullptr;
  std::atomic<int>* running = nullptr;  // streams
  int max_running = 0;
};

// ImportFile of the typed face.
struct ImportFace {
  using Request = v1::ImportFileRequest;
  using Response = v1::ImportFileResponse;

  static absl::StatusOr<FileRequest> Read(const rpc::CallContext& call, const Request& first) {
    return ReadImportRequest(call, first);
  }
  static grpc::Status Answer(rpc::CallContext* call, const FileResult& result,
                             const FileVisibility& visibility, Response* response) {
    *response = ImportReply(result, visibility);
    return rpc::Dispatcher::Conclude(call, absl::OkStatus());
  }
  static grpc::Status Refuse(rpc::CallContext* call, const absl::Status& status, Response*) {
    return rpc::Dispatcher::Conclude(call, status);
  }
};

// POST /v0/datasources.
struct AppendFace {
  using Request = v1::AppendFileRequest;
  using Response = google::api::HttpBody;

  static absl::StatusOr<FileRequest> Read(const rpc::CallContext& call, const Request& first) {
    return ReadAppendRequest(call, first.body().content_type());
  }
  static grpc::Status Answer(rpc::CallContext* call, const FileResult& result,
                             const FileVisibility& visibility, Response* response) {
    return rpc::Dispatcher::AnswerV0(call, AppendReply(result, visibility), response);
  }
  static grpc::Status Refuse(rpc::CallContext* call, const absl::Status& status,
                             Response* response) {
    return rpc::Dispatcher::AnswerV0(call, status, response);
  }
};

// Reads a piece, takes it into the import, reads the next: so a client is never further ahead than
// one piece, and gRPC's flow control slows it down to the pace of the log, or to that of the
// caller's limit on bytes. A call that is cancelled
// is no end of a file: what is not a whole row by then is not written, and nothing is replaced.
// Deletes itself.
template <typename Face>
class FileStream final : public grpc::ServerReadReactor<typename Face::Request> {
 public:
  using Request = typename Face::Request;
  using Response = typename Face::Response;

  // Begins to read when the call was admitted and there is room for one more file, else ends it.
  FileStream(const FileStreamHost& host, grpc::CallbackServerContext* context, Response* response,
             rpc::Dispatcher::StartedCall call)
      : host_(host), context_(context), response_(response), call_(std::move(call.call)) {
    const bool has_room = ++*host_.running <= host_.max_running;
    if (!call.admitted.ok()) {
      End(call.admitted);
    } else if (!has_room) {
      End(absl::ResourceExhaustedError("too many files are being loaded; try again later"));
    } else {
      ReadNext();
    }
  }

  void OnReadDone(bool ok) override {
    host_.idle->Stop(timer_);
    // After a failed read gRPC says truly whether the client has ended its file or the call.
    const bool is_cut = !ok && context_->IsCancelled();
    const bool queued = host_.workers->TrySubmit([this, ok, is_cut] {
      if (ok) {
        TakePiece();
      } else if (fell_silent_) {
        Fail(absl::DeadlineExceededError("no piece of the file came for too long"));
      } else if (is_cut) {
        Fail(absl::CancelledError("the call was cancelled before the end of the file"));
      } else {
        FinishFile();
      }
    });
    // The pool has room for every stream unless it is ending.
    if (!queued) End(absl::UnavailableError("ingest is shutting down; try again"));
  }

  void OnCancel() override { pause_.Cancel(); }

  void OnDone() override { delete this; }

 private:
  void ReadNext() {
    // The read may end the stream before the next line could store the timer: so it is set first.
    timer_ = host_.idle->Start([this] {
      fell_silent_ = true;
      context_->TryCancel();
    });
    this->StartRead(&request_);
  }

  absl::Status Begin() {
    absl::StatusOr<FileRequest> request = Face::Read(*call_, request_);
    if (!request.ok()) return request.status();
    FileImport::Options options = host_.import;
    options.before_replacing = [this, data_source = request->data_source] {
      return host_.audit->Record(*call_, "rows.replace",
                                 std::string(domain::DataSourceName(data_source)));
    };
    auto import = FileImport::Begin(*std::move(request), std::move(options));
    if (!import.ok()) return import.status();
    import_ = *std::move(import);
    return absl::OkStatus();
  }

  void TakePiece() {
    const size_t size = request_.body().data().size();
    absl::Status status =
        size > kMaxPieceBytes
            ? rpc::FieldError("body.data", absl::StrCat("got ", size, " bytes, want at most ",
                                                        kMaxPieceBytes, " in one message"))
            : absl::OkStatus();
    if (status.ok() && import_ == nullptr) status = Begin();
    if (status.ok()) status = import_->Take(request_.body().data());
    if (!status.ok()) {
      Fail(status);
      return;
    }
    const auto pause = host_.dispatcher->PaceBytes(call_.get(), size);
    if (pause.count() == 0) {
      ReadNext();
      return;
    }
    pause_.Set(std::chrono::system_clock::now() + pause, [this](bool /*is_over*/) { ReadNext(); });
    // OnCancel may have come before there was a pause to end.
    if (context_->IsCancelled()) pause_.Cancel();
  }

  void FinishFile() {
    // Without any message there are no parameters: an empty body of /v0 comes like this.
    const absl::Status begun = import_ == nullptr ? Begin() : absl::OkStatus();
    auto result = begun.ok() ? import_->Finish() : absl::StatusOr<FileResult>(begun);
    if (!result.ok()) {
      Fail(result.status());
    } else if (!import_->request().waits) {
      EndWith(Face::Answer(call_.get(), *result, {}, response_));
    } else {
      host_.path->WaitUntilVisible(
          result->position, call_->deadline(),
          [this, result = *std::move(result)](bool visible) { Answer(result, visible); });
    }
  }

  void Answer(const FileResult& result, bool visible) {
    FileVisibility visibility{.visible = visible};
    if (visible && import_->request().replaces && host_.outcomes != nullptr) {
      const auto outcome = host_.outcomes->OutcomeOf(result.position);
      if (outcome.ok() && outcome->has_value()) visibility.removed_rows = (*outcome)->removed_rows;
      host_.import.jobs->Update(result.import_id, [&](v1::Job* job) {
        job->set_removed_rows(visibility.removed_rows.value_or(0));
      });
    }
    EndWith(Face::Answer(call_.get(), result, visibility, response_));
  }

  // The stream is gone afterwards.
  void Fail(absl::Status status) {
    if (import_ != nullptr) {
      import_->Abandon(status);
      status = WithAppended(std::move(status), import_->appended_rows());
    }
    End(status);
  }

  // The status, with the rows that stay in its text.
  static absl::Status WithAppended(absl::Status status, uint64_t rows) {
    if (rows == 0) return status;
    absl::Status told(status.code(),
                      absl::StrCat(std::string(status.message()), "; ", rows,
                                   " rows before that are written, sending all again is harmless"));
    status.ForEachPayload(
        [&](absl::string_view type, const absl::Cord& payload) { told.SetPayload(type, payload); });
    return told;
  }

  // The stream is gone afterwards.
  void End(const absl::Status& status) { EndWith(Face::Refuse(call_.get(), status, response_)); }

  // Makes room for another file before the client can know that this one has ended. The stream is
  // gone afterwards.
  void EndWith(const grpc::Status& status) {
    --*host_.running;
    this->Finish(status);
  }

  const FileStreamHost& host_;
  grpc::CallbackServerContext* const context_;
  Response* const response_;
  const std::shared_ptr<rpc::CallContext> call_;
  Request request_;
  std::unique_ptr<FileImport> import_;
  std::atomic<bool> fell_silent_ = false;
  IdleWatch::Timer timer_ = 0;
  grpc::Alarm pause_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_FILE_STREAM_H_
