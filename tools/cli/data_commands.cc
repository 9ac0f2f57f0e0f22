#include "tools/cli/data_commands.h"

#include <iostream>

#include "tools/cli/data_sources.h"
#include "tools/cli/jobs.h"

namespace clv::cli {
namespace {

constexpr char kDeleteHelp[] =
    R"(A condition compares columns with literals: =, !=, <, <=, >, >=, in (...), between ... and
..., is [not] null, joined by and, or, not and parentheses; texts and instants in single quotes.
For example: clv delete purchases --where "customer_id = 'c1' and purchase_date < '2024-01-01'")";

constexpr char kExportHelp[] =
    R"(Gives back the rows as they count now, from one state: clv load of the files into an empty
suite gives equal values. customer_clv are the imported records; what the suite computes is asked
for by clv query total_customer_value. For example:
  clv export purchases --output purchases.ndjson
  clv export customers --format csv | gzip > customers.csv.gz)";

constexpr char kQuarantineHelp[] =
    R"(list: the newest refused rows, with --ndjson as lines to be mended. reasons: how many for
which reason. retry: sends rows again: all, those of a request, or the lines of a file of mended
rows. For example:
  clv quarantine purchases list --ndjson > rows.ndjson; edit it;
  clv quarantine purchases retry --mended rows.ndjson)";

void AddDeletions(CLI::App& app, DataFlags& flags, Command& command) {
  CLI::App* const remove = app.add_subcommand("delete", "remove the rows that meet a condition");
  remove->footer(kDeleteHelp);
  remove->add_option("DATA_SOURCE", flags.deletion.data_source, "customers, purchases, ...")
      ->required();
  remove->add_option("--where", flags.deletion.condition, "which rows")->required();
  remove->add_flag("--dry-run", flags.deletion.dry_run, "only count them");
  remove->add_flag("--yes", flags.deletion.yes, "do not ask");
  remove->callback([&flags, &command] {
    command = [&flags](const Server& server) {
      return RunDelete(server, flags.deletion, std::cin);
    };
  });
  CLI::App* const truncate =
      app.add_subcommand("truncate", "remove all rows of a data source or of a quarantine");
  truncate
      ->add_option("DATA_SOURCE", flags.truncation.data_source,
                   "customers, customers_quarantine, ...")
      ->required();
  truncate->add_flag("--yes", flags.truncation.yes, "do not ask");
  truncate->callback([&flags, &command] {
    command = [&flags](const Server& server) {
      return RunTruncate(server, flags.truncation, std::cin);
    };
  });
}

absl::Status RunQuarantine(const Server& server, DataFlags& flags) {
  if (flags.quarantine_verb == "reasons") {
    return RunQuarantineReasons(server, flags.data_source);
  }
  if (flags.quarantine_verb == "retry") {
    flags.quarantine_retry.data_source = flags.data_source;
    return RunQuarantineRetry(server, flags.quarantine_retry);
  }
  flags.quarantine_list.data_source = flags.data_source;
  return RunQuarantineList(server, flags.quarantine_list);
}

void AddQuarantine(CLI::App& app, DataFlags& flags, Command& command) {
  CLI::App* const quarantine =
      app.add_subcommand("quarantine", "refused rows: list them, count them, send them again");
  quarantine->footer(kQuarantineHelp);
  quarantine->add_option("DATA_SOURCE", flags.data_source, "customers, purchases, ...")->required();
  quarantine->add_option("VERB", flags.quarantine_verb, "list (default), reasons or retry")
      ->check(CLI::IsMember({"list", "reasons", "retry"}));
  quarantine->add_option("--limit", flags.quarantine_list.limit, "most rows that list prints")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  quarantine->add_flag("--ndjson", flags.quarantine_list.ndjson, "list lines of id and raw");
  CLI::Option* const import_id = quarantine->add_option(
      "--import-id", flags.quarantine_retry.import_id, "retry the rows of this request");
  quarantine
      ->add_option("--mended", flags.quarantine_retry.mended_file,
                   "retry the lines of this file; \"-\" is standard input")
      ->excludes(import_id);
  quarantine->callback([&flags, &command] {
    command = [&flags](const Server& server) { return RunQuarantine(server, flags); };
  });
}

void AddExport(CLI::App& app, ExportOptions& options, Command& command) {
  CLI::App* const rows = app.add_subcommand("export", "write all rows of a data source");
  rows->footer(kExportHelp);
  rows->add_option("DATA_SOURCE", options.data_source, "customers, purchases or customer_clv")
      ->required()
      ->check(CLI::IsMember({"customers", "purchases", "customer_clv"}));
  rows->add_option("--format", options.format, "ndjson or csv")
      ->check(CLI::IsMember({"ndjson", "csv"}))
      ->capture_default_str();
  rows->add_option("--output", options.output, "file; \"-\" is standard output")
      ->capture_default_str();
  rows->callback([&options, &command] {
    command = [&options](const Server& server) { return RunExport(server, options); };
  });
}

}  // namespace

void AddDataCommands(CLI::App& app, DataFlags& flags, Command& command) {
  CLI::App* const list = app.add_subcommand(
      "datasources", "the data sources with their numbers of rows, or the columns of one");
  list->add_option("DATA_SOURCE", flags.data_source, "whose columns to show");
  list->callback([&flags, &command] {
    command = [&flags](const Server& server) { return RunDataSources(server, flags.data_source); };
  });
  AddExport(app, flags.export_options, command);
  AddDeletions(app, flags, command);
  AddQuarantine(app, flags, command);
  CLI::App* const jobs = app.add_subcommand("jobs", "the newest jobs");
  jobs->add_option("--limit", flags.jobs, "how many")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  jobs->callback([&flags, &command] {
    command = [&flags](const Server& server) { return RunListJobs(server, flags.jobs); };
  });
}

}  // namespace clv::cli
