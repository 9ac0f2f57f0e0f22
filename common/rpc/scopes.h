// common/rpc/scopes.h: what a token opens.
//
// A scope is `ADMIN` (everything), `TOKENS`, or `TYPE:ACTION:resource` with one of the types
// DATASOURCES:APPEND, DATASOURCES:READ, PIPES:READ; the resource `*` stands for any.
#ifndef CLV_COMMON_RPC_SCOPES_H_
#define CLV_COMMON_RPC_SCOPES_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/storage.h"

namespace clv::rpc {

// The canonical form of a scope as a client writes it: `DATASOURCE:` and `PIPE:` become
// `DATASOURCES:` and `PIPES:`. A resource is `*` or 1 to 128 letters, digits and `_`.
// INVALID_ARGUMENT (a field violation of `scopes`) for anything else.
absl::StatusOr<std::string> CanonicalScope(std::string_view text);

// Whether a canonical scope that a caller holds opens what `wanted` names: it is equal, ADMIN, or
// the same with the resource `*`.
bool ScopeOpens(std::string_view held, std::string_view wanted);

// Values of parameters by name.
using FixedParams = std::map<std::string, std::string>;

// A scope whose calls always get these parameters, whatever their request says.
struct FixedScope {
  std::string scope;  // canonical, of PIPES:READ
  FixedParams params;
};

// What a caller showed.
enum class CallerKind { kAdmin, kToken, kJwt };

// Who calls, and what the token opens.
struct Caller {
  // Of the token; `admin` for the admin token; empty for a call that needs none. A JWT may have the
  // name of a token.
  std::string name = {};
  // Canonical scopes that open what they name as a whole.
  std::vector<std::string> scopes = {};
  CallerKind kind = CallerKind::kToken;
  // Scopes that open only a part.
  std::vector<FixedScope> fixed_scopes = {};
  // The token's own limits.
  storage::TokenLimits limits = {};

  // Whether one of the scopes opens what `scope` names, and none of the fixed ones: so a handler
  // that knows nothing of fixed parameters refuses who must not see everything.
  bool May(std::string_view scope) const;

  // Whether one of the scopes, fixed or not, opens what `scope` names. For handlers that apply the
  // fixed parameters (fixed_params.h), and for lists of what a token opens.
  bool MayWithFixedParams(std::string_view scope) const;

  // The parameters of all fixed scopes that open what `scope` names; empty without one.
  // PERMISSION_DENIED when they contradict each other.
  absl::StatusOr<FixedParams> FixedParamsOf(std::string_view scope) const;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_SCOPES_H_
