// services/gateway/header_mapping.h: HTTP headers to gRPC metadata and back.
//
// Pure functions.
#ifndef CLV_SERVICES_GATEWAY_HEADER_MAPPING_H_
#define CLV_SERVICES_GATEWAY_HEADER_MAPPING_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "services/gateway/http_types.h"
#include "services/gateway/reply_metadata.h"

namespace clv::gateway {

// The metadata of the upstream call: every header of `request` by its lower-case name,
// authorization too, but not
// - those of the connection (RFC 9110 section 7.6.1, and what `connection` names), host, expect,
// content-length,
// - content-type, which gRPC sets, and names that begin with `grpc-`,
// - what gRPC cannot carry: other characters in a name than [0-9a-z_.-], in a value than printable
// ASCII.
// `-bin` headers are decoded from base64. `x-envoy-original-path` (`target`, percent-encoded where
// needed) and `x-envoy-original-method` are ours, whatever the client sent.
HttpHeaders RequestMetadata(const HttpRequest& request, std::string_view target);

// Response headers from upstream metadata: all but those of the connection, content-type,
// content-length and `grpc-` names. Those of `-bin` names in base64, as they are on gRPC's wire.
HttpHeaders ResponseHeaders(const MetadataMap& metadata);

// Base64 without padding, as gRPC writes the value of a `-bin` name.
std::string MetadataBase64(const std::string& bytes);

// Whether the content type is that of a gRPC call.
bool IsGrpcContentType(std::string_view content_type);

// How long the client will wait: `grpc-timeout` (gRPC over HTTP2: up to 8 digits and one of
// HMSmun), else `x-envoy-expected-rq-timeout-ms`. Nothing where neither is there and well-formed.
std::optional<std::chrono::nanoseconds> ClientTimeout(const HttpHeaders& headers);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HEADER_MAPPING_H_
