// services/ingest/stream_decoder.h: unpacking bytes that come in pieces.
#ifndef CLV_SERVICES_INGEST_STREAM_DECODER_H_
#define CLV_SERVICES_INGEST_STREAM_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"

namespace clv::ingest {

// How bytes are packed.
enum class Compression { kNone, kGzip, kZstd };

// Receives bytes; what it returns ends what hands them over.
using ByteSink = std::function<absl::Status(std::string_view)>;

// Unpacks one stream. Holds a part of what comes out and the format's own window (at most 8 MiB).
// Thread-compatible.
class StreamDecoder {
 public:
  struct Limits {
    uint64_t max_bytes = std::numeric_limits<uint64_t>::max();  // unpacked
    // Unpacked bytes for each packed byte that has come, once there are more than `free_bytes`.
    uint64_t max_ratio = 200;
    uint64_t free_bytes = 0;
  };

  virtual ~StreamDecoder() = default;

  // Unpacks a piece and hands over what comes out, in parts of at most 256 KiB. INVALID_ARGUMENT
  // for bytes that are not packed like this, RESOURCE_EXHAUSTED beyond the limits, or what `sink`
  // returns; not to be used again after an error.
  virtual absl::Status Decode(std::string_view piece, const ByteSink& sink) = 0;

  // There is no more. INVALID_ARGUMENT when the stream has begun but not ended.
  virtual absl::Status Finish() = 0;
};

// gzip may have several members, zstd several frames.
std::unique_ptr<StreamDecoder> NewStreamDecoder(Compression compression,
                                                const StreamDecoder::Limits& limits);

// What the first bytes of a file say of it; kNone when they say nothing. Wants kMagicBytes bytes,
// or all that there are.
inline constexpr size_t kMagicBytes = 4;
Compression CompressionByMagic(std::string_view beginning);

// The compression of a Content-Encoding in lower case: `gzip`, `x-gzip`, `zstd`, `identity` or
// empty; absent for others.
std::optional<Compression> CompressionOfEncoding(std::string_view encoding);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_STREAM_DECODER_H_
