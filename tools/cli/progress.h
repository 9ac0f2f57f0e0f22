// tools/cli/progress.h: one line on a terminal that tells how far a long piece of work is.
#ifndef CLV_TOOLS_CLI_PROGRESS_H_
#define CLV_TOOLS_CLI_PROGRESS_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace clv::cli {

struct ProgressState {
  std::string label;
  std::optional<double> fraction;  // 0..1; absent where the whole is unknown
  std::string detail;
};

// `label [#####-----]  50 % detail`, without the bar where the fraction is absent, cut to `width`
// columns.
std::string ProgressLine(const ProgressState& state, size_t width);

// Repaints the line on standard error at most ten times a second; does nothing where that is no
// terminal. Not thread-safe.
class Progress {
 public:
  Progress();
  // Removes the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool visible() const { return is_terminal_; }
  void Show(const ProgressState& state);
  void Clear();

 private:
  bool is_terminal_;
  bool painted_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_PROGRESS_H_
