// common/domain/winner.h: which of two versions of a row counts.
//
// Versions of one key are compared one at a time in log order; the rule is not associative, so a
// batch is never reduced before it meets the present winner.
#ifndef CLV_COMMON_DOMAIN_WINNER_H_
#define CLV_COMMON_DOMAIN_WINNER_H_

#include <optional>

#include "common/base/seeded_bugs.h"
#include "common/domain/records.h"

namespace clv::domain {

// The instant that decides between versions, where the row carries one.
inline std::optional<int64_t> VersionOf(const Customer& row) { return row.created_at; }
inline std::optional<int64_t> VersionOf(const Purchase& row) { return row.created_at; }
inline std::optional<int64_t> VersionOf(const ImportedClv& row) { return row.updated_at; }

// Whether `candidate`, the next version in the log, replaces `present` (null: there is none) as a
// whole: it has other content, and it is not older by an instant that both carry.
template <typename Row>
bool Replaces(const Row* present, const Row& candidate) {
  if (present == nullptr) return true;
  if (*present == candidate) return false;
  const auto had = VersionOf(*present);
  const auto has = VersionOf(candidate);
  if (IsSeeded(SeededBug::kNewerWinsReversed)) return !(had && has && *has > *had);
  return !(had && has && *has < *had);
}

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_WINNER_H_
