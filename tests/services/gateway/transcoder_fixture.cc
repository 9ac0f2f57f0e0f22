#include "tests/services/gateway/transcoder_fixture.h"

#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "tests/services/gateway/test_api.pb.h"

namespace clv::gateway::testing {

TranscoderOptions AllServices() {
  TranscoderOptions options;
  options.services = {"clv.gateway.testing.EchoService", "clv.gateway.testing.BodyService",
                      "clv.gateway.testing.TroubleService", "clv.gateway.testing.StreamService"};
  options.convert_grpc_status = true;
  return options;
}

Transcoder MakeTranscoder(TranscoderOptions options) {
  Everything::descriptor();  // links the test API
  return Transcoder::Create(ServiceRegistry::FromGeneratedPool(), std::move(options)).value();
}

grpc::ByteBuffer Slices(const google::protobuf::Message& message, size_t slice_bytes) {
  const std::string bytes = message.SerializeAsString();
  std::vector<grpc::Slice> slices;
  for (size_t i = 0; i < bytes.size(); i += slice_bytes) {
    slices.emplace_back(bytes.substr(i, slice_bytes));
  }
  return {slices.data(), slices.size()};
}

std::string Flat(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  (void)buffer.Dump(&slices);
  std::string out;
  for (const grpc::Slice& slice : slices) {
    out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return out;
}

std::string Encode(const Transcoder& transcoder, std::string_view method, std::string_view target,
                   std::string body, std::string_view content_type) {
  const std::optional<Transcoder::Match> match = transcoder.Find(method, target);
  if (!match.has_value()) return "no match";
  const absl::StatusOr<grpc::ByteBuffer> encoded =
      transcoder.EncodeRequest(*match, {target, content_type, std::move(body)});
  if (!encoded.ok()) return absl::StrCat("error: ", encoded.status().message());
  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<google::protobuf::Message> message(
      factory.GetPrototype(match->rule->method->input_type())->New());
  if (!message->ParseFromString(Flat(*encoded))) return "does not parse";
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  printer.PrintToString(*message, &text);
  absl::StripAsciiWhitespace(&text);
  return text;
}

}  // namespace clv::gateway::testing
