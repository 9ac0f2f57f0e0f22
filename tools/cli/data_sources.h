// tools/cli/data_sources.h: `clv datasources`.
#ifndef CLV_TOOLS_CLI_DATA_SOURCES_H_
#define CLV_TOOLS_CLI_DATA_SOURCES_H_

#include <string>

#include "absl/status/status.h"
#include "tools/cli/http_client.h"
#include "tools/cli/server_json.h"

namespace clv::cli {

// Prints the data sources with their numbers of rows; with a name the columns of that one.
absl::Status RunDataSources(const Server& server, const std::string& name);

// The tables that RunDataSources prints of its answers.
std::string RenderDataSources(const ProtoJson& list);
std::string RenderColumns(const ProtoJson& data_source);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_DATA_SOURCES_H_
