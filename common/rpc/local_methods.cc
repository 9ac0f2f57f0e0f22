#include "common/rpc/local_methods.h"

#include "google/protobuf/empty.pb.h"

namespace clv::rpc {

std::shared_ptr<LocalCall> LocalMethods::Start(const std::string& path, LocalRequest request,
                                               LocalCall::OnReply on_reply) const {
  const size_t bytes = request.message.Length();
  if (bytes <= max_receive_bytes_) {
    return starts_.at(path)(std::move(request), std::move(on_reply));
  }
  request.message.Clear();
  const auto call = std::make_shared<TypedCall<google::protobuf::Empty, google::protobuf::Empty>>(
      std::move(request), std::move(on_reply));
  call->FinishUnary({grpc::StatusCode::RESOURCE_EXHAUSTED,
                     absl::StrCat("Received message larger than max (", bytes, " vs. ",
                                  max_receive_bytes_, ")")});
  return call;
}

}  // namespace clv::rpc
