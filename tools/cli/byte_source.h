// tools/cli/byte_source.h: the bytes of an input file, decompressed.
#ifndef CLV_TOOLS_CLI_BYTE_SOURCE_H_
#define CLV_TOOLS_CLI_BYTE_SOURCE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace clv::cli {

// A stream of bytes that is read once. Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Fills the front of `to` (not empty) and returns how many bytes it wrote; 0 only at the end.
  // DATA_LOSS for broken compression, among it a file that ends too early; UNAVAILABLE when the
  // file cannot be read.
  virtual absl::StatusOr<size_t> Read(std::span<char> to) = 0;

  // How much of the file has been read, 0..1; absent where its size is unknown (a pipe).
  virtual std::optional<double> fraction_read() const = 0;
};

// Opens a file, or standard input for "-". gzip and zstd are known by their first bytes, whatever
// the file's name, and may consist of several members or frames. NOT_FOUND when the file cannot be
// opened.
absl::StatusOr<std::unique_ptr<ByteSource>> OpenByteSource(const std::string& path);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_BYTE_SOURCE_H_
