#include "services/gateway/upstream_call.h"

#include <utility>

#include "services/gateway/header_mapping.h"

namespace clv::gateway {

UpstreamCall::UpstreamCall(const UpstreamAnswer& answer, CallCounter& counter,
                           std::shared_ptr<HttpExchange> exchange, const HttpRule& rule,
                           std::string target)
    : answer_(answer),
      counter_(counter),
      exchange_(std::move(exchange)),
      rule_(rule),
      target_(std::move(target)) {}

void UpstreamCall::Start(grpc::GenericStub& stub, grpc::ByteBuffer request,
                         std::chrono::system_clock::time_point deadline) {
  request_ = std::move(request);
  for (const HttpHeader& entry : RequestMetadata(exchange_->request(), target_)) {
    context_.AddMetadata(entry.name, entry.value);
  }
  context_.set_deadline(deadline);
  counter_.Begin();
  exchange_->OnAbandoned([call = shared_from_this()] { call->context_.TryCancel(); });
  stub.UnaryCall(&context_, rule_.grpc_path, grpc::StubOptions(), &request_, &reply_,
                 [call = shared_from_this()](const grpc::Status& status) { call->OnDone(status); });
}

void UpstreamCall::OnDone(const grpc::Status& status) {
  exchange_->Respond(answer_.Make(rule_, target_, context_, status, reply_));
  counter_.End();
}

}  // namespace clv::gateway
