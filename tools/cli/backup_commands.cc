#include "tools/cli/backup_commands.h"

#include "tools/cli/backup.h"

namespace clv::cli {
namespace {

constexpr char kBackupHelp[] =
    R"(The suite writes the copy itself, while it goes on working: DIRECTORY is a path of its
machine. For example: clv backup /backups/2026-01-31)";

constexpr char kRestoreHelp[] =
    R"(Checks the backup and copies it; a suite started on the new directory goes on from it. For
example: clv restore /backups/2026-01-31 --data-dir /var/lib/clv)";

}  // namespace

void AddBackupCommands(CLI::App& app, BackupFlags& flags, Command& command, LocalCommand& local) {
  CLI::App* const backup =
      app.add_subcommand("backup", "copy the databases into a new directory while they are used");
  backup->footer(kBackupHelp);
  backup->add_option("DIRECTORY", flags.directory, "a directory that does not exist")->required();
  backup->callback([&flags, &command] {
    command = [&flags](const Server& server) { return RunBackup(server, flags.directory); };
  });
  CLI::App* const restore =
      app.add_subcommand("restore", "make a data directory of a backup; needs no suite");
  restore->footer(kRestoreHelp);
  restore->add_option("DIRECTORY", flags.restore.backup, "the backup")->required();
  restore->add_option("--data-dir", flags.restore.data_dir, "a new or empty directory")->required();
  restore->callback([&flags, &local] { local = [&flags] { return RunRestore(flags.restore); }; });
}

}  // namespace clv::cli
