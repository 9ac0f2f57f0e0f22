// common/storage/sqlite/customer_places.h: where customers' rows lie, as far as one knows.
#ifndef CLV_COMMON_STORAGE_SQLITE_CUSTOMER_PLACES_H_
#define CLV_COMMON_STORAGE_SQLITE_CUSTOMER_PLACES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace clv::storage {

// Tells which row of `customer_clv` a customer probably has, so that a fold need not look it up in
// the index, which is a page read more. It keeps hashes, not ids: whoever asks reads the row, and
// sees whether it is the customer's. Thread-compatible.
class CustomerPlaces {
 public:
  // Of about `most_customers`, eight bytes each; of more, some are forgotten. It begins small.
  explicit CustomerPlaces(size_t most_customers = size_t{2} << 20);

  // The page_id of the row; 0: not known.
  int64_t Find(std::string_view customer_id) const;
  // What was noted last counts. A page_id of more than 32 bits is not kept.
  void Note(std::string_view customer_id, int64_t page_id);

  size_t most_customers() const { return most_buckets_ * Bucket::kPlaces; }
  // In memory.
  size_t bytes() const { return buckets_.size() * sizeof(Bucket); }

 private:
  // A line of memory.
  struct alignas(64) Bucket {
    static constexpr size_t kPlaces = 8;
    std::array<uint32_t, kPlaces> hashes = {};
    std::array<uint32_t, kPlaces> page_ids = {};  // 0: free
  };

  static uint32_t HashOf(std::string_view customer_id);
  void Put(uint32_t hash, uint32_t page_id);
  void Grow();

  const size_t most_buckets_;
  std::vector<Bucket> buckets_;  // a power of two
  size_t customers_ = 0;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_CUSTOMER_PLACES_H_
