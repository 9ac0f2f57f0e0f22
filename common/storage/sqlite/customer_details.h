// common/storage/sqlite/customer_details.h: names and products of customers, read from `clv.db` for
// the rows that are shown.
#ifndef CLV_COMMON_STORAGE_SQLITE_CUSTOMER_DETAILS_H_
#define CLV_COMMON_STORAGE_SQLITE_CUSTOMER_DETAILS_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/storage/projection_source.h"

namespace clv::storage {

// How customers were described, who were shown lately; the same ones mostly are. Thread-safe.
class RememberedDescriptions {
 public:
  // How often all was forgotten: who begins to read notes it.
  uint64_t times_forgotten();

  // By index of the ids; absent: not known. `described`: the last change that described anybody, as
  // of which they are wanted.
  std::vector<std::optional<CustomerDetails>> Find(uint64_t described,
                                                   absl::Span<const std::string_view> customer_ids);
  // Without products, from a reading that began after so many times. Forgets those as of an earlier
  // change.
  void Keep(uint64_t times_forgotten, uint64_t described, std::string_view customer_id,
            const CustomerDetails& details);
  void Forget();

 private:
  std::mutex mutex_;
  uint64_t times_forgotten_ = 0;
  uint64_t described_ = 0;
  absl::flat_hash_map<std::string, CustomerDetails> details_;
};

// Reads on a few connections.
class SqliteCustomerDetails final : public CustomerDetailsReader {
 public:
  explicit SqliteCustomerDetails(std::string path);
  ~SqliteCustomerDetails() override;

  absl::StatusOr<State> Read(absl::Span<const std::string_view> customer_ids,
                             const std::optional<ProductScope>& products, uint64_t change,
                             std::chrono::steady_clock::time_point deadline) override;
  absl::StatusOr<CustomerDetails> ReadOne(std::string_view customer_id,
                                          std::chrono::steady_clock::time_point deadline) override;
  void Forget() override { remembered_.Forget(); }

 private:
  class Connection;
  absl::StatusOr<std::unique_ptr<Connection>> Borrow();
  void GiveBack(std::unique_ptr<Connection> connection);
  const std::string path_;
  RememberedDescriptions remembered_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_CUSTOMER_DETAILS_H_
