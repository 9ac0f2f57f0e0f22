#include "tools/cli/backup.h"

#include <cstdio>
#include <filesystem>
#include <utility>

#include "common/base/status_macros.h"
#include "tools/cli/jobs.h"
#include "tools/cli/server_json.h"
#include "tools/cli/text_format.h"

namespace clv::cli {

absl::Status RunBackup(const Server& server, const std::string& directory) {
  if (directory.empty()) return absl::InvalidArgumentError("DIRECTORY: want a path");
  HttpRequest request{
      .method = "POST", .target = "/v1/jobs:backup", .content_type = "application/json"};
  request.body = R"({"directory":)";
  AppendJsonString(request.body, std::filesystem::absolute(directory).string());
  request.body += "}";
  CLV_ASSIGN_OR_RETURN(const JsonDocument document, StartAndFollowJob(server, request, "copying"));
  const ProtoJson job = document.root().Field("job");
  std::printf("%s holds all that was sent before, folded up to log position %s\n",
              job.Text("directory").c_str(),
              WithThousands(job.Unsigned("folded_position")).c_str());
  return absl::OkStatus();
}

}  // namespace clv::cli
