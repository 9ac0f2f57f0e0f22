#include "services/ingest/file_body.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/rpc/v0_reply.h"

namespace clv::ingest {
namespace {

// What a small file may unpack to whatever its packed size: rows repeat themselves a lot.
constexpr uint64_t kFreeBytes = 8 << 20;

constexpr std::string_view kUrlField = "url=";

// The error of a decoder, which knows nothing of HTTP; one that comes from its sink stays as it is.
absl::Status AsHttp(const absl::Status& status, const char* what, bool is_from_sink) {
  if (status.ok() || is_from_sink) return status;
  return FileError(absl::IsResourceExhausted(status) ? 413 : 400,
                   absl::StrCat(what, std::string(status.message())));
}

// Notes whether an error came from the sink.
class WatchedSink {
 public:
  explicit WatchedSink(ByteSink sink) : sink_(std::move(sink)) {}

  WatchedSink(const WatchedSink&) = delete;
  WatchedSink& operator=(const WatchedSink&) = delete;

  ByteSink sink() {
    return [this](std::string_view bytes) {
      absl::Status status = sink_(bytes);
      failed_ = !status.ok();
      return status;
    };
  }
  bool failed() const { return failed_; }

 private:
  const ByteSink sink_;
  bool failed_ = false;
};

}  // namespace

absl::Status FileError(int http_status, std::string_view text) {
  return rpc::V0Error(absl::StatusCode::kInvalidArgument, http_status, text, "files");
}

absl::StatusOr<std::unique_ptr<FileBody>> FileBody::Open(const Options& options) {
  const std::optional<Compression> encoding = CompressionOfEncoding(options.content_encoding);
  if (!encoding) {
    return FileError(415, absl::StrCat("Content-Encoding: got ", Quoted(options.content_encoding),
                                       ", want gzip, zstd or none"));
  }
  std::unique_ptr<FileBody> body(new FileBody(options));
  if (*encoding != Compression::kNone) {
    body->body_decoder_ = NewStreamDecoder(*encoding, {.free_bytes = kFreeBytes});
  }
  if (const auto boundary = MultipartBoundary(options.content_type)) {
    if (boundary->empty()) {
      return FileError(400, "Content-Type: multipart/form-data without a boundary");
    }
    body->form_.emplace(*boundary);
  }
  return body;
}

absl::Status FileBody::Take(std::string_view piece, const ByteSink& sink) {
  if (body_decoder_ == nullptr) return TakeBody(piece, sink);
  WatchedSink watched([&](std::string_view bytes) { return TakeBody(bytes, sink); });
  const absl::Status status = body_decoder_->Decode(piece, watched.sink());
  return AsHttp(status, "the body is not what Content-Encoding says: ", watched.failed());
}

absl::Status FileBody::TakeBody(std::string_view bytes, const ByteSink& sink) {
  if (!form_) return TakeFile(bytes, sink);
  return form_->Read(bytes, [&](std::string_view file) { return TakeFile(file, sink); });
}

absl::Status FileBody::TakeFile(std::string_view bytes, const ByteSink& sink) {
  if (file_decoder_ != nullptr) return Unpack(bytes, sink);
  beginning_.append(bytes);
  return beginning_.size() < kMagicBytes ? absl::OkStatus() : OpenFile(sink);
}

absl::Status FileBody::OpenFile(const ByteSink& sink) {
  static_assert(kMagicBytes >= kUrlField.size());
  // curl says that every body is such a form, so only one that looks like one is.
  if (!form_ && beginning_.starts_with(kUrlField) &&
      absl::StartsWithIgnoreCase(options_.content_type, "application/x-www-form-urlencoded")) {
    return FileError(400, "url: files are not fetched, want the file itself in the body");
  }
  const Compression magic = CompressionByMagic(beginning_);
  // Each layer may blow up what the other one lets through.
  if (body_decoder_ != nullptr && magic != Compression::kNone) {
    return FileError(400, "the file is packed twice: want Content-Encoding or a packed file");
  }
  file_decoder_ =
      NewStreamDecoder(options_.compression.value_or(magic), {.free_bytes = kFreeBytes});
  const std::string beginning = std::move(beginning_);
  beginning_.clear();
  return Unpack(beginning, sink);
}

absl::Status FileBody::Unpack(std::string_view bytes, const ByteSink& sink) {
  WatchedSink watched(sink);
  const absl::Status status = file_decoder_->Decode(bytes, watched.sink());
  return AsHttp(status, "the file cannot be unpacked: ", watched.failed());
}

absl::Status FileBody::Finish(const ByteSink& sink) {
  if (body_decoder_ != nullptr) {
    CLV_RETURN_IF_ERROR(
        AsHttp(body_decoder_->Finish(), "the body is not what Content-Encoding says: ", false));
  }
  if (form_) CLV_RETURN_IF_ERROR(form_->Finish());
  if (file_decoder_ == nullptr) CLV_RETURN_IF_ERROR(OpenFile(sink));
  return AsHttp(file_decoder_->Finish(), "the file cannot be unpacked: ", false);
}

}  // namespace clv::ingest
