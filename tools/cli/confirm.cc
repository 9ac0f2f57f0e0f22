#include "tools/cli/confirm.h"

#include <cstdio>

#include "absl/strings/ascii.h"

namespace clv::cli {

absl::Status Confirm(const std::string& question, std::istream& input) {
  std::fprintf(stderr, "%s [y/N] ", question.c_str());
  std::string line;
  if (!std::getline(input, line)) {
    return absl::InvalidArgumentError("nobody is there to answer; say --yes");
  }
  const std::string answer = absl::AsciiStrToLower(absl::StripAsciiWhitespace(line));
  if (answer == "y" || answer == "yes") {
    return absl::OkStatus();
  }
  return absl::CancelledError("nothing was removed");
}

}  // namespace clv::cli
