#include "services/ingest/multipart_reader.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/rpc/v0_reply.h"

namespace clv::ingest {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr size_t kMaxBoundaryBytes = 70;

// What a form must not say, since the call looks for it in the URL.
constexpr std::array<std::string_view, 8> kParameters = {"name",
                                                         "mode",
                                                         "format",
                                                         "replace_condition",
                                                         "dialect_delimiter",
                                                         "dialect_new_line",
                                                         "token",
                                                         "dialect_escapechar"};

absl::Status Malformed(const std::string& what) {
  return rpc::V0Error(absl::StatusCode::kInvalidArgument, 400,
                      absl::StrCat("multipart/form-data: ", what), "files");
}

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// The value of a parameter `; name=value` or `; name="value"` of a header; absent when it has none.
std::optional<std::string> HeaderParameter(std::string_view header, std::string_view name) {
  size_t at = header.find(';');
  while (at != std::string_view::npos) {
    at = header.find_first_not_of(" \t;", at);
    const size_t equals = header.find_first_of("=;", at);
    if (equals == std::string_view::npos) return std::nullopt;
    if (header[equals] == ';') {
      at = equals;
      continue;
    }
    const std::string_view key = header.substr(at, equals - at);
    std::string value;
    at = equals + 1;
    if (at < header.size() && header[at] == '"') {
      for (++at; at < header.size() && header[at] != '"'; ++at) {
        if (header[at] == '\\' && at + 1 < header.size()) ++at;
        value += header[at];
      }
    } else {
      const size_t end = std::min(header.find(';', at), header.size());
      value = std::string(absl::StripAsciiWhitespace(View(header.substr(at, end - at))));
    }
    if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(View(key)), View(name))) return value;
    at = header.find(';', at);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> MultipartBoundary(std::string_view content_type) {
  const absl::string_view type =
      absl::StripAsciiWhitespace(View(content_type.substr(0, content_type.find(';'))));
  if (!absl::EqualsIgnoreCase(type, "multipart/form-data")) return std::nullopt;
  std::string boundary = HeaderParameter(content_type, "boundary").value_or("");
  return boundary.size() <= kMaxBoundaryBytes ? boundary : std::string();
}

// The first boundary may stand at the very beginning: it is read as if a line end came before.
MultipartReader::MultipartReader(const std::string& boundary)
    : delimiter_(absl::StrCat("\r\n--", boundary)), buffer_(kLineEnd) {}

absl::Status MultipartReader::Read(std::string_view piece, const ByteSink& sink) {
  buffer_.append(piece);
  bool goes_on = true;
  while (goes_on) {
    CLV_ASSIGN_OR_RETURN(goes_on, ReadSome(sink));
  }
  buffer_.erase(0, at_);
  at_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<bool> MultipartReader::ReadSome(const ByteSink& sink) {
  switch (state_) {
    case State::kContent:
      return ReadContent(sink);
    case State::kBoundary:
      return ReadBoundary();
    case State::kHeaders:
      return ReadHeaders();
    case State::kClosed:
      break;
  }
  at_ = buffer_.size();
  return false;
}

absl::StatusOr<bool> MultipartReader::ReadContent(const ByteSink& sink) {
  const size_t found = buffer_.find(delimiter_, at_);
  const bool is_found = found != std::string::npos;
  // The delimiter's beginning may stand at the end.
  const size_t safe = buffer_.size() - std::min(buffer_.size(), delimiter_.size() - 1);
  const size_t end = is_found ? found : std::max(at_, safe);
  const std::string_view content = std::string_view(buffer_).substr(at_, end - at_);
  if (is_file_ && !content.empty()) CLV_RETURN_IF_ERROR(sink(content));
  at_ = end;
  if (is_found) {
    at_ += delimiter_.size();
    state_ = State::kBoundary;
  }
  return is_found;
}

absl::StatusOr<bool> MultipartReader::ReadBoundary() {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.starts_with("--")) {
    state_ = State::kClosed;
    return true;
  }
  const size_t blanks = std::min(rest.find_first_not_of(" \t"), rest.size());
  const std::string_view behind = rest.substr(blanks);
  if (behind.starts_with(kLineEnd)) {
    // Headers end with an empty line, which may be the first one: so this line end is left to them.
    at_ += blanks;
    state_ = State::kHeaders;
    return true;
  }
  const bool may_be_well = rest == "-" || behind.empty() || behind == "\r";
  if (may_be_well && rest.size() <= kMaxHeaderBytes) return false;
  return Malformed("got other text behind a boundary, want a line end");
}

absl::StatusOr<bool> MultipartReader::ReadHeaders() {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const size_t end = buffer_.find(kEnd, at_);
  const size_t length = std::min(end, buffer_.size()) - at_;
  if (length > kMaxHeaderBytes) {
    return Malformed(absl::StrCat("a field has headers of more than ", kMaxHeaderBytes, " bytes"));
  }
  if (end == std::string::npos) return false;
  CLV_RETURN_IF_ERROR(BeginField(std::string_view(buffer_).substr(at_, length)));
  at_ = end + kEnd.size();
  state_ = State::kContent;
  return true;
}

absl::Status MultipartReader::BeginField(std::string_view headers) {
  constexpr std::string_view kDisposition = "content-disposition:";
  std::string name;
  while (!headers.empty()) {
    const size_t end = std::min(headers.find(kLineEnd), headers.size());
    const std::string_view line = headers.substr(0, end);
    headers.remove_prefix(std::min(end + kLineEnd.size(), headers.size()));
    if (absl::StartsWithIgnoreCase(View(line), View(kDisposition))) {
      name = HeaderParameter(line, "name").value_or("");
    }
  }
  if (name == "url") return Malformed("got the field 'url', but files are not fetched: send them");
  if (std::find(kParameters.begin(), kParameters.end(), name) != kParameters.end()) {
    return Malformed(
        absl::StrCat("got the field ", Quoted(name), ", want this parameter in the URL"));
  }
  is_file_ = name == "csv";
  if (is_file_ && has_file_) return Malformed("got two fields 'csv', want one file");
  has_file_ = has_file_ || is_file_;
  return absl::OkStatus();
}

absl::Status MultipartReader::Finish() const {
  if (state_ != State::kClosed) return Malformed("it ends before its closing boundary");
  if (!has_file_) return Malformed("got no field 'csv', want the file in it");
  return absl::OkStatus();
}

}  // namespace clv::ingest
