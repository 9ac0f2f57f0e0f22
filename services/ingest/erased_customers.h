// services/ingest/erased_customers.h: who was erased, known by keyed hashes only.
#ifndef CLV_SERVICES_INGEST_ERASED_CUSTOMERS_H_
#define CLV_SERVICES_INGEST_ERASED_CUSTOMERS_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace clv::ingest {

// The erased customers of one installation. Thread-safe.
class ErasedCustomers {
 public:
  // `key` and `hashes`: EventLog::ErasureKey and ErasedHashes.
  ErasedCustomers(std::string key, const std::vector<std::string>& hashes);

  // HMAC-SHA256 of the id.
  std::string HashOf(std::string_view customer_id) const;

  void Add(const std::string& hash);
  bool Contains(std::string_view customer_id) const;

  // Rises with every Add of a new hash.
  uint64_t generation() const { return generation_; }

 private:
  const std::string key_;
  mutable std::shared_mutex mutex_;
  std::unordered_set<std::string> hashes_;  // guarded by mutex_
  std::atomic<uint64_t> generation_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_ERASED_CUSTOMERS_H_
