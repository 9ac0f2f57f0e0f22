// services/query/projection/customer_profiles.h: what purchases do not change of the customers of a
// chunk.
#ifndef CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_PROFILES_H_
#define CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_PROFILES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "services/query/projection/column.h"

namespace clv::query {

// Ids, of at most 1,023 bytes each, and signups. Chunks share them until a customer is described
// anew.
class CustomerProfiles {
 public:
  Column<uint32_t> signup = {};  // storage::kNoInstant: none

  // Of a customer that has one; else empty.
  std::string_view Id(size_t i) const {
    const size_t begin = i > 0 ? ends_[i - 1] : 0;
    return std::string_view(ids_).substr(begin, ends_[i] - begin);
  }
  // Gives one to a customer; those before have theirs, those after none.
  void AppendId(size_t i, std::string_view id) {
    ids_.append(id);
    ids_.shrink_to_fit();
    for (; i < kChunkCustomers; ++i) ends_[i] = static_cast<uint16_t>(ids_.size());
  }

  // Fetches what leads to an id. Inline: GCC drops calls that do nothing else.
  [[gnu::always_inline]] void PrefetchPlace(size_t i) const {
    __builtin_prefetch(&ends_[i]);
    __builtin_prefetch(&ids_);
  }
  [[gnu::always_inline]] void PrefetchId(size_t i) const {
    __builtin_prefetch(ids_.data() + ends_[i]);
  }

  // What the ids are made of: all of them, and where each ends.
  const std::string& ids() const { return ids_; }
  const Column<uint16_t>& id_ends() const { return ends_; }
  // False, and nothing is changed, where the ends do not rise up to the end of `ids`.
  bool Restore(std::string ids, const Column<uint16_t>& ends) {
    if (!std::is_sorted(ends.begin(), ends.end()) || ends.back() != ids.size()) return false;
    ids_ = std::move(ids);
    ends_ = ends;
    return true;
  }

  // In memory.
  size_t bytes() const { return sizeof(*this) + ids_.capacity(); }

 private:
  Column<uint16_t> ends_ = {};
  std::string ids_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_CUSTOMER_PROFILES_H_
