// common/storage/sqlite/key_filter.h: a set of hashes in memory that may say yes too often.
#ifndef CLV_COMMON_STORAGE_SQLITE_KEY_FILTER_H_
#define CLV_COMMON_STORAGE_SQLITE_KEY_FILTER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace clv::storage {

// A split block Bloom filter: a hash sets one bit in each of the eight words of one 32-byte block
// (https://parquet.apache.org/docs/file-format/bloomfilter/), so that a question costs one cache
// miss. With 10 to 20 bits a hash it wrongly says yes to fewer than one in a hundred.
// Thread-compatible.
class KeyFilter {
 public:
  // Room for at least `capacity` hashes of 40 bits.
  explicit KeyFilter(uint64_t capacity) {
    while (blocks() * kHashesOfBlock < capacity) ++block_bits_;
    blocks_.resize(blocks());
  }

  // How many hashes it holds well.
  uint64_t capacity() const { return blocks() * kHashesOfBlock; }

  void Add(uint64_t hash) {
    Block& block = blocks_[hash >> (40 - block_bits_)];
    for (size_t i = 0; i < block.size(); ++i) block[i] |= Bit(hash, i);
  }

  // False: was never added.
  bool MayContain(uint64_t hash) const {
    const Block& block = blocks_[hash >> (40 - block_bits_)];
    bool contains = true;
    for (size_t i = 0; i < block.size(); ++i) contains &= (block[i] & Bit(hash, i)) != 0;
    return contains;
  }

  void Prefetch(uint64_t hash) const { __builtin_prefetch(&blocks_[hash >> (40 - block_bits_)]); }

 private:
  using Block = std::array<uint32_t, 8>;
  static constexpr uint64_t kHashesOfBlock = 24;
  static constexpr Block kSalts = {0x47b6137bu, 0x44974d91u, 0x8824ad5bu, 0xa2b7289du,
                                   0x705495c7u, 0x2df1424bu, 0x9efc4947u, 0x5c6bfb31u};

  static uint32_t Bit(uint64_t hash, size_t word) {
    return 1u << ((static_cast<uint32_t>(hash) * kSalts[word]) >> 27);
  }
  uint64_t blocks() const { return uint64_t{1} << block_bits_; }

  unsigned block_bits_ = 10;
  std::vector<Block> blocks_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_KEY_FILTER_H_
