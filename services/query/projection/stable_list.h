// services/query/projection/stable_list.h: a list that grows at its end while others read it.
#ifndef CLV_SERVICES_QUERY_PROJECTION_STABLE_LIST_H_
#define CLV_SERVICES_QUERY_PROJECTION_STABLE_LIST_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace clv::query {

// Elements never move. One thread appends; any thread reads the elements below a size that reached
// it by something that synchronises (the version that it reads).
template <typename T>
class StableList {
 public:
  StableList() : blocks_(std::make_unique<Directory>()) {}
  StableList(const StableList&) = delete;
  StableList& operator=(const StableList&) = delete;
  ~StableList() {
    for (std::atomic<Block*>& block : *blocks_) delete block.load(std::memory_order_relaxed);
  }

  // Wants fewer than kBlocks * kBlockSize elements (67 million).
  size_t Append(T value) {
    std::atomic<Block*>& slot = (*blocks_)[size_ / kBlockSize];
    Block* block = slot.load(std::memory_order_relaxed);
    if (block == nullptr) {
      block = new Block();
      slot.store(block, std::memory_order_release);
    }
    (*block)[size_ % kBlockSize] = std::move(value);
    return size_++;
  }

  const T& operator[](size_t index) const {
    return (*(*blocks_)[index / kBlockSize].load(std::memory_order_acquire))[index % kBlockSize];
  }

  // Of the appending thread.
  size_t size() const { return size_; }

 private:
  static constexpr size_t kBlockSize = 1024;
  static constexpr size_t kBlocks = 65'536;
  using Block = std::array<T, kBlockSize>;
  using Directory = std::array<std::atomic<Block*>, kBlocks>;

  std::unique_ptr<Directory> blocks_;
  size_t size_ = 0;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_STABLE_LIST_H_
