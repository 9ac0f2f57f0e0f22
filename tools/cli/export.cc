#include "tools/cli/export.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/cli/progress.h"
#include "tools/cli/server_json.h"
#include "tools/cli/text_format.h"
#include "tools/cli/url.h"

namespace clv::cli {
namespace {

// The server waits as long for a client that takes nothing.
constexpr std::chrono::seconds kPieceTimeout{60};

// Standard output, or a file that gets its name at the end.
class Output {
 public:
  explicit Output(std::string path) : path_(std::move(path)), part_(path_ + ".part") {}

  ~Output() {
    if (file_ == nullptr || file_ == stdout) return;
    std::fclose(file_);
    std::remove(part_.c_str());
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  absl::Status Open() {
    file_ = path_ == "-" ? stdout : std::fopen(part_.c_str(), "wb");
    return file_ != nullptr ? absl::OkStatus() : Failed();
  }

  absl::Status Write(std::string_view bytes) {
    bytes_ += bytes.size();
    return std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size() ? absl::OkStatus()
                                                                             : Failed();
  }

  absl::Status Finish() {
    if (file_ == stdout) return std::fflush(stdout) == 0 ? absl::OkStatus() : Failed();
    if (std::fclose(std::exchange(file_, nullptr)) != 0) return Failed();
    return std::rename(part_.c_str(), path_.c_str()) == 0 ? absl::OkStatus() : Failed();
  }

  uint64_t bytes() const { return bytes_; }

 private:
  absl::Status Failed() const {
    const std::string name = path_ == "-" ? "standard output" : path_;
    return absl::UnavailableError(absl::StrCat("cannot write ", name, ": ", std::strerror(errno)));
  }

  const std::string path_;
  const std::string part_;
  std::FILE* file_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace

absl::Status RunExport(const Server& server, const ExportOptions& options) {
  Output output(options.output);
  CLV_RETURN_IF_ERROR(output.Open());
  HttpRequest request;
  request.timeout = kPieceTimeout;
  request.target = absl::StrCat(
      "/v1/dataSources/", PercentEncode(options.data_source),
      ":export?format=", options.format == "csv" ? "FILE_FORMAT_CSV" : "FILE_FORMAT_NDJSON");
  Progress progress;
  HttpClient client(server);
  CLV_ASSIGN_OR_RETURN(
      const HttpResponse response, client.Receive(request, [&](std::string_view piece) {
        progress.Show({.label = options.data_source, .detail = HumanBytes(output.bytes())});
        return output.Write(piece);
      }));
  progress.Clear();
  CLV_RETURN_IF_ERROR(StatusOfResponse(response));
  CLV_RETURN_IF_ERROR(output.Finish());
  std::fprintf(stderr, "%s bytes of %s, as at log position %s\n",
               WithThousands(output.bytes()).c_str(), options.data_source.c_str(),
               response.folded_position.c_str());
  return absl::OkStatus();
}

}  // namespace clv::cli
