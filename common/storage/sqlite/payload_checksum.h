// common/storage/sqlite/payload_checksum.h: the CRC-32 that guards a log record.
#ifndef CLV_COMMON_STORAGE_SQLITE_PAYLOAD_CHECKSUM_H_
#define CLV_COMMON_STORAGE_SQLITE_PAYLOAD_CHECKSUM_H_

#include <zlib.h>

#include <cstdint>
#include <string_view>

namespace clv::storage {

// CRC-32 (zlib) of a record's payload.
inline uint32_t PayloadChecksum(std::string_view payload) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(payload.data()), payload.size()));
}

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_PAYLOAD_CHECKSUM_H_
