#include "common/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>

#include <memory>

namespace clv {

void StartLog(const std::string& program, const std::string& level) {
  auto logger =
      std::make_shared<spdlog::logger>(program, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %n: %v", spdlog::pattern_time_type::utc);
  const auto parsed = spdlog::level::from_str(level);
  const bool unknown = parsed == spdlog::level::off && level != "off";
  logger->set_level(unknown ? spdlog::level::info : parsed);
  spdlog::set_default_logger(logger);
}

}  // namespace clv
