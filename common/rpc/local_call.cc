#include "common/rpc/local_call.h"

#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

#include <algorithm>

namespace clv::rpc {
namespace {

using std::chrono::system_clock;

grpc::ByteBuffer BufferOf(const google::protobuf::Message& message) {
  // Freed with the buffer, which may outlive the message.
  auto bytes = std::make_unique<std::string>(message.SerializeAsString());
  std::string* const held = bytes.release();
  const grpc::Slice slice(
      held->data(), held->size(), [](void* string) { delete static_cast<std::string*>(string); },
      held);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

LocalCall::LocalCall(LocalRequest request, OnReply on_reply)
    : metadata_(std::move(request.metadata)),
      deadline_(request.deadline),
      request_(std::move(request.message)),
      on_reply_(std::move(on_reply)) {}

LocalCall::OnReply LocalCall::TakeOnReply() {
  std::lock_guard lock(mutex_);
  return std::exchange(on_reply_, nullptr);
}

void LocalCall::Cancel() {
  is_cancelled_ = true;
  const OnReply on_reply = TakeOnReply();
  if (on_reply) on_reply({grpc::Status(grpc::StatusCode::CANCELLED, "CANCELLED"), {}, {}});
}

std::string LocalCall::Metadata(std::string_view key) const {
  const auto found = std::find_if(metadata_.begin(), metadata_.end(),
                                  [&](const auto& entry) { return entry.first == key; });
  return found == metadata_.end() ? std::string() : found->second;
}

bool LocalCall::HasGivenUp() const {
  return is_cancelled_ ||
         (deadline_ != system_clock::time_point::max() && system_clock::now() >= deadline_);
}

void LocalCall::AddHeader(const std::string& key, const std::string& value) {
  headers_.emplace_back(key, value);
}

bool LocalCall::ReadRequest(google::protobuf::Message* message) {
  grpc::ProtoBufferReader reader(&request_);
  const bool is_read = reader.status().ok() && message->ParseFromZeroCopyStream(&reader);
  request_.Clear();
  if (!is_read) FinishUnary({grpc::StatusCode::INTERNAL, "the request is not its message"});
  return is_read;
}

void LocalCall::FinishUnary(grpc::Status status) {
  const OnReply on_reply = TakeOnReply();
  if (!on_reply) return;
  const bool is_ok = status.ok();
  on_reply(
      {std::move(status), std::move(headers_), is_ok ? BufferOf(Response()) : grpc::ByteBuffer()});
}

}  // namespace clv::rpc
