// services/gateway/rule_set.h: reads the `google.api.http` annotations of services and checks them.
#ifndef CLV_SERVICES_GATEWAY_RULE_SET_H_
#define CLV_SERVICES_GATEWAY_RULE_SET_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "services/gateway/path_matcher.h"
#include "services/gateway/transcoder.h"

namespace clv::gateway {

// Rules and the matcher that finds them by their index in `rules`.
struct RuleSet {
  std::vector<std::unique_ptr<const HttpRule>> rules;
  PathMatcher matcher;
};

// The rules of `services`, additional bindings included; with `options.auto_mapping` also those of
// methods without one. Errors as Transcoder::Create says.
absl::StatusOr<RuleSet> BuildRuleSet(
    const std::vector<const google::protobuf::ServiceDescriptor*>& services,
    const TranscoderOptions& options);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_RULE_SET_H_
