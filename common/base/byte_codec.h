// common/base/byte_codec.h: numbers and texts in few bytes.
//
// A number takes seven bits a byte, lowest first; a signed one is zigzagged before, so that small
// magnitudes stay short; a text follows its length.
#ifndef CLV_COMMON_BASE_BYTE_CODEC_H_
#define CLV_COMMON_BASE_BYTE_CODEC_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace clv {

// Differences of instants wrap around, so that every pair has one.
inline uint64_t WrappedDifference(int64_t value, int64_t from) {
  return static_cast<uint64_t>(value) - static_cast<uint64_t>(from);
}
inline int64_t WrappedSum(int64_t from, uint64_t difference) {
  return static_cast<int64_t>(static_cast<uint64_t>(from) + difference);
}

// Appends to a buffer that it keeps.
class ByteWriter {
 public:
  void Byte(uint8_t byte) {
    *Room(1) = static_cast<char>(byte);
    ++size_;
  }
  void Number(uint64_t number) {
    char* const begin = Room(kLongestNumber);
    char* at = begin;
    for (; number >= 0x80; number >>= 7) *at++ = static_cast<char>(number | 0x80);
    *at++ = static_cast<char>(number);
    size_ += static_cast<size_t>(at - begin);
  }
  void Signed(uint64_t number) { Number((number << 1) ^ (0 - (number >> 63))); }
  void Text(std::string_view text) {
    Number(text.size());
    Bytes(text);
  }
  void Bytes(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Room(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void Reserve(size_t bytes) { Room(bytes); }
  size_t size() const { return size_; }

  // What was written; the writer is as new.
  std::string Take() {
    const size_t size = std::exchange(size_, 0);
    // Few bytes are copied into a string of their size, and the buffer stays.
    if (size <= kCopiedBytes) return std::string(bytes_, 0, size);
    bytes_.resize(size);
    return std::exchange(bytes_, {});
  }

 private:
  static constexpr size_t kLongestNumber = 10;
  static constexpr size_t kCopiedBytes = 16 << 10;

  char* Room(size_t bytes) {
    if (bytes_.size() - size_ < bytes) bytes_.resize(size_ + std::max(size_, bytes) + 64);
    return bytes_.data() + size_;
  }

  std::string bytes_;
  size_t size_ = 0;  // of them that are written
};

// Reads what ByteWriter wrote; after an error everything is 0 and empty. Texts are views into the
// bytes.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  bool at_end() const { return at_ == end_; }
  size_t size() const { return static_cast<size_t>(end_ - at_); }

  uint8_t Byte() { return at_ == end_ ? Fail() : static_cast<uint8_t>(*at_++); }
  uint64_t Number() {
    if (at_ != end_ && static_cast<uint8_t>(*at_) < 0x80) return static_cast<uint8_t>(*at_++);
    return LongNumber();
  }
  uint64_t Signed() {
    const uint64_t number = Number();
    return (number >> 1) ^ (0 - (number & 1));
  }
  // A number of at most 32 bits.
  uint32_t Id() {
    const uint64_t id = Number();
    return id <= UINT32_MAX ? static_cast<uint32_t>(id) : Fail();
  }
  std::string_view Text() {
    const uint64_t length = Number();
    if (length > size()) {
      Fail();
      return {};
    }
    const std::string_view text(at_, length);
    at_ += length;
    return text;
  }
  uint8_t Fail() {
    ok_ = false;
    at_ = end_;
    return 0;
  }

 private:
  uint64_t LongNumber() {
    // Most end within eight bytes, and those after which more come are decoded without a branch
    // that depends on how long they are.
    if (std::endian::native == std::endian::little && size() >= sizeof(uint64_t)) {
      uint64_t bytes = 0;
      std::memcpy(&bytes, at_, sizeof(bytes));
      if (const uint64_t ends = ~bytes & 0x8080'8080'8080'8080; ends != 0) {
        at_ += std::countr_zero(ends) / 8 + 1;
        bytes &= ends ^ (ends - 1);  // up to the first end
        return WithoutHighBits(bytes);
      }
    }
    uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = Byte();
      number |= uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return ok_ ? number : 0;
    }
    return Fail();
  }

  // The lower seven bits of each byte, one after the other.
  static uint64_t WithoutHighBits(uint64_t b) {
    b = (b & 0x007f'007f'007f'007f) | (b & 0x7f00'7f00'7f00'7f00) >> 1;
    b = (b & 0x0000'3fff'0000'3fff) | (b & 0x3fff'0000'3fff'0000) >> 2;
    return (b & 0x0000'0000'0fff'ffff) | (b & 0x0fff'ffff'0000'0000) >> 4;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace clv

#endif  // CLV_COMMON_BASE_BYTE_CODEC_H_
