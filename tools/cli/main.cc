// clv: the command line client of the suite. See --help.

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "tools/cli/backup_commands.h"
#include "tools/cli/command.h"
#include "tools/cli/data_commands.h"
#include "tools/cli/http_client.h"
#include "tools/cli/jobs.h"
#include "tools/cli/load.h"
#include "tools/cli/query.h"
#include "tools/cli/status.h"
#include "tools/cli/tokens.h"
#include "tools/cli/url.h"

namespace clv::cli {
namespace {

constexpr char kDescription[] =
    R"(Command line client of the CLV suite.

  export CLV_TOKEN=...                            or --token-file DATA_DIR/admin_token
  clv load customers.ndjson purchases.csv.gz
  clv query clv_by_segment country=USA start_date=2026-01-01
  clv query total_customer_value customer_id=c123 -o json
  clv status

Exit codes: 0 done, 1 the server refused or did not answer, 2 bad usage.)";

constexpr char kLoadHelp[] =
    R"(Data sources: customers, purchases, customer_clv (imported CLV records). Files: NDJSON
(one object a line) or CSV (a header with the columns of the data source), plain, gzip or zstd;
"-" is standard input. Sending a file again is harmless. Several connections send batches side by
side: rows of one key without created_at take effect in the order of the file only with
--connections 1.)";

constexpr char kQueryHelp[] =
    R"(Endpoints: customer_retention, clv_by_segment, clv_by_acquisition_source,
purchase_frequency_analysis, clv_prediction, customer_segmentation, total_customer_value; and the
refused rows: customers_quarantine, purchases_quarantine, customer_clv_quarantine.
Parameters are given as key=value, for example country=USA limit=20.)";

struct ServerFlags {
  std::string url = "http://127.0.0.1:8080";
  std::string token;
  std::string token_file;
};

absl::StatusOr<std::string> ReadToken(const ServerFlags& flags) {
  if (!flags.token.empty()) {
    return flags.token;
  }
  if (!flags.token_file.empty()) {
    std::ifstream file(flags.token_file);
    std::string token;
    if (!std::getline(file, token)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--token-file: cannot read ", flags.token_file));
    }
    return std::string(absl::StripAsciiWhitespace(token));
  }
  if (const char* const token = std::getenv("CLV_ADMIN_TOKEN"); token != nullptr) {
    return std::string(token);
  }
  return absl::InvalidArgumentError(
      "no token: set CLV_TOKEN or CLV_ADMIN_TOKEN, or give --token-file or --token");
}

absl::StatusOr<Server> ServerOf(const ServerFlags& flags) {
  CLV_ASSIGN_OR_RETURN(ServerUrl url, ParseUrl(flags.url));
  CLV_ASSIGN_OR_RETURN(std::string token, ReadToken(flags));
  for (const char c : token) {
    if (c <= ' ' || c >= 0x7f) {
      return absl::InvalidArgumentError("the token has characters that no token has");
    }
  }
  return Server{.url = std::move(url), .token = std::move(token)};
}

void AddServerFlags(CLI::App& app, ServerFlags& flags) {
  app.add_option("--url", flags.url, "address of the suite's gateway")
      ->envname("CLV_URL")
      ->capture_default_str();
  app.add_option("--token", flags.token,
                 "token; other users of the machine can see it in the process list, so prefer "
                 "the environment or --token-file. Default: CLV_ADMIN_TOKEN")
      ->envname("CLV_TOKEN");
  app.add_option("--token-file", flags.token_file, "file whose first line is the token");
}

struct LoadFlags {
  LoadOptions options;
  std::string format;
};

