#include "common/storage/sqlite/wal_gathering.h"

#include <cstring>
#include <type_traits>
#include <utility>

namespace clv::storage {
namespace {

// Ends with the file that it stands before.
struct GatheringFile {
  // SQLite's own files take no more than 128 KiB less one byte at once.
  static constexpr int kBufferBytes = 120 << 10;
  static constexpr int kFrameHeaderBytes = 24;

  // First: the methods of a file lead to its state.
  sqlite3_io_methods methods = {};
  const sqlite3_io_methods* real = nullptr;
  std::unique_ptr<char[]> buffer{new char[kBufferBytes]};
  int size = 0;
  sqlite3_int64 begin = 0;  // where the buffer belongs
  sqlite3_int64 next = -1;  // where the last write ended; -1: something else was done since
  bool commits = false;     // the frame whose header was written last
  const std::shared_ptr<uint64_t> writes = std::make_shared<uint64_t>(0);

  static GatheringFile& Of(sqlite3_file* file) {
    return *reinterpret_cast<GatheringFile*>(const_cast<sqlite3_io_methods*>(file->pMethods));
  }

  int WriteOut(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    ++*writes;
    return real->xWrite(file, bytes, count, offset);
  }

  int Flush(sqlite3_file* file) {
    const int count = std::exchange(size, 0);
    return count > 0 ? WriteOut(file, buffer.get(), count, begin) : SQLITE_OK;
  }

  // Before anything but a write.
  int Settle(sqlite3_file* file) {
    next = -1;
    return Flush(file);
  }

  int Write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    const bool is_appended = offset == next;
    next = offset + count;
    const int code =
        is_appended ? Append(file, bytes, count, offset) : WriteThrough(file, bytes, count, offset);
    if (code != SQLITE_OK) next = -1;
    return code;
  }

  // What changes a place that was written before has nothing behind it that would flush it.
  int WriteThrough(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    if (const int flushed = Flush(file); flushed != SQLITE_OK) return flushed;
    LookAtHeader(bytes, count);
    return WriteOut(file, bytes, count, offset);
  }

  int Append(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    if (count > kBufferBytes) return WriteThrough(file, bytes, count, offset);
    if (count > kBufferBytes - size) {
      if (const int flushed = Flush(file); flushed != SQLITE_OK) return flushed;
    }
    if (size == 0) begin = offset;
    std::memcpy(buffer.get() + size, bytes, static_cast<size_t>(count));
    size += count;
    const bool ends_commit = commits && count != kFrameHeaderBytes;
    LookAtHeader(bytes, count);
    return ends_commit ? Flush(file) : SQLITE_OK;
  }

  void LookAtHeader(const void* bytes, int count) {
    if (count != kFrameHeaderBytes) return;
    // Of the last frame of a transaction alone these bytes, the size of the database, are not 0.
    commits = std::memcmp(static_cast<const char*>(bytes) + 4, "\0\0\0\0", 4) != 0;
  }

  // Calls the method of the file that this stands before.
  template <auto Method, typename... Arguments>
  static int Settled(sqlite3_file* file, Arguments... arguments) {
    GatheringFile& state = Of(file);
    if (const int settled = state.Settle(file); settled != SQLITE_OK) return settled;
    return (state.real->*Method)(file, arguments...);
  }

  static int Close(sqlite3_file* file) {
    GatheringFile& state = Of(file);
    // What no frame has committed is nothing.
    (void)state.Settle(file);
    const std::unique_ptr<const GatheringFile> end(&state);
    file->pMethods = state.real;
    return file->pMethods->xClose(file);
  }
};

static_assert(std::is_standard_layout_v<GatheringFile>);

}  // namespace

std::shared_ptr<const uint64_t> GatherWalWrites(sqlite3* db) {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK ||
      file == nullptr || file->pMethods == nullptr) {
    return std::make_shared<uint64_t>(0);
  }
  using Methods = sqlite3_io_methods;
  auto* const state = new GatheringFile();
  state->real = file->pMethods;
  state->methods = {
      .iVersion = 1,
      .xClose = &GatheringFile::Close,
      .xRead = &GatheringFile::Settled<&Methods::xRead, void*, int, sqlite3_int64>,
      .xWrite =
          [](sqlite3_file* wal, const void* bytes, int count, sqlite3_int64 offset) {
            return GatheringFile::Of(wal).Write(wal, bytes, count, offset);
          },
      .xTruncate = &GatheringFile::Settled<&Methods::xTruncate, sqlite3_int64>,
      .xSync = &GatheringFile::Settled<&Methods::xSync, int>,
      .xFileSize = &GatheringFile::Settled<&Methods::xFileSize, sqlite3_int64*>,
      .xLock = &GatheringFile::Settled<&Methods::xLock, int>,
      .xUnlock = &GatheringFile::Settled<&Methods::xUnlock, int>,
      .xCheckReservedLock = &GatheringFile::Settled<&Methods::xCheckReservedLock, int*>,
      .xFileControl = &GatheringFile::Settled<&Methods::xFileControl, int, void*>,
      .xSectorSize =
          [](sqlite3_file* wal) { return GatheringFile::Of(wal).real->xSectorSize(wal); },
      .xDeviceCharacteristics =
          [](sqlite3_file* wal) {
            return GatheringFile::Of(wal).real->xDeviceCharacteristics(wal);
          },
      .xShmMap = nullptr,
      .xShmLock = nullptr,
      .xShmBarrier = nullptr,
      .xShmUnmap = nullptr,
      .xFetch = nullptr,
      .xUnfetch = nullptr,
  };
  file->pMethods = &state->methods;
  return state->writes;
}

}  // namespace clv::storage
