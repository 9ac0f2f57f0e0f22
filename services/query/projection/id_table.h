// services/query/projection/id_table.h: from customer ids to numbers, found while others are added.
#ifndef CLV_SERVICES_QUERY_PROJECTION_ID_TABLE_H_
#define CLV_SERVICES_QUERY_PROJECTION_ID_TABLE_H_

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "common/base/text_hash.h"

namespace clv::query {

// An open-addressed hash table of customer numbers; the ids lie with the customers. One thread
// adds, any thread looks up: it may meet numbers that its version does not have yet, and asks
// `is_it` about none of those. Numbers are never removed.
class IdTable {
 public:
  // Room for `customers`; the table must not be given more than its capacity.
  explicit IdTable(size_t customers) {
    size_ = std::max<size_t>(64, customers / 3 * 4 + 4);
    number_mask_ = static_cast<uint32_t>(std::bit_ceil(size_) - 1);
    slots_ = std::make_unique<std::atomic<uint32_t>[]>(size_);
  }

  size_t capacity() const { return size_ / 4 * 3; }
  size_t bytes() const { return size_ * sizeof(slots_[0]); }

  void Add(std::string_view id, uint32_t number) {
    const uint64_t hash = TextHash(id);
    size_t slot = SlotOf(hash);
    while (slots_[slot].load(std::memory_order_relaxed) != 0) slot = After(slot);
    slots_[slot].store(TagOf(hash) | (number + 1), std::memory_order_release);
  }

  // Fetches what Find will look at first. Inline: GCC drops calls that do nothing else.
  [[gnu::always_inline]] void Prefetch(std::string_view id) const {
    __builtin_prefetch(&slots_[SlotOf(TextHash(id))]);
  }
  // The number that Find will ask about first; absent: none.
  std::optional<uint32_t> Guess(std::string_view id) const {
    const uint32_t found = NumberIn(slots_[SlotOf(TextHash(id))].load(std::memory_order_acquire));
    return found != 0 ? std::optional(found - 1) : std::nullopt;
  }

  // The number below `size` for which `is_it(number)` says that its id is `id`.
  template <typename IsIt>
  std::optional<uint32_t> Find(std::string_view id, uint32_t size, const IsIt& is_it) const {
    const uint64_t hash = TextHash(id);
    for (size_t slot = SlotOf(hash);; slot = After(slot)) {
      const uint32_t value = slots_[slot].load(std::memory_order_acquire);
      if (value == 0) return std::nullopt;
      const uint32_t found = NumberIn(value);
      if (value == (TagOf(hash) | found) && found <= size && is_it(found - 1)) return found - 1;
    }
  }

 private:
  size_t SlotOf(uint64_t hash) const { return (hash & UINT32_MAX) * size_ >> 32; }
  size_t After(size_t slot) const { return slot + 1 < size_ ? slot + 1 : 0; }
  // Numbers leave bits of a slot free: those of the hash there tell most other ids apart, so that
  // nobody need look at theirs.
  uint32_t NumberIn(uint32_t value) const { return value & number_mask_; }
  uint32_t TagOf(uint64_t hash) const { return static_cast<uint32_t>(hash >> 32) & ~number_mask_; }

  size_t size_ = 0;
  uint32_t number_mask_ = 0;                        // the bits that numbers + 1 take
  std::unique_ptr<std::atomic<uint32_t>[]> slots_;  // tag and number + 1; 0: free
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_ID_TABLE_H_
