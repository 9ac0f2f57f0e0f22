// common/rpc/access_table.h: who may call which method, as the protos say it.
#ifndef CLV_COMMON_RPC_ACCESS_TABLE_H_
#define CLV_COMMON_RPC_ACCESS_TABLE_H_

#include <google/protobuf/descriptor.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/rpc/scopes.h"

namespace clv::rpc {

// The rule of one method: its option `(clv.v1.access)`.
struct AccessRule {
  bool is_public = false;  // needs no token
  std::vector<std::string>
      any_of;              // scopes of which one suffices; `AUTHENTICATED` admits any valid token
  bool is_stream = false;  // client-streaming: no deadline is imposed
  bool applies_fixed_params = false;  // opens to scopes with fixed parameters, too
};

// OK when the caller has one of the rule's scopes, else PERMISSION_DENIED with the scopes in the
// message.
absl::Status CheckAccess(const AccessRule& rule, const Caller& caller);

// The rules of one service. Immutable.
class AccessTable {
 public:
  // Methods without the option get no rule.
  explicit AccessTable(const google::protobuf::ServiceDescriptor& service);

  // The rule of a method by its short name (`GetClvBySegment`); null when there is no such method
  // or it has no rule, which means: refuse.
  const AccessRule* Find(const std::string& method) const;

 private:
  std::map<std::string, AccessRule> rules_;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_ACCESS_TABLE_H_
