// tools/cli/data_commands.h: the sub-commands about data sources, their quarantines and jobs.
#ifndef CLV_TOOLS_CLI_DATA_COMMANDS_H_
#define CLV_TOOLS_CLI_DATA_COMMANDS_H_

#include <cstdint>
#include <string>

#include "CLI/CLI.hpp"
#include "tools/cli/command.h"
#include "tools/cli/deletion.h"
#include "tools/cli/export.h"
#include "tools/cli/quarantine.h"

namespace clv::cli {

// What their flags say; must outlive the parsing and the command.
struct DataFlags {
  std::string data_source;
  DeleteOptions deletion;
  TruncateOptions truncation;
  std::string quarantine_verb = "list";
  QuarantineListOptions quarantine_list;
  QuarantineRetryOptions quarantine_retry;
  uint32_t jobs = 20;
  ExportOptions export_options;
};

// Adds `datasources`, `export`, `delete`, `truncate`, `quarantine` and `jobs`, which set `command`.
void AddDataCommands(CLI::App& app, DataFlags& flags, Command& command);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_DATA_COMMANDS_H_
