#include "tools/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace clv::cli {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr size_t kBarWidth = 24;

size_t TerminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string ProgressLine(const ProgressState& state, size_t width) {
  std::string line = state.label;
  if (state.fraction.has_value()) {
    const double fraction = std::clamp(*state.fraction, 0.0, 1.0);
    const auto filled = static_cast<size_t>(fraction * kBarWidth);
    absl::StrAppend(&line, " [", std::string(filled, '#'), std::string(kBarWidth - filled, '-'),
                    absl::StrFormat("] %3d %%", static_cast<int>(fraction * 100)));
  }
  absl::StrAppend(&line, " ", state.detail);
  return line.substr(0, width);
}

Progress::Progress() : is_terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { Clear(); }

void Progress::Show(const ProgressState& state) {
  const auto now = std::chrono::steady_clock::now();
  if (!is_terminal_ || (painted_ && now - last_ < kInterval)) {
    return;
  }
  last_ = now;
  painted_ = true;
  std::fprintf(stderr, "\r\x1b[K%s", ProgressLine(state, TerminalWidth() - 1).c_str());
  std::fflush(stderr);
}

void Progress::Clear() {
  if (painted_) {
    std::fputs("\r\x1b[K", stderr);
    painted_ = false;
  }
}

}  // namespace clv::cli
