#include "common/rpc/call_peer.h"

#include <utility>

#include "common/rpc/local_call.h"

namespace clv::rpc {
namespace {

class GrpcPeer final : public CallPeer {
 public:
  explicit GrpcPeer(grpc::CallbackServerContext* context) : context_(*context) {}

  std::string Metadata(std::string_view key) const override {
    const auto& metadata = context_.client_metadata();
    const auto found = metadata.find(grpc::string_ref(key.data(), key.size()));
    if (found == metadata.end()) return std::string();
    return std::string(found->second.data(), found->second.size());
  }
  std::chrono::system_clock::time_point Deadline() const override { return context_.deadline(); }
  bool HasGivenUp() const override { return context_.IsCancelled(); }
  void AddHeader(const std::string& key, const std::string& value) override {
    context_.AddInitialMetadata(key, value);
  }
  grpc::ServerUnaryReactor* StartUnary() override {
    reactor_ = context_.DefaultReactor();
    return reactor_;
  }
  void FinishUnary(grpc::Status status) override { reactor_->Finish(std::move(status)); }

 private:
  grpc::CallbackServerContext& context_;
  grpc::ServerUnaryReactor* reactor_ = nullptr;
};

}  // namespace

std::shared_ptr<CallPeer> CallPeer::Of(grpc::CallbackServerContext* context) {
  if (auto* const local = dynamic_cast<LocalCall*>(context)) return local->shared_from_this();
  return std::make_shared<GrpcPeer>(context);
}

}  // namespace clv::rpc
