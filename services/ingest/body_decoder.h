// services/ingest/body_decoder.h: undoing the Content-Encoding of a request body.
#ifndef CLV_SERVICES_INGEST_BODY_DECODER_H_
#define CLV_SERVICES_INGEST_BODY_DECODER_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace clv::ingest {

// Ceilings of a body: as it comes over the wire, and unpacked.
inline constexpr size_t kMaxWireBytes = 10 << 20;
inline constexpr size_t kMaxDecodedBytes = 100 << 20;
inline constexpr size_t kMaxDecodedRatio = 200;

// The body without its encoding: `gzip` (also in several members), `zstd`, `identity` or none.
// Errors carry their HTTP status (rpc::V0Error): 413 above a ceiling, 415 for another encoding, 400
// for bytes that are not what the encoding says.
absl::StatusOr<std::string> DecodeBody(std::string_view body, std::string_view encoding);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_BODY_DECODER_H_
