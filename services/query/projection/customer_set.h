// services/query/projection/customer_set.h: some of a version's customers, a bit for each.
#ifndef CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_SET_H_
#define CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_SET_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "services/query/projection/chained_list.h"
#include "services/query/projection/column.h"

namespace clv::query {

// By number. A set is changed by one thread until it is sealed and is immutable from then on; its
// successor shares what did not change, see ChainedList.
class CustomerSet {
 public:
  CustomerSet() = default;
  // Not sealed. `of_chunks`: the customers of each chunk.
  explicit CustomerSet(const std::vector<CustomerBits>& of_chunks) {
    for (size_t c = 0; c < of_chunks.size(); ++c) {
      if (c % kBlockChunks == 0) blocks_.Append(std::make_unique<Block>());
      blocks_.Open(c / kBlockChunks)[c % kBlockChunks] = of_chunks[c];
    }
  }

  // Customers beyond those that were ever put are not in it.
  bool Has(uint32_t number) const {
    const size_t chunk = number / kChunkCustomers;
    if (chunk / kBlockChunks >= blocks_.size()) return false;
    return (blocks_[chunk / kBlockChunks][chunk % kBlockChunks] >> number % kChunkCustomers & 1) !=
           0;
  }

  // Wants a sealed set.
  CustomerSet Successor() const { return CustomerSet(blocks_.Successor()); }
  // Both want one that is not.
  void Put(uint32_t number, bool is_in) {
    if (Has(number) == is_in) return;
    const size_t chunk = number / kChunkCustomers;
    while (chunk / kBlockChunks >= blocks_.size()) blocks_.Append(std::make_unique<Block>());
    CustomerBits& bits = blocks_.Open(chunk / kBlockChunks)[chunk % kBlockChunks];
    bits ^= CustomerBits{1} << number % kChunkCustomers;
  }
  void Seal() { blocks_.Seal(); }

  // See ChainedList.
  void Withdraw() const { blocks_.Withdraw(); }

  // In memory; sets share most of it.
  size_t bytes() const { return blocks_.size() * (sizeof(Block) + sizeof(Block*)); }

 private:
  static constexpr size_t kBlockChunks = 32;
  using Block = std::array<CustomerBits, kBlockChunks>;

  explicit CustomerSet(ChainedList<Block> blocks) : blocks_(std::move(blocks)) {}

  ChainedList<Block> blocks_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_SET_H_
