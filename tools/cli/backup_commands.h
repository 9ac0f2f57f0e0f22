// tools/cli/backup_commands.h: the sub-commands `backup` and `restore`.
#ifndef CLV_TOOLS_CLI_BACKUP_COMMANDS_H_
#define CLV_TOOLS_CLI_BACKUP_COMMANDS_H_

#include <string>

#include "CLI/CLI.hpp"
#include "tools/cli/command.h"
#include "tools/cli/restore.h"

namespace clv::cli {

// What their flags say; must outlive the parsing and the commands.
struct BackupFlags {
  std::string directory;
  RestoreOptions restore;
};

// Adds the sub-commands: `backup` sets `command`, `restore`, which needs no suite, `local`.
void AddBackupCommands(CLI::App& app, BackupFlags& flags, Command& command, LocalCommand& local);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_BACKUP_COMMANDS_H_
