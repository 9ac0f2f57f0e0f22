// common/base/status_macros.h: early return on a failed absl::Status or absl::StatusOr.
//
// Example:
//   absl::StatusOr<int> Twice(absl::string_view text) {
//     CLV_ASSIGN_OR_RETURN(const int value, Parse(text));
//     CLV_RETURN_IF_ERROR(Check(value));
//     return 2 * value;
//   }
#ifndef CLV_COMMON_BASE_STATUS_MACROS_H_
#define CLV_COMMON_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status of `expr` from the enclosing function unless it is OK.
#define CLV_RETURN_IF_ERROR(expr)                             \
  do {                                                        \
    if (absl::Status clv_status = (expr); !clv_status.ok()) { \
      return clv_status;                                      \
    }                                                         \
  } while (false)

// Evaluates `expr` (a StatusOr) and assigns its value to `lhs` (which may be a declaration), or
// returns its status.
#define CLV_ASSIGN_OR_RETURN(lhs, ...) \
  CLV_ASSIGN_OR_RETURN_IMPL_(CLV_CONCAT_(clv_status_or_, __LINE__), lhs, (__VA_ARGS__))

#define CLV_ASSIGN_OR_RETURN_IMPL_(status_or, lhs, expr) \
  auto status_or = expr;                                 \
  if (!status_or.ok()) {                                 \
    return std::move(status_or).status();                \
  }                                                      \
  lhs = *std::move(status_or)

#define CLV_CONCAT_(a, b) CLV_CONCAT_INNER_(a, b)
#define CLV_CONCAT_INNER_(a, b) a##b

#endif  // CLV_COMMON_BASE_STATUS_MACROS_H_
