// services/ingest/erased_customers.h: whose rows are refused because they were erased.
#ifndef CLV_SERVICES_INGEST_ERASED_CUSTOMERS_H_
#define CLV_SERVICES_INGEST_ERASED_CUSTOMERS_H_

#include <atomic>
#include <cstdint>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace clv::ingest {

// The erased customers of an installation, known by keyed hashes only: nobody can read the ids out
// of the set, and nobody without the key can try ids out. Grows, never shrinks. Thread-safe.
class ErasedCustomers {
 public:
  // `key`: EventLog::ErasureKey. `hashes`: of those who were erased before.
  explicit ErasedCustomers(std::string key, const std::vector<std::string>& hashes = {});

  ErasedCustomers(const ErasedCustomers&) = delete;
  ErasedCustomers& operator=(const ErasedCustomers&) = delete;

  // HMAC-SHA256 of the id, 32 bytes.
  std::string HashOf(std::string_view customer_id) const;

  // Adds the hash of an id. Rows that were looked at before may still be on their way: the
  // generation tells them.
  void Add(const std::string& hash);

  // Whether the customer was erased. Costs nothing while nobody was.
  bool Contains(std::string_view customer_id) const;

  // Moves with every Add of a new hash, after the set has it: what was looked at in a generation is
  // to be looked at again in a later one. 0: the set is empty.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  const std::string key_;
  std::atomic<uint64_t> generation_ = 0;
  mutable std::shared_mutex mutex_;
  std::unordered_set<std::string> hashes_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_ERASED_CUSTOMERS_H_
