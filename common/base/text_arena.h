// common/base/text_arena.h: room for many short texts that go together.
#ifndef CLV_COMMON_BASE_TEXT_ARENA_H_
#define CLV_COMMON_BASE_TEXT_ARENA_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace clv {

// Views stay valid until Clear or the arena's end. Thread-compatible.
class TextArena {
 public:
  // `first` and `second` one after the other.
  std::string_view Join(std::string_view first, std::string_view second) {
    char* const place = Take(first.size() + second.size());
    if (!first.empty()) std::memcpy(place, first.data(), first.size());
    if (!second.empty()) std::memcpy(place + first.size(), second.data(), second.size());
    return {place, first.size() + second.size()};
  }
  // So many bytes, to be written by the caller.
  char* Room(size_t bytes) { return Take(bytes); }
  std::string_view Keep(std::string_view text) { return Join(text, {}); }

  // Forgets all texts; keeps one block of room.
  void Clear() {
    if (blocks_.size() > 1) blocks_.erase(blocks_.begin() + 1, blocks_.end());
    next_ = blocks_.empty() ? nullptr : blocks_.front().bytes.get();
    left_ = blocks_.empty() ? 0 : blocks_.front().size;
  }

 private:
  static constexpr size_t kBlockBytes = 64 << 10;
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };

  char* Take(size_t bytes) {
    if (bytes > left_) {
      const size_t size = std::max(bytes, kBlockBytes);
      blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
      next_ = blocks_.back().bytes.get();
      left_ = size;
    }
    left_ -= bytes;
    char* const place = next_;
    next_ += bytes;
    return place;
  }

  std::vector<Block> blocks_;
  char* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace clv

#endif  // CLV_COMMON_BASE_TEXT_ARENA_H_
