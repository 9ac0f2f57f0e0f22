#include "common/storage/sqlite/customer_places.h"

#include <algorithm>
#include <bit>

#include "absl/hash/hash.h"

namespace clv::storage {
namespace {

constexpr size_t kLeastBuckets = 16;

}  // namespace

CustomerPlaces::CustomerPlaces(size_t most_customers)
    : most_buckets_(std::max(kLeastBuckets, std::bit_floor(most_customers / Bucket::kPlaces))),
      buckets_(kLeastBuckets) {}

uint32_t CustomerPlaces::HashOf(std::string_view customer_id) {
  return static_cast<uint32_t>(absl::HashOf(customer_id));
}

int64_t CustomerPlaces::Find(std::string_view customer_id) const {
  const uint32_t hash = HashOf(customer_id);
  const Bucket& bucket = buckets_[hash & (buckets_.size() - 1)];
  for (size_t i = 0; i < Bucket::kPlaces; ++i) {
    if (bucket.hashes[i] == hash && bucket.page_ids[i] != 0) return bucket.page_ids[i];
  }
  return 0;
}

void CustomerPlaces::Note(std::string_view customer_id, int64_t page_id) {
  if (page_id <= 0 || page_id > UINT32_MAX) return;
  // Buckets fill unevenly.
  if (2 * customers_ > buckets_.size() * Bucket::kPlaces && buckets_.size() < most_buckets_) Grow();
  Put(HashOf(customer_id), static_cast<uint32_t>(page_id));
}

void CustomerPlaces::Put(uint32_t hash, uint32_t page_id) {
  Bucket& bucket = buckets_[hash & (buckets_.size() - 1)];
  size_t place = Bucket::kPlaces;
  for (size_t i = 0; i < Bucket::kPlaces; ++i) {
    if (bucket.page_ids[i] == 0) {
      if (place == Bucket::kPlaces) place = i;
    } else if (bucket.hashes[i] == hash) {
      bucket.page_ids[i] = page_id;
      return;
    }
  }
  if (place < Bucket::kPlaces) {
    ++customers_;
  } else {
    place = page_id % Bucket::kPlaces;  // any other is forgotten
  }
  bucket.hashes[place] = hash;
  bucket.page_ids[place] = page_id;
}

void CustomerPlaces::Grow() {
  std::vector<Bucket> before(2 * buckets_.size());
  before.swap(buckets_);
  customers_ = 0;
  for (const Bucket& bucket : before) {
    for (size_t i = 0; i < Bucket::kPlaces; ++i) {
      if (bucket.page_ids[i] != 0) Put(bucket.hashes[i], bucket.page_ids[i]);
    }
  }
}

}  // namespace clv::storage
