// tests/services/gateway/transcoder_fixture.h: a transcoder over the test API, asked in one line.
#ifndef CLV_TESTS_SERVICES_GATEWAY_TRANSCODER_FIXTURE_H_
#define CLV_TESTS_SERVICES_GATEWAY_TRANSCODER_FIXTURE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "services/gateway/transcoder.h"

namespace clv::gateway::testing {

// Options that serve EchoService, BodyService, TroubleService and StreamService.
TranscoderOptions AllServices();

// Of the types linked into the test. Ends the test program if it cannot be made.
Transcoder MakeTranscoder(TranscoderOptions options = AllServices());

// `message` in a ByteBuffer of several slices, as a large message arrives.
grpc::ByteBuffer Slices(const google::protobuf::Message& message, size_t slice_bytes = 3);

std::string Flat(const grpc::ByteBuffer& buffer);

// The request that `method target` with `body` makes, as one-line text format, or `error:
// <message>`.
std::string Encode(const Transcoder& transcoder, std::string_view method, std::string_view target,
                   std::string body = "", std::string_view content_type = "application/json");

}  // namespace clv::gateway::testing

#endif  // CLV_TESTS_SERVICES_GATEWAY_TRANSCODER_FIXTURE_H_
