// common/base/log.h: the process's log, lines on standard error.
//
// Never log tokens, names, e-mails or the text of rows.
#ifndef CLV_COMMON_BASE_LOG_H_
#define CLV_COMMON_BASE_LOG_H_

#include <spdlog/spdlog.h>

#include <string>

namespace clv {

// Sends the default logger to standard error with the program's name in each line. `level`: trace,
// debug, info, warn, error or off; anything else means info.
void StartLog(const std::string& program, const std::string& level);

}  // namespace clv

#endif  // CLV_COMMON_BASE_LOG_H_
