// common/base/text_hash.h: the hash of texts that is kept in files.
#ifndef CLV_COMMON_BASE_TEXT_HASH_H_
#define CLV_COMMON_BASE_TEXT_HASH_H_

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string_view>

namespace clv {

// XXH3, 64 bits, seed 0: the same on every machine and in every release.
inline uint64_t TextHash(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

}  // namespace clv

#endif  // CLV_COMMON_BASE_TEXT_HASH_H_
