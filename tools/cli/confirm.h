// tools/cli/confirm.h: asking before something is removed.
#ifndef CLV_TOOLS_CLI_CONFIRM_H_
#define CLV_TOOLS_CLI_CONFIRM_H_

#include <istream>
#include <string>

#include "absl/status/status.h"

namespace clv::cli {

// Asks `question` on standard error and reads a line of `input`: OK for y or yes in either case,
// CANCELLED for anything else. INVALID_ARGUMENT when `input` is at its end: nobody is there to
// answer.
absl::Status Confirm(const std::string& question, std::istream& input);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_CONFIRM_H_
