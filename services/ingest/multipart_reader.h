// services/ingest/multipart_reader.h: the file within a multipart/form-data body (RFC 7578).
#ifndef CLV_SERVICES_INGEST_MULTIPART_READER_H_
#define CLV_SERVICES_INGEST_MULTIPART_READER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/ingest/stream_decoder.h"

namespace clv::ingest {

// The boundary of a Content-Type that is multipart/form-data; absent for any other. Empty when that
// type names none, which no body can have.
std::optional<std::string> MultipartBoundary(std::string_view content_type);

// Finds the field `csv`, in which clients send the file whatever its format, in a body that comes
// in pieces. Other fields are skipped, but for those named like a parameter of the call: they would
// be overlooked silently, so they are refused. Holds the headers of one field, or a boundary's
// length of content. Thread-compatible.
class MultipartReader {
 public:
  // Bytes that the headers of one field may have.
  static constexpr size_t kMaxHeaderBytes = 16 << 10;

  // `boundary`: 1 to 70 bytes, as MultipartBoundary gives it.
  explicit MultipartReader(const std::string& boundary);

  // Reads a piece and hands the file's bytes over. INVALID_ARGUMENT (HTTP 400) for what is no form,
  // a field that must not be there or a second file; or what `sink` returns. Not to be used again
  // after an error.
  absl::Status Read(std::string_view piece, const ByteSink& sink);

  // There is no more. INVALID_ARGUMENT (HTTP 400) when the closing boundary has not come, or no
  // file.
  absl::Status Finish() const;

 private:
  enum class State {
    kContent,   // of a field, or what stands before the first one
    kBoundary,  // behind a boundary: line end or `--`
    kHeaders,   // of a field
    kClosed     // behind the closing boundary
  };

  // Each takes what it can from buffer_; false when it needs more.
  absl::StatusOr<bool> ReadSome(const ByteSink& sink);
  absl::StatusOr<bool> ReadContent(const ByteSink& sink);
  absl::StatusOr<bool> ReadBoundary();
  absl::StatusOr<bool> ReadHeaders();
  absl::Status BeginField(std::string_view headers);

  const std::string delimiter_;  // line end, two dashes, boundary
  State state_ = State::kContent;
  std::string buffer_;
  size_t at_ = 0;  // what is read of buffer_
  bool is_file_ = false;
  bool has_file_ = false;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_MULTIPART_READER_H_
