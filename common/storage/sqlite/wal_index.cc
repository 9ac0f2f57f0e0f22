#include "common/storage/sqlite/wal_index.h"

#include <cstddef>

namespace clv::storage {
namespace {

// The shared memory is mapped in regions of this size.
constexpr int kRegionBytes = 32'768;

}  // namespace

std::optional<WalIndexHeader> ReadWalIndexHeader(sqlite3* db) {
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK || file == nullptr || file->pMethods == nullptr) return std::nullopt;
  constexpr int kWithSharedMemory = 2;
  if (file->pMethods->iVersion < kWithSharedMemory) return std::nullopt;
  void volatile* region = nullptr;
  if (file->pMethods->xShmMap(file, 0, kRegionBytes, 0, &region) != SQLITE_OK ||
      region == nullptr) {
    return std::nullopt;
  }
  const auto* const words = const_cast<const uint32_t*>(static_cast<uint32_t volatile*>(region));
  WalIndexHeader header;
  for (size_t i = 0; i < header.size(); ++i) {
    header[i] = __atomic_load_n(words + i, __ATOMIC_ACQUIRE);
  }
  return header;
}

}  // namespace clv::storage
