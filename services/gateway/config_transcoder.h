// services/gateway/config_transcoder.h: the part of the configuration that Envoy's
// GrpcJsonTranscoder would take, too.
//
// Internal to config.cc.
#ifndef CLV_SERVICES_GATEWAY_CONFIG_TRANSCODER_H_
#define CLV_SERVICES_GATEWAY_CONFIG_TRANSCODER_H_

#include <string>

#include "absl/status/statusor.h"
#include "services/gateway/config_reader.h"
#include "services/gateway/transcoder.h"

namespace clv::gateway {

struct TranscoderConfig {
  TranscoderOptions options;
  std::string descriptor_set;
};

// Reads a file that the configuration names, beside it in `directory` or in the working directory.
// NOT_FOUND where it is in neither.
absl::StatusOr<std::string> ReadNamedFile(const std::string& name, const std::string& directory);

// Options that nothing depends on here are taken and have no effect: where nothing is ever passed
// through, `reject_unknown_method` and `reject_unknown_query_parameters` are always on, and there
// are no routes for `match_incoming_request_route` to choose from.
absl::StatusOr<TranscoderConfig> ReadTranscoderConfig(const YAML::Node& node,
                                                      const std::string& directory);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_CONFIG_TRANSCODER_H_
