#include "services/ingest/stream_decoder.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv::ingest {
namespace {

constexpr size_t kPartBytes = 256 << 10;

// 8 MiB, what zstd wants every decoder to bear; more would let a few bytes ask for gigabytes.
constexpr int kMaxZstdWindowLog = 23;

// Keeps what comes out within its limits.
class Output {
 public:
  explicit Output(const StreamDecoder::Limits& limits) : limits_(limits) {}

  void AddPacked(size_t bytes) { packed_ += bytes; }

  absl::Status HandOver(std::string_view part, const ByteSink& sink) {
    if (part.empty()) return absl::OkStatus();
    unpacked_ += part.size();
    const bool is_bomb = unpacked_ > limits_.free_bytes && unpacked_ > packed_ * limits_.max_ratio;
    if (unpacked_ > limits_.max_bytes || is_bomb) {
      return absl::ResourceExhaustedError(
          is_bomb ? absl::StrCat("more than ", limits_.max_ratio, " times the packed size")
                  : absl::StrCat("more than ", limits_.max_bytes, " bytes"));
    }
    return sink(part);
  }

 private:
  const StreamDecoder::Limits limits_;
  uint64_t packed_ = 0;
  uint64_t unpacked_ = 0;
};

absl::Status Malformed(const char* format) {
  return absl::InvalidArgumentError(absl::StrCat("malformed ", format));
}

absl::Status Unfinished(const char* format) {
  return absl::InvalidArgumentError(absl::StrCat("malformed ", format, ": it ends too early"));
}

class PlainDecoder final : public StreamDecoder {
 public:
  explicit PlainDecoder(const Limits& limits) : output_(limits) {}

  absl::Status Decode(std::string_view piece, const ByteSink& sink) override {
    output_.AddPacked(piece.size());
    while (!piece.empty()) {
      const std::string_view part = piece.substr(0, kPartBytes);
      CLV_RETURN_IF_ERROR(output_.HandOver(part, sink));
      piece.remove_prefix(part.size());
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override { return absl::OkStatus(); }

 private:
  Output output_;
};

class GzipDecoder final : public StreamDecoder {
 public:
  explicit GzipDecoder(const Limits& limits) : output_(limits), part_(kPartBytes) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    is_ready_ = inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }
  ~GzipDecoder() override {
    if (is_ready_) inflateEnd(&stream_);
  }

  absl::Status Decode(std::string_view piece, const ByteSink& sink) override {
    if (!is_ready_) return absl::ResourceExhaustedError("no memory for gzip");
    output_.AddPacked(piece.size());
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(piece.size());
    bool is_part_full = false;
    while (stream_.avail_in > 0 || is_part_full) {
      is_inside_ = true;
      stream_.next_out = part_.data();
      stream_.avail_out = static_cast<uInt>(part_.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      // Nothing is left in the window, and nothing came in.
      if (result == Z_BUF_ERROR) break;
      if (result != Z_OK && result != Z_STREAM_END) return Malformed("gzip");
      is_part_full = stream_.avail_out == 0;
      CLV_RETURN_IF_ERROR(output_.HandOver(
          {reinterpret_cast<const char*>(part_.data()), part_.size() - stream_.avail_out}, sink));
      if (result != Z_STREAM_END) continue;
      is_inside_ = false;
      is_part_full = false;
      if (inflateReset(&stream_) != Z_OK) return Malformed("gzip");
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override { return is_inside_ ? Unfinished("gzip") : absl::OkStatus(); }

 private:
  Output output_;
  z_stream stream_{};
  bool is_ready_ = false;
  bool is_inside_ = false;  // a member
  std::vector<Bytef> part_;
};

class ZstdDecoder final : public StreamDecoder {
 public:
  explicit ZstdDecoder(const Limits& limits)
      : output_(limits), context_(ZSTD_createDCtx(), &ZSTD_freeDCtx), part_(kPartBytes) {
    if (context_ == nullptr) return;
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kMaxZstdWindowLog);
  }

  absl::Status Decode(std::string_view piece, const ByteSink& sink) override {
    if (context_ == nullptr) return absl::ResourceExhaustedError("no memory for zstd");
    output_.AddPacked(piece.size());
    ZSTD_inBuffer input{piece.data(), piece.size(), 0};
    bool is_part_full = false;
    while (input.pos < input.size || is_part_full) {
      ZSTD_outBuffer part{part_.data(), part_.size(), 0};
      const size_t result = ZSTD_decompressStream(context_.get(), &part, &input);
      if (ZSTD_isError(result) != 0) return ErrorOf(result);
      CLV_RETURN_IF_ERROR(output_.HandOver({part_.data(), part.pos}, sink));
      is_inside_ = result != 0;
      is_part_full = is_inside_ && part.pos == part.size;
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override { return is_inside_ ? Unfinished("zstd") : absl::OkStatus(); }

 private:
  static absl::Status ErrorOf(size_t result) {
    if (ZSTD_getErrorCode(result) != ZSTD_error_frameParameter_windowTooLarge) {
      return Malformed("zstd");
    }
    return absl::InvalidArgumentError("zstd with a window above 8 MiB, want at most that");
  }

  Output output_;
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_;
  std::vector<char> part_;
  bool is_inside_ = false;  // a frame
};

}  // namespace

std::unique_ptr<StreamDecoder> NewStreamDecoder(Compression compression,
                                                const StreamDecoder::Limits& limits) {
  switch (compression) {
    case Compression::kGzip:
      return std::make_unique<GzipDecoder>(limits);
    case Compression::kZstd:
      return std::make_unique<ZstdDecoder>(limits);
    case Compression::kNone:
      break;
  }
  return std::make_unique<PlainDecoder>(limits);
}

Compression CompressionByMagic(std::string_view beginning) {
  if (beginning.starts_with("\x1f\x8b")) return Compression::kGzip;
  if (beginning.starts_with("\x28\xb5\x2f\xfd")) return Compression::kZstd;
  return Compression::kNone;
}

std::optional<Compression> CompressionOfEncoding(std::string_view encoding) {
  if (encoding.empty() || encoding == "identity") return Compression::kNone;
  if (encoding == "gzip" || encoding == "x-gzip") return Compression::kGzip;
  if (encoding == "zstd") return Compression::kZstd;
  return std::nullopt;
}

}  // namespace clv::ingest
