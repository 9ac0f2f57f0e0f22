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
#include "common/base/status_macros.h"

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

absl::Status Damaged() {
  return absl::DataLossError("snapshot: the file is damaged, or of another release");
}

struct PartEntry {
  uint64_t end = 0;  // bytes from the begin of the file; the part begins where the last one ends
  XXH64_hash_t hash = 0;
};

// The last bytes of a file; the entries are before them.
struct Footer {
  uint64_t parts = 0;
  XXH64_hash_t hash = 0;  // of the entries
};

class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile() { ::close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int descriptor() const { return descriptor_; }
  bool ReadExactly(uint64_t at, char* to, size_t size) const {
    while (size > 0) {
      const ssize_t got = ::pread(descriptor_, to, size, static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      to += got;
      at += static_cast<uint64_t>(got);
      size -= static_cast<size_t>(got);
    }
    return true;
  }

 private:
  const int descriptor_;
};

// Where the parts lie, of a file of `size` bytes.
absl::StatusOr<std::vector<PartEntry>> ReadEntries(const OpenFile& file, uint64_t size) {
  Footer footer;
  if (size < sizeof(footer) ||
      !file.ReadExactly(size - sizeof(footer), reinterpret_cast<char*>(&footer), sizeof(footer)) ||
      footer.parts > (size - sizeof(footer)) / sizeof(PartEntry)) {
    return Damaged();
  }
  std::vector<PartEntry> entries(footer.parts);
  const uint64_t bytes = footer.parts * sizeof(PartEntry);
  const uint64_t end = size - sizeof(footer) - bytes;
  if (!file.ReadExactly(end, reinterpret_cast<char*>(entries.data()), bytes) ||
      footer.hash != XXH3_64bits(entries.data(), bytes)) {
    return Damaged();
  }
  uint64_t begin = 0;
  for (const PartEntry& entry : entries) {
    if (entry.end < begin) return Damaged();
    begin = entry.end;
  }
  if (begin != end) return Damaged();
  return entries;
}

}  // namespace

struct CheckedWriter::State {
  int file = -1;
  uint64_t flushed = 0;
  std::vector<PartEntry> entries;
  absl::Status status;
  XXH3_state_t hash;
  std::vector<char> buffer;

  void Flush() {
    XXH3_64bits_update(&hash, buffer.data(), buffer.size());
    flushed += buffer.size();
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

void CheckedWriter::EndPart() {
  state_->Flush();
  state_->entries.push_back({state_->flushed, XXH3_64bits_digest(&state_->hash)});
  XXH3_64bits_reset(&state_->hash);
}

absl::Status CheckedWriter::Finish() {
  EndPart();
  const size_t bytes = state_->entries.size() * sizeof(PartEntry);
  const Footer footer{state_->entries.size(), XXH3_64bits(state_->entries.data(), bytes)};
  const auto append = [&](const void* from, size_t size) {
    const char* const begin = static_cast<const char*>(from);
    state_->buffer.insert(state_->buffer.end(), begin, begin + size);
  };
  append(state_->entries.data(), bytes);
  append(&footer, sizeof(footer));
  state_->WriteOut();
  if (state_->status.ok() && ::fsync(state_->file) != 0) {
    state_->status = FileError("cannot sync", errno);
  }
  return state_->status;
}

struct CheckedReader::State {
  std::shared_ptr<const OpenFile> file;
  uint64_t next_read = 0;   // place in the file
  uint64_t left = 0;        // bytes that were not handed out
  uint64_t unread = 0;      // of them, those that were not read
  XXH64_hash_t stored = 0;  // the checksum
  bool ok = true;
  XXH3_state_t hash;
  std::vector<char> buffer;
  size_t next = 0;

  void Fill() {
    const auto size = static_cast<size_t>(std::min<uint64_t>(kBufferBytes, unread));
    buffer.resize(size);
    next = 0;
    ok = ok && size > 0 && file->ReadExactly(next_read, buffer.data(), size);
    if (!ok) return;
    next_read += size;
    unread -= size;
    XXH3_64bits_update(&hash, buffer.data(), size);
  }
};

CheckedReader::CheckedReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
CheckedReader::CheckedReader(CheckedReader&&) noexcept = default;
CheckedReader::~CheckedReader() = default;

absl::StatusOr<std::vector<CheckedReader>> CheckedReader::OpenParts(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FileError("cannot open the file", errno);
  const auto file = std::make_shared<const OpenFile>(descriptor);
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0) return FileError("cannot look at the file", errno);
  CLV_ASSIGN_OR_RETURN(const std::vector<PartEntry> entries,
                       ReadEntries(*file, static_cast<uint64_t>(status.st_size)));
  std::vector<CheckedReader> readers;
  uint64_t begin = 0;
  for (const PartEntry& entry : entries) {
    auto state = std::make_unique<State>();
    state->file = file;
    state->next_read = begin;
    state->left = state->unread = entry.end - begin;
    state->stored = entry.hash;
    XXH3_64bits_reset(&state->hash);
    readers.push_back(CheckedReader(std::move(state)));
    begin = entry.end;
  }
  return readers;
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
  const bool is_whole = state_->ok && state_->left == 0 && state_->unread == 0 &&
                        state_->stored == XXH3_64bits_digest(&state_->hash);
  return is_whole ? absl::OkStatus() : Damaged();
}

}  // namespace clv::query