void AddLoad(CLI::App& app, LoadFlags& flags, Command& command) {
  LoadOptions& options = flags.options;
  CLI::App* const load =
      app.add_subcommand("load", "send files of rows: NDJSON or CSV, also gzip or zstd");
  load->footer(kLoadHelp);
  load->add_option("FILE", options.files, "files")->required();
  load->add_option("--name", options.data_source,
                   "data source; default: the one whose name the file's name begins with")
      ->check(CLI::IsMember({"customers", "purchases", "customer_clv"}));
  load->add_option("--format", flags.format, "default: csv for *.csv, else ndjson")
      ->check(CLI::IsMember({"ndjson", "csv"}));
  load->add_option("--delimiter", options.delimiter, "of CSV fields")->capture_default_str();
  load->add_option("--connections", options.connections, "batches in flight at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  load->add_option("--batch-rows", options.limits.rows, "most rows in one request")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  load->add_option("--batch-bytes", options.limits.bytes, "most bytes in one request")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  load->add_flag("--wait,!--no-wait", options.wait,
                 "end when the rows are visible to queries, not only safe (default: --wait)");
  load->callback([&flags, &command] {
    if (!flags.format.empty()) {
      flags.options.format = flags.format == "csv" ? FileFormat::kCsv : FileFormat::kNdjson;
    }
    command = [&flags](const Server& server) { return RunLoad(server, flags.options); };
  });
}

struct QueryFlags {
  QueryOptions options;
  std::string columns;
};

void AddQuery(CLI::App& app, QueryFlags& flags, Command& command) {
  QueryOptions& options = flags.options;
  static const std::map<std::string, OutputFormat> kFormats = {{"table", OutputFormat::kTable},
                                                               {"json", OutputFormat::kJson},
                                                               {"csv", OutputFormat::kCsv},
                                                               {"ndjson", OutputFormat::kNdjson}};
  CLI::App* const query = app.add_subcommand("query", "ask an endpoint and print the answer");
  query->footer(kQueryHelp);
  query->add_option("ENDPOINT", options.endpoint, "name of the endpoint")->required();
  query->add_option("PARAMETER", options.filters, "key=value ...");
  query->add_option("-o,--output", options.format, "table (default), json, csv or ndjson")
      ->transform(CLI::CheckedTransformer(kFormats).description(""));
  query->add_option("-c,--columns", flags.columns, "columns of the table, comma-separated");
  query->callback([&flags, &options, &command] {
    options.columns = absl::StrSplit(flags.columns, ',', absl::SkipEmpty());
    command = [&options](const Server& server) { return RunQuery(server, options); };
  });
}

constexpr char kScopeHelp[] =
    "ADMIN, TOKENS, DATASOURCES:APPEND:purchases, DATASOURCES:READ:customers, "
    "PIPES:READ:clv_by_segment, ...; * for every data source or endpoint";

struct TokenFlags {
  TokenSettings settings;
  JwtSettings jwt;
  std::vector<std::string> fixed;
};

void AddLimits(CLI::App& app, TokenSettings& settings) {
  app.add_option("--description", settings.description, "what it is for");
  app.add_option("--requests-per-second", settings.requests_per_second,
                 "its own limit, 0 for none; default: that of the installation");
  app.add_option("--bytes-per-second", settings.bytes_per_second, "likewise");
}

void AddTokenChanges(CLI::App& tokens, TokenSettings& settings, Command& command) {
  CLI::App* const create =
      tokens.add_subcommand("create", "create a token and print its text, once");
  create->add_option("NAME", settings.name, "name of the token")->required();
  create->add_option("SCOPE", settings.scopes, kScopeHelp)->required();
  AddLimits(*create, settings);
  create->callback([&] {
    command = [&settings](const Server& server) { return RunCreateToken(server, settings); };
  });
  CLI::App* const update =
      tokens.add_subcommand("update", "change what a token opens; what is not given stays");
  update->add_option("NAME", settings.name, "name of the token")->required();
  update->add_option("--scope", settings.scopes, kScopeHelp);
  AddLimits(*update, settings);
  update->callback([&] {
    command = [&settings](const Server& server) { return RunUpdateToken(server, settings); };
  });
  CLI::App* const refresh = tokens.add_subcommand(
      "refresh", "give a token a new text and print it, once; the name admin ends every JWT, too");
  refresh->add_option("NAME", settings.name, "name of the token")->required();
  refresh->callback([&] {
    command = [&settings](const Server& server) { return RunRefreshToken(server, settings.name); };
  });
  CLI::App* const remove = tokens.add_subcommand("delete", "revoke a token");
  remove->add_option("NAME", settings.name, "name of the token")->required();
  remove->callback([&] {
    command = [&settings](const Server& server) { return RunDeleteToken(server, settings.name); };
  });
}

