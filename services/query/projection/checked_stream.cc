#include "services/query/projection/checked_stream.h"

#define XXH_INLINE_ALL
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv::query {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;
// The fastest: what the others save is little, and a start waits for the reading.
constexpr int kCompressionLevel = 1;

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
  uint64_t end = 0;   // bytes from the begin of the file; the part begins where the last one ends
  uint64_t size = 0;  // of what was written
  XXH64_hash_t hash = 0;
};

// A part is a row of blocks, each of which is compressed for itself.
struct BlockHeader {
  uint32_t size = 0;    // at most kBufferBytes
  uint32_t packed = 0;  // bytes that follow
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
  uint64_t part_size = 0;
  std::vector<PartEntry> entries;
  absl::Status status;
  XXH3_state_t hash;
  std::vector<char> buffer;
  std::vector<char> packed;
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(),
                                                                     &ZSTD_freeCCtx};

  void Flush() {
    if (buffer.empty()) return;
    packed.resize(sizeof(BlockHeader) + ZSTD_compressBound(buffer.size()));
    const size_t size = ZSTD_compressCCtx(context.get(), packed.data() + sizeof(BlockHeader),
                                          packed.size() - sizeof(BlockHeader), buffer.data(),
                                          buffer.size(), kCompressionLevel);
    if (ZSTD_isError(size) != 0) {
      // There is always room; what is left is memory.
      if (status.ok()) status = absl::ResourceExhaustedError("snapshot: cannot compress a block");
      buffer.clear();
      return;
    }
    const BlockHeader header{static_cast<uint32_t>(buffer.size()), static_cast<uint32_t>(size)};
    std::memcpy(packed.data(), &header, sizeof(header));
    packed.resize(sizeof(header) + size);
    part_size += buffer.size();
    buffer.swap(packed);
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
  state_->entries.push_back({.end = state_->flushed,
                             .size = std::exchange(state_->part_size, 0),
                             .hash = XXH3_64bits_digest(&state_->hash)});
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
  uint64_t unread = 0;      // packed ones that were not read
  XXH64_hash_t stored = 0;  // the checksum
  bool ok = true;
  XXH3_state_t hash;
  std::vector<char> packed;
  std::vector<char> buffer;
  size_t next = 0;
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context{nullptr, &ZSTD_freeDCtx};

  void Fill() {
    if (context == nullptr) context.reset(ZSTD_createDCtx());
    next = 0;
    BlockHeader header;
    ok = ok && ReadPacked(&header, sizeof(header)) && header.size > 0 &&
         header.size <= kBufferBytes && header.packed <= unread;
    if (!ok) return;
    packed.resize(header.packed);
    buffer.resize(header.size);
    ok = ReadPacked(packed.data(), packed.size()) &&
         ZSTD_decompressDCtx(context.get(), buffer.data(), buffer.size(), packed.data(),
                             packed.size()) == buffer.size();
  }
  bool ReadPacked(void* to, size_t size) {
    if (size > unread || !file->ReadExactly(next_read, static_cast<char*>(to), size)) return false;
    next_read += size;
    unread -= size;
    XXH3_64bits_update(&hash, to, size);
    return true;
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
    state->left = entry.size;
    state->unread = entry.end - begin;
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
  // Another part may have their room, which an assignment of nothing would keep.
  std::vector<char>().swap(state_->buffer);
  std::vector<char>().swap(state_->packed);
  state_->context.reset();
  return is_whole ? absl::OkStatus() : Damaged();
}

}  // namespace clv::query
