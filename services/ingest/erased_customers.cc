#include "services/ingest/erased_customers.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>

namespace clv::ingest {
namespace {

constexpr size_t kHashBytes = 32;

// A HMAC that remembers its key: setting one up costs more than most ids do.
class KeyedHash {
 public:
  std::string Of(const std::string& key, std::string_view text) {
    if (context_ == nullptr || key != key_) SetKey(key);
    std::array<unsigned char, kHashBytes> hash{};
    size_t size = 0;
    // Without a key the one that was set counts. These fail for want of memory only.
    if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
        EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(text.data()),
                       text.size()) != 1 ||
        EVP_MAC_final(context_.get(), hash.data(), &size, hash.size()) != 1) {
      std::abort();
    }
    return {reinterpret_cast<const char*>(hash.data()), size};
  }

 private:
  struct Freer {
    void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  };

  void SetKey(const std::string& key) {
    const std::unique_ptr<EVP_MAC, Freer> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    context_.reset(EVP_MAC_CTX_new(mac.get()));
    if (context_ == nullptr ||
        EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(key.data()), key.size(),
                     parameters) != 1) {
      std::abort();
    }
    key_ = key;
  }

  std::string key_;
  std::unique_ptr<EVP_MAC_CTX, Freer> context_;
};

}  // namespace

ErasedCustomers::ErasedCustomers(std::string key, const std::vector<std::string>& hashes)
    : key_(std::move(key)) {
  for (const std::string& hash : hashes) Add(hash);
}

std::string ErasedCustomers::HashOf(std::string_view customer_id) const {
  thread_local KeyedHash hash;
  return hash.Of(key_, customer_id);
}

void ErasedCustomers::Add(const std::string& hash) {
  std::unique_lock lock(mutex_);
  if (hashes_.insert(hash).second) generation_.fetch_add(1, std::memory_order_release);
}

bool ErasedCustomers::Contains(std::string_view customer_id) const {
  if (generation() == 0) return false;
  const std::string hash = HashOf(customer_id);
  std::shared_lock lock(mutex_);
  return hashes_.contains(hash);
}

}  // namespace clv::ingest
