// services/query/projection/packed_bits.h: numbers of any width, one bit after the other.
#ifndef CLV_SERVICES_QUERY_PROJECTION_PACKED_BITS_H_
#define CLV_SERVICES_QUERY_PROJECTION_PACKED_BITS_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace clv::query {

static_assert(std::endian::native == std::endian::little);

// The most bits that one ReadBits gives, wherever they begin.
inline constexpr unsigned kMostBitsAtOnce = 57;

// Words that hold so many bits and can be read from any of them, and from behind the last: a read
// fetches eight bytes.
constexpr size_t WordsOf(size_t bits) { return (bits + 63) / 64 + 1; }

// The lowest `count` bits; wants count < 64.
constexpr uint64_t LowBits(unsigned count) { return (uint64_t{1} << count) - 1; }

// From bit `at` on at least kMostBitsAtOnce bits, the first one lowest; others may lie above.
inline uint64_t LoadBits(const uint64_t* words, size_t at) {
  uint64_t bits;
  std::memcpy(&bits, reinterpret_cast<const char*>(words) + at / 8, sizeof(bits));
  return bits >> at % 8;
}
// Of those `count`, at most kMostBitsAtOnce.
inline uint64_t ReadBits(const uint64_t* words, size_t at, unsigned count) {
  return LoadBits(words, at) & LowBits(count);
}
// Likewise up to 64.
inline uint64_t ReadManyBits(const uint64_t* words, size_t at, unsigned count) {
  if (count <= kMostBitsAtOnce) return ReadBits(words, at, count);
  return ReadBits(words, at, 32) | ReadBits(words, at + 32, count - 32) << 32;
}

// Writes one number after the other.
class BitWriter {
 public:
  // Zeros, room for all that is written.
  explicit BitWriter(uint64_t* words) : words_(words) {}

  // Up to 64 bits; those above them are 0.
  void Put(uint64_t bits, unsigned count) {
    const size_t word = at_ / 64;
    const unsigned shift = at_ % 64;
    words_[word] |= bits << shift;
    if (shift + count > 64) words_[word + 1] = bits >> (64 - shift);
    at_ += count;
  }

  // Bits of another list, from `at` on.
  void Copy(const uint64_t* words, size_t at, size_t count) {
    for (; count > kMostBitsAtOnce; at += kMostBitsAtOnce, count -= kMostBitsAtOnce) {
      Put(ReadBits(words, at, kMostBitsAtOnce), kMostBitsAtOnce);
    }
    if (count > 0)
      Put(ReadBits(words, at, static_cast<unsigned>(count)), static_cast<unsigned>(count));
  }

 private:
  uint64_t* words_;
  size_t at_ = 0;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_PACKED_BITS_H_
