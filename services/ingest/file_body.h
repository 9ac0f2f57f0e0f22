// services/ingest/file_body.h: from the body of a request to the plain bytes of the file in it.
#ifndef CLV_SERVICES_INGEST_FILE_BODY_H_
#define CLV_SERVICES_INGEST_FILE_BODY_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/ingest/multipart_reader.h"
#include "services/ingest/stream_decoder.h"

namespace clv::ingest {

// An error of the file: INVALID_ARGUMENT with an HTTP status, see rpc::V0Error.
absl::Status FileError(int http_status, std::string_view text);

// Unwraps a body that comes in pieces: its Content-Encoding, the form around the file, and the
// compression of the file itself. Holds what its parts hold. Thread-compatible.
class FileBody {
 public:
  struct Options {
    std::string content_encoding;  // in lower case; empty: none
    std::string content_type;      // counts when it is multipart/form-data or a form with `url`
    std::optional<Compression> compression;  // of the file; absent: by its first bytes
  };

  // Errors carry their HTTP status: 415 for an unknown encoding, 400 for a form without a boundary.
  static absl::StatusOr<std::unique_ptr<FileBody>> Open(const Options& options);

  // Hands over what the piece holds of the file. Errors: what `sink` returns; else with their HTTP
  // status 400 for damaged bytes, 413 for a file that unpacks to more than 200 times its size. Not
  // to be used again after an error.
  absl::Status Take(std::string_view piece, const ByteSink& sink);

  // There is no more: hands over the rest. Also 400 when it ends too early.
  absl::Status Finish(const ByteSink& sink);

 private:
  explicit FileBody(const Options& options) : options_(options) {}

  absl::Status TakeBody(std::string_view bytes, const ByteSink& sink);
  absl::Status TakeFile(std::string_view bytes, const ByteSink& sink);
  // Once enough of the file is there.
  absl::Status OpenFile(const ByteSink& sink);
  absl::Status Unpack(std::string_view bytes, const ByteSink& sink);

  const Options options_;
  std::unique_ptr<StreamDecoder> body_decoder_;
  std::optional<MultipartReader> form_;
  std::unique_ptr<StreamDecoder> file_decoder_;
  std::string beginning_;  // of the file, until its decoder is known
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_FILE_BODY_H_