// `key=value` into the map; INVALID_ARGUMENT without `=`.
absl::Status ReadFixed(const std::vector<std::string>& fixed,
                       std::map<std::string, std::string>& params) {
  for (const std::string& pair : fixed) {
    const size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("--fixed: got '", pair, "', want key=value"));
    }
    params[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return absl::OkStatus();
}

void AddJwt(CLI::App& tokens, TokenFlags& flags, Command& command) {
  CLI::App* const jwt = tokens.add_subcommand(
      "jwt", "make a JSON web token, signed with the admin token, and print it");
  jwt->add_option("NAME", flags.jwt.name, "whom it is for; limits are counted by it")->required();
  jwt->add_option("SCOPE", flags.jwt.scopes,
                  "PIPES:READ:clv_by_segment, DATASOURCES:READ:customers, "
                  "DATASOURCES:APPEND:purchases, ...")
      ->required();
  jwt->add_option("--fixed", flags.fixed,
                  "key=value: a parameter that its endpoints always get, whatever is asked");
  jwt->add_option("--expires-in", flags.jwt.lifetime_seconds, "seconds")
      ->check(CLI::Range(int64_t{1}, int64_t{10} * 365 * 86'400))
      ->capture_default_str();
  jwt->add_option("--requests-per-second", flags.jwt.requests_per_second,
                  "limit by its name, less than 0 for none; default: that of the installation");
  jwt->callback([&] {
    command = [&flags](const Server& server) {
      CLV_RETURN_IF_ERROR(ReadFixed(flags.fixed, flags.jwt.fixed_params));
      return RunCreateJwt(server, flags.jwt, static_cast<int64_t>(std::time(nullptr)));
    };
  });
}

void AddTokens(CLI::App& app, TokenFlags& flags, Command& command) {
  CLI::App* const tokens =
      app.add_subcommand("tokens", "list, create, change, refresh or revoke tokens; make JWTs");
  tokens->require_subcommand(1);
  tokens->fallthrough();
  CLI::App* const list = tokens->add_subcommand("list", "names and scopes of all tokens");
  list->callback([&command] { command = RunListTokens; });
  AddTokenChanges(*tokens, flags.settings, command);
  AddJwt(*tokens, flags, command);
  for (CLI::App* const subcommand : tokens->get_subcommands({})) {
    subcommand->fallthrough();
  }
}

void AddAdministration(CLI::App& app, bool& from_log, Command& command) {
  app.add_subcommand("status", "how the suite is; exit code 1 when it reports problems")
      ->callback([&command] { command = RunStatus; });
  CLI::App* const verify = app.add_subcommand(
      "verify", "compare everything stored with a recomputation; exit code 1 on a difference");
  verify->add_flag("--from-log", from_log, "recompute from the whole log, too");
  verify->callback([&from_log, &command] {
    command = [&from_log](const Server& server) { return RunVerify(server, from_log); };
  });
  app.add_subcommand("rebuild", "compute every customer's values again from the facts")
      ->callback([&command] { command = RunRebuild; });
}

absl::Status RunOnServer(const ServerFlags& flags, const Command& command) {
  CLV_ASSIGN_OR_RETURN(const Server server, ServerOf(flags));
  return command(server);
}

int Main(int argc, char** argv) {
  CLI::App app(kDescription, "clv");
  app.require_subcommand(1);
  ServerFlags server_flags;
  LoadFlags load_flags;
  QueryFlags query_flags;
  TokenFlags token_flags;
  DataFlags data_flags;
  bool from_log = false;
  BackupFlags backup_flags;
  Command command;
  LocalCommand local;
  AddServerFlags(app, server_flags);
  AddLoad(app, load_flags, command);
  AddQuery(app, query_flags, command);
  AddDataCommands(app, data_flags, command);
  AddAdministration(app, from_log, command);
  AddTokens(app, token_flags, command);
  AddBackupCommands(app, backup_flags, command, local);
  for (CLI::App* const subcommand : app.get_subcommands({})) {
    subcommand->fallthrough();
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const absl::Status status = local ? local() : RunOnServer(server_flags, command);
  if (status.ok()) {
    return 0;
  }
  std::fprintf(stderr, "clv: %s\n", std::string(status.message()).c_str());
  return status.code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
}

}  // namespace
}  // namespace clv::cli

int main(int argc, char** argv) { return clv::cli::Main(argc, argv); }
