// services/gateway/unary_wire.h: a unary gRPC call as HTTP/2 fields and bytes, and back.
//
// Internal to unary_channel.cc. No I/O.
#ifndef CLV_SERVICES_GATEWAY_UNARY_WIRE_H_
#define CLV_SERVICES_GATEWAY_UNARY_WIRE_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "services/gateway/http_types.h"

namespace clv::gateway {

// The fields of a request, pseudo-header fields first. Values of `-bin` names in `metadata` are
// bytes.
HttpHeaders RequestFields(const std::string& path, const std::string& authority,
                          std::chrono::nanoseconds timeout, HttpHeaders metadata);

// A message with its prefix.
std::string FrameMessage(const grpc::ByteBuffer& message);

// Collects an answer as it comes.
class UnaryAnswer {
 public:
  void OnField(std::string_view name, std::string_view value);
  void OnFieldsEnd(bool ends_answer);
  void OnData(std::string_view bytes) { body_.append(bytes); }

  // The metadata are more than 64 KiB.
  bool is_too_long() const { return field_bytes_ > kMaxFieldBytes; }

  // What the answer says once its stream has ended with an RFC 9113 error code. Where it is OK
  // TakeMessage gives the one message.
  grpc::Status StatusOf(uint32_t error_code);
  std::string TakeMessage() { return std::move(body_); }
  HttpHeaders TakeInitialMetadata() { return std::move(initial_); }
  HttpHeaders TakeTrailingMetadata() { return std::move(trailing_); }

 private:
  static constexpr size_t kMaxFieldBytes = 64 * 1024;

  grpc::Status UnframeMessage();

  int http_status_ = 0;
  HttpHeaders fields_;  // of the block that is coming
  HttpHeaders initial_;
  HttpHeaders trailing_;
  bool has_begun_ = false;  // the first block is complete
  size_t field_bytes_ = 0;
  std::string body_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UNARY_WIRE_H_
