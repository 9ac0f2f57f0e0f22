#include "services/ingest/body_decoder.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/utf8.h"
#include "common/rpc/v0_reply.h"

namespace clv::ingest {
namespace {

constexpr size_t kChunkBytes = 256 << 10;

// 8 MiB, what zstd wants every decoder to bear; more would let a few bytes ask for gigabytes.
constexpr int kMaxZstdWindowLog = 23;

absl::Status TooLarge(const std::string& what) {
  return rpc::V0Error(absl::StatusCode::kResourceExhausted, 413, what, "events");
}

absl::Status Malformed(const std::string& encoding) {
  return rpc::V0Error(
      absl::StatusCode::kInvalidArgument, 400,
      absl::StrCat("the body is not what Content-Encoding says: malformed ", encoding), "events");
}

// The unpacked body as it grows below its ceiling.
class Output {
 public:
  explicit Output(size_t wire_bytes)
      : max_bytes_(std::min(kMaxDecodedBytes, wire_bytes * kMaxDecodedRatio)) {}

  // Room for the next chunk; one byte beyond the ceiling shows that the body goes on.
  std::pair<char*, size_t> Room() {
    used_ = text_.size();
    text_.resize(std::min(used_ + kChunkBytes, max_bytes_ + 1));
    return {text_.data() + used_, text_.size() - used_};
  }

  // How much of the room was used.
  absl::Status Use(size_t bytes) {
    text_.resize(used_ + bytes);
    if (text_.size() <= max_bytes_) return absl::OkStatus();
    return TooLarge(absl::StrCat("the unpacked body is larger than ", kMaxDecodedBytes,
                                 " bytes or ", kMaxDecodedRatio, " times its packed size"));
  }

  std::string Take() { return std::move(text_); }

 private:
  const size_t max_bytes_;
  std::string text_;
  size_t used_ = 0;
};

absl::StatusOr<std::string> Gunzip(std::string_view body) {
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOnly) != Z_OK)
    return absl::ResourceExhaustedError("no memory for gzip");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> ending(&stream, &inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  Output output(body.size());
  while (true) {
    const auto [room, size] = output.Room();
    stream.next_out = reinterpret_cast<Bytef*>(room);
    stream.avail_out = static_cast<uInt>(size);
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END) return Malformed("gzip");
    if (const absl::Status status = output.Use(size - stream.avail_out); !status.ok())
      return status;
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) return output.Take();
      if (inflateReset(&stream) != Z_OK) return Malformed("gzip");
    }
  }
}

absl::StatusOr<std::string> Unzstd(std::string_view body) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  if (context == nullptr) return absl::ResourceExhaustedError("no memory for zstd");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxZstdWindowLog);
  ZSTD_inBuffer input{body.data(), body.size(), 0};
  Output output(body.size());
  while (true) {
    const auto [room, size] = output.Room();
    ZSTD_outBuffer chunk{room, size, 0};
    const size_t result = ZSTD_decompressStream(context.get(), &chunk, &input);
    if (ZSTD_isError(result) != 0) return Malformed("zstd");
    if (const absl::Status status = output.Use(chunk.pos); !status.ok()) return status;
    if (input.pos < input.size) continue;
    if (result == 0) return output.Take();
    // All input is taken and the decoder has more to tell only while it fills its room.
    if (chunk.pos < chunk.size) return Malformed("zstd");
  }
}

}  // namespace

absl::StatusOr<std::string> DecodeBody(std::string_view body, std::string_view encoding) {
  if (body.size() > kMaxWireBytes) {
    return TooLarge(
        absl::StrCat("the body has ", body.size(), " bytes, want at most ", kMaxWireBytes));
  }
  if (encoding.empty() || encoding == "identity") return std::string(body);
  if (body.empty()) return std::string();
  if (encoding == "gzip" || encoding == "x-gzip") return Gunzip(body);
  if (encoding == "zstd") return Unzstd(body);
  return rpc::V0Error(
      absl::StatusCode::kInvalidArgument, 415,
      absl::StrCat("Content-Encoding: got ", Quoted(encoding), ", want gzip, zstd or none"),
      "events");
}

}  // namespace clv::ingest
