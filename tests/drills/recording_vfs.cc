#include "tests/drills/recording_vfs.h"

#include <sqlite3.h>

#include <new>

namespace clv::drills {
namespace {

RecordingDisk* g_disk = nullptr;
sqlite3_vfs* g_real_vfs = nullptr;

// Before the real file, in one block of memory that SQLite gives.
struct File {
  sqlite3_file base;
  std::shared_ptr<RecordedContent> content;  // null: a temporary file
};

sqlite3_file* Real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(file) + 1);
}
RecordedContent* ContentOf(sqlite3_file* file) {
  return reinterpret_cast<File*>(file)->content.get();
}

int Close(sqlite3_file* file) {
  const int code = Real(file)->pMethods->xClose(Real(file));
  reinterpret_cast<File*>(file)->content.~shared_ptr();
  return code;
}

int Meet(sqlite3_file* file, DiskOperation operation) {
  return ContentOf(file) != nullptr ? g_disk->faults().Meet(operation) : SQLITE_OK;
}

int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  const int fault = Meet(file, DiskOperation::kWrite);
  if (fault != SQLITE_OK) size /= 2;
  const int code = Real(file)->pMethods->xWrite(Real(file), bytes, size, offset);
  if (code == SQLITE_OK && ContentOf(file) != nullptr) {
    g_disk->Wrote(
        *ContentOf(file),
        {.offset = offset, .bytes = std::string(static_cast<const char*>(bytes), size_t(size))});
  }
  return fault != SQLITE_OK ? fault : code;
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int fault = Meet(file, DiskOperation::kTruncate);
  if (fault != SQLITE_OK) return fault;
  const int code = Real(file)->pMethods->xTruncate(Real(file), size);
  if (code == SQLITE_OK && ContentOf(file) != nullptr) {
    g_disk->Wrote(*ContentOf(file), {.is_truncation = true, .offset = size, .bytes = {}});
  }
  return code;
}

int Sync(sqlite3_file* file, int) {
  if (ContentOf(file) != nullptr) g_disk->AboutToSync();
  const int fault = Meet(file, DiskOperation::kSync);
  if (fault != SQLITE_OK) {
    g_disk->FailedToSync(*ContentOf(file));
    return fault;
  }
  if (ContentOf(file) != nullptr) {
    g_disk->Synced(*ContentOf(file), g_disk->PendingOf(*ContentOf(file)));
  }
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    .iVersion = 2,  // without memory mapping, which the product does not use
    .xClose = Close,
    .xRead = [](sqlite3_file* f, void* to, int n,
                sqlite3_int64 at) { return Real(f)->pMethods->xRead(Real(f), to, n, at); },
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = [](sqlite3_file* f,
                    sqlite3_int64* size) { return Real(f)->pMethods->xFileSize(Real(f), size); },
    .xLock = [](sqlite3_file* f, int lock) { return Real(f)->pMethods->xLock(Real(f), lock); },
    .xUnlock = [](sqlite3_file* f, int lock) { return Real(f)->pMethods->xUnlock(Real(f), lock); },
    .xCheckReservedLock =
        [](sqlite3_file* f, int* result) {
          return Real(f)->pMethods->xCheckReservedLock(Real(f), result);
        },
    .xFileControl =
        [](sqlite3_file* f, int what, void* argument) {
          return Real(f)->pMethods->xFileControl(Real(f), what, argument);
        },
    .xSectorSize = [](sqlite3_file* f) { return Real(f)->pMethods->xSectorSize(Real(f)); },
    .xDeviceCharacteristics =
        [](sqlite3_file* f) { return Real(f)->pMethods->xDeviceCharacteristics(Real(f)); },
    .xShmMap =
        [](sqlite3_file* f, int region, int size, int extend, void volatile** memory) {
          return Real(f)->pMethods->xShmMap(Real(f), region, size, extend, memory);
        },
    .xShmLock = [](sqlite3_file* f, int offset, int n,
                   int flags) { return Real(f)->pMethods->xShmLock(Real(f), offset, n, flags); },
    .xShmBarrier = [](sqlite3_file* f) { Real(f)->pMethods->xShmBarrier(Real(f)); },
    .xShmUnmap = [](sqlite3_file* f,
                    int deletes) { return Real(f)->pMethods->xShmUnmap(Real(f), deletes); },
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  const int fault = name != nullptr ? g_disk->faults().Meet(DiskOperation::kOpen) : SQLITE_OK;
  if (fault != SQLITE_OK) return fault;
  const int code = g_real_vfs->xOpen(g_real_vfs, name, Real(file), flags, out_flags);
  if (code != SQLITE_OK) return code;
  auto* const content =
      new (&reinterpret_cast<File*>(file)->content) std::shared_ptr<RecordedContent>();
  if (name != nullptr) {
    *content = g_disk->Opened(name, (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0);
  }
  file->pMethods = &kMethods;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs*, const char* name, int sync_directory) {
  const int code = g_real_vfs->xDelete(g_real_vfs, name, 0);
  if (code == SQLITE_OK) g_disk->Deleted(name, sync_directory != 0);
  return code;
}

}  // namespace

bool RegisterRecordingVfs(RecordingDisk& disk) {
  g_disk = &disk;
  g_real_vfs = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs vfs = *g_real_vfs;
  vfs.zName = "recording";
  vfs.szOsFile = static_cast<int>(sizeof(File)) + g_real_vfs->szOsFile;
  vfs.xOpen = Open;
  vfs.xDelete = Delete;
  return sqlite3_vfs_register(&vfs, 1) == SQLITE_OK;
}

}  // namespace clv::drills
