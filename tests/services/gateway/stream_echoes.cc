#include "tests/services/gateway/stream_echoes.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace clv::gateway::testing {
namespace {

std::string Metadata(const grpc::CallbackServerContext& context, const std::string& name) {
  const auto found = context.client_metadata().find(name);
  return found == context.client_metadata().end()
             ? ""
             : std::string(found->second.data(), found->second.size());
}

const google::api::HttpBody& BodyOf(const UploadRequest& request) { return request.body(); }
const google::api::HttpBody& BodyOf(const google::api::HttpBody& request) { return request; }

}  // namespace

uint64_t HashOn(uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

template <typename Request>
class StreamEchoes::Call final : public grpc::ServerReadReactor<Request> {
 public:
  using Reply = std::function<void(const StreamReply&)>;

  Call(StreamEchoes& service, grpc::CallbackServerContext& context, Reply reply)
      : service_(service), mode_(Metadata(context, "x-mode")), reply_(std::move(reply)) {
    const std::string status = Metadata(context, "x-status");
    if (!status.empty()) context.AddInitialMetadata("x-clv-http-status", status);
    saw_.set_has_deadline(context.deadline() <
                          std::chrono::system_clock::now() + std::chrono::hours(24 * 365));
    service_.Change([](Seen& seen) { ++seen.calls; });
    if (mode_ == "deaf") {
      Refuse();
    } else {
      Next();
    }
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      reply_(saw_);
      return this->Finish(grpc::Status::OK);
    }
    Add();
    if (mode_ == "refuse") return Refuse();
    if (mode_ == "enough") {
      reply_(saw_);
      return this->Finish(grpc::Status::OK);
    }
    Next();
  }

  void OnCancel() override {
    const bool waited = service_.Forget(this);
    service_.Change([](Seen& seen) { ++seen.cancelled; });
    if (waited) this->Finish(grpc::Status::CANCELLED);
  }

  void OnDone() override { delete this; }

 private:
  void Next() {
    if (mode_ != "held") return this->StartRead(&request_);
    service_.WhenReleased(this, [this] { this->StartRead(&request_); });
  }

  void Add() {
    const google::api::HttpBody& body = BodyOf(request_);
    if constexpr (std::is_same_v<Request, UploadRequest>) saw_.add_names(request_.name());
    saw_.add_content_types(body.content_type());
    saw_.set_messages(saw_.messages() + 1);
    saw_.set_size(saw_.size() + body.data().size());
    saw_.set_greatest_message(std::max<uint64_t>(saw_.greatest_message(), request_.ByteSizeLong()));
    saw_.set_hash(HashOn(saw_.messages() == 1 ? kEmptyHash : saw_.hash(), body.data()));
    service_.Change([&](Seen& seen) {
      ++seen.messages;
      seen.bytes += body.data().size();
    });
  }

  void Refuse() { this->Finish(grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not you")); }

  StreamEchoes& service_;
  const std::string mode_;
  const Reply reply_;
  Request request_;
  StreamReply saw_;
};

void StreamEchoes::Release(int messages) {
  const std::lock_guard lock(mutex_);
  released_ += messages;
  while (released_ > 0 && !held_.empty()) {
    --released_;
    held_.extract(held_.begin()).mapped()();
  }
}

void StreamEchoes::WhenReleased(const void* call, std::function<void()> read) {
  const std::lock_guard lock(mutex_);
  if (released_ == 0) {
    held_[call] = std::move(read);
    return;
  }
  --released_;
  read();
}

bool StreamEchoes::Forget(const void* call) {
  const std::lock_guard lock(mutex_);
  return held_.erase(call) > 0;
}

StreamEchoes::Seen StreamEchoes::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

bool StreamEchoes::WaitUntil(const std::function<bool(const Seen&)>& holds) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return holds(seen_); });
}

void StreamEchoes::Change(const std::function<void(Seen&)>& change) {
  const std::lock_guard lock(mutex_);
  change(seen_);
  changed_.notify_all();
}

grpc::ServerReadReactor<UploadRequest>* StreamEchoes::Upload(grpc::CallbackServerContext* context,
                                                             StreamReply* reply) {
  return new Call<UploadRequest>(*this, *context,
                                 [reply](const StreamReply& saw) { *reply = saw; });
}

grpc::ServerReadReactor<google::api::HttpBody>* StreamEchoes::Raw(
    grpc::CallbackServerContext* context, google::api::HttpBody* reply) {
  return new Call<google::api::HttpBody>(*this, *context, [reply](const StreamReply& saw) {
    reply->set_content_type("application/json; charset=UTF-8");
    reply->set_data(absl::StrCat("{\"bytes\":", saw.size(), "}"));
  });
}

grpc::ServerGenericBidiReactor* SilentEchoes::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  class Silence final : public grpc::ServerGenericBidiReactor {
   public:
    explicit Silence(const grpc::Status& status) { Finish(status); }
    void OnDone() override { delete this; }
  };
  return new Silence(context->method() == "/clv.gateway.testing.SilentService/Upload"
                         ? grpc::Status::OK
                         : grpc::Status(grpc::StatusCode::UNIMPLEMENTED, ""));
}

}  // namespace clv::gateway::testing
