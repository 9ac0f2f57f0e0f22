#include "services/query/projection/checked_stream.h"

#define XXH_INLINE_ALL
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace clv::query {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

absl::Status FileError(const char* what, int error) {
  const std::string text =
      absl::StrCat("snapshot: ", what, ": ", std::generic_category().message(error));
  if (error == ENOENT) return absl::NotFoundError(text);
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(text);
  return absl::UnavailableError(text);
}

}  // namespace

struct CheckedWriter::State {
  int file = -1;
  absl::Status status;
  XXH3_state_t hash;
  std::vector<char> buffer;

  void Flush() {
    XXH3_64bits_update(&hash, buffer.data(), buffer.size());
    WriteOut();
  }
  void WriteOut() {
    size_t done = 0;
    while (status.ok() && done < buffer.size()) {
      const ssize_t written = ::write(file, buffer.data() + done, buffer.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        status = FileError("cannot write", errno);
      } else {
        done += static_cast<size_t>(written);
      }
    }
    buffer.clear();
  }
};

CheckedWriter::CheckedWriter(const std::string& path) : state_(std::make_unique<State>()) {
  XXH3_64bits_reset(&state_->hash);
  state_->buffer.reserve(kBufferBytes);
  state_->file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (state_->file < 0) state_->status = FileError("cannot create the file", errno);
}

CheckedWriter::~CheckedWriter() {
  if (state_->file >= 0) ::close(state_->file);
}

void CheckedWriter::Write(const void* bytes, size_t size) {
  const char* from = static_cast<const char*>(bytes);
  while (size > 0 && state_->status.ok()) {
    const size_t part = std::min(size, kBufferBytes - state_->buffer.size());
    state_->buffer.insert(state_->buffer.end(), from, from + part);
    from += part;
    size -= part;
    if (state_->buffer.size() == kBufferBytes) state_->Flush();
  }
}

absl::Status CheckedWriter::Finish() {
  state_->Flush();
  const XXH64_hash_t hash = XXH3_64bits_digest(&state_->hash);
  const char* const bytes = reinterpret_cast<const char*>(&hash);
  state_->buffer.assign(bytes, bytes + sizeof(hash));
  state_->WriteOut();
  if (state_->status.ok() && ::fsync(state_->file) != 0) {
    state_->status = FileError("cannot sync", errno);
  }
  return state_->status;
}

struct CheckedReader::State {
  int file = -1;
  uint64_t left = 0;    // bytes before the checksum that were not handed out
  uint64_t unread = 0;  // of the file, the checksum left out
  bool ok = true;
  XXH3_state_t hash;
  std::vector<char> buffer;
  size_t next = 0;

  ~State() {
    if (file >= 0) ::close(file);
  }

  bool ReadExactly(char* to, size_t size) {
    while (size > 0) {
      const ssize_t got = ::read(file, to, size);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      to += got;
      size -= static_cast<size_t>(got);
    }
    return true;
  }
  void Fill() {
    const auto size = static_cast<size_t>(std::min<uint64_t>(kBufferBytes, unread));
    buffer.resize(size);
    next = 0;
    ok = ok && size > 0 && ReadExactly(buffer.data(), size);
    if (!ok) return;
    unread -= size;
    XXH3_64bits_update(&hash, buffer.data(), size);
  }
};

CheckedReader::CheckedReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
CheckedReader::CheckedReader(CheckedReader&&) noexcept = default;
CheckedReader::~CheckedReader() = default;

absl::StatusOr<CheckedReader> CheckedReader::Open(const std::string& path) {
  auto state = std::make_unique<State>();
  state->file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (state->file < 0) return FileError("cannot open the file", errno);
  struct stat status = {};
  if (::fstat(state->file, &status) != 0) return FileError("cannot look at the file", errno);
  const auto size = static_cast<uint64_t>(status.st_size);
  state->ok = size >= sizeof(XXH64_hash_t);
  state->left = state->ok ? size - sizeof(XXH64_hash_t) : 0;
  state->unread = state->left;
  XXH3_64bits_reset(&state->hash);
  return CheckedReader(std::move(state));
}

void CheckedReader::Read(void* bytes, size_t size) {
  State& state = *state_;
  char* to = static_cast<char*>(bytes);
  if (size > state.left) state.ok = false;
  if (!state.ok) {
    if (size > 0) std::memset(bytes, 0, size);
    return;
  }
  state.left -= size;
  while (size > 0) {
    if (state.next == state.buffer.size()) state.Fill();
    if (!state.ok) {
      std::memset(to, 0, size);
      return;
    }
    const size_t part = std::min(size, state.buffer.size() - state.next);
    std::memcpy(to, state.buffer.data() + state.next, part);
    state.next += part;
    to += part;
    size -= part;
  }
}

std::string CheckedReader::GetText() {
  const auto size = Get<uint64_t>();
  if (!HasLeft(size, 1)) return {};
  std::string text(size, '\0');
  Read(text.data(), size);
  return text;
}

bool CheckedReader::HasLeft(uint64_t count, size_t element_bytes) {
  if (state_->ok && count <= state_->left / element_bytes) return true;
  state_->ok = false;
  return false;
}

void CheckedReader::Fail() { state_->ok = false; }
bool CheckedReader::ok() const { return state_->ok; }

absl::Status CheckedReader::Finish() {
  XXH64_hash_t stored = 0;
  if (state_->ok && state_->left == 0 && state_->unread == 0 &&
      state_->ReadExactly(reinterpret_cast<char*>(&stored), sizeof(stored)) &&
      stored == XXH3_64bits_digest(&state_->hash)) {
    return absl::OkStatus();
  }
  return absl::DataLossError("snapshot: the file is damaged, or of another release");
}

}  // namespace clv::query
