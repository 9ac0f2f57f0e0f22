#include "services/ingest/body_decoder.h"

#include "absl/strings/str_cat.h"
#include "common/base/utf8.h"
#include "common/rpc/v0_reply.h"
#include "services/ingest/stream_decoder.h"

namespace clv::ingest {
namespace {

absl::Status TooLarge(const std::string& what) {
  return rpc::V0Error(absl::StatusCode::kResourceExhausted, 413, what, "events");
}

absl::Status AsHttp(const absl::Status& status) {
  const std::string text(status.message());
  if (absl::IsResourceExhausted(status)) {
    return TooLarge(absl::StrCat("the unpacked body is too large: ", text));
  }
  return rpc::V0Error(absl::StatusCode::kInvalidArgument, 400,
                      absl::StrCat("the body is not what Content-Encoding says: ", text), "events");
}

}  // namespace

absl::StatusOr<std::string> DecodeBody(std::string_view body, std::string_view encoding) {
  if (body.size() > kMaxWireBytes) {
    return TooLarge(
        absl::StrCat("the body has ", body.size(), " bytes, want at most ", kMaxWireBytes));
  }
  const std::optional<Compression> compression = CompressionOfEncoding(encoding);
  if (!compression) {
    return rpc::V0Error(
        absl::StatusCode::kInvalidArgument, 415,
        absl::StrCat("Content-Encoding: got ", Quoted(encoding), ", want gzip, zstd or none"),
        "events");
  }
  if (*compression == Compression::kNone) return std::string(body);
  const auto decoder = NewStreamDecoder(
      *compression, {.max_bytes = kMaxDecodedBytes, .max_ratio = kMaxDecodedRatio});
  std::string decoded;
  absl::Status status = decoder->Decode(body, [&](std::string_view part) {
    decoded.append(part);
    return absl::OkStatus();
  });
  if (status.ok()) status = decoder->Finish();
  if (!status.ok()) return AsHttp(status);
  return decoded;
}

}  // namespace clv::ingest
