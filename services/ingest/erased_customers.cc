#include "services/ingest/erased_customers.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <utility>

namespace clv::ingest {

ErasedCustomers::ErasedCustomers(std::string key, const std::vector<std::string>& hashes)
    : key_(std::move(key)), hashes_(hashes.begin(), hashes.end()), generation_(hashes_.size()) {}

std::string ErasedCustomers::HashOf(std::string_view customer_id) const {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(customer_id.data()), customer_id.size(), hash, &size);
  return {reinterpret_cast<const char*>(hash), size};
}

void ErasedCustomers::Add(const std::string& hash) {
  std::lock_guard lock(mutex_);
  if (hashes_.insert(hash).second) ++generation_;
}

bool ErasedCustomers::Contains(std::string_view customer_id) const {
  // Almost always nobody was erased: then there is nothing to compute.
  if (generation_ == 0) return false;
  const std::string hash = HashOf(customer_id);
  std::shared_lock lock(mutex_);
  return hashes_.contains(hash);
}

}  // namespace clv::ingest
