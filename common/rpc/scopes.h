// common/rpc/scopes.h: what a token opens.
//
// A scope is `ADMIN` (everything), `TOKENS`, or `TYPE:ACTION:resource` with one of the types
// DATASOURCES:APPEND, DATASOURCES:READ, PIPES:READ; the resource `*` stands for any.
#ifndef CLV_COMMON_RPC_SCOPES_H_
#define CLV_COMMON_RPC_SCOPES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace clv::rpc {

// The canonical form of a scope as a client writes it: `DATASOURCE:` and `PIPE:` become
// `DATASOURCES:` and `PIPES:`. A resource is `*` or 1 to 128 letters, digits and `_`.
// INVALID_ARGUMENT (a field violation of `scopes`) for anything else.
absl::StatusOr<std::string> CanonicalScope(std::string_view text);

// Who calls, and what the token opens.
struct Caller {
  std::string name;  // of the token; `admin` for the admin token; empty for a call that needs none
  std::vector<std::string> scopes;  // canonical

  // Whether one of the scopes opens what `scope` names.
  bool May(std::string_view scope) const;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_SCOPES_H_
