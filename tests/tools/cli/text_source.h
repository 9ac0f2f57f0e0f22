// tests/tools/cli/text_source.h: a byte source over a text, in pieces of a chosen size.
#ifndef CLV_TESTS_TOOLS_CLI_TEXT_SOURCE_H_
#define CLV_TESTS_TOOLS_CLI_TEXT_SOURCE_H_

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "tools/cli/byte_source.h"

namespace clv::cli {

class TextSource : public ByteSource {
 public:
  explicit TextSource(std::string text, size_t piece = 7) : text_(std::move(text)), piece_(piece) {}

  absl::StatusOr<size_t> Read(std::span<char> to) override {
    const size_t size = std::min({piece_, to.size(), text_.size() - read_});
    std::memcpy(to.data(), text_.data() + read_, size);
    read_ += size;
    return size;
  }

  std::optional<double> fraction_read() const override { return std::nullopt; }

 private:
  std::string text_;
  size_t piece_;
  size_t read_ = 0;
};

}  // namespace clv::cli

#endif  // CLV_TESTS_TOOLS_CLI_TEXT_SOURCE_H_
