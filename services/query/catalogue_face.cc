#include "services/query/catalogue_face.h"

#include <set>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/utf8.h"
#include "services/query/openapi_document.h"
#include "services/query/pipe_document.h"

namespace clv::query {
namespace {

constexpr std::string_view kTextSuffix = ".pipe";
constexpr std::string_view kOpenApi = "openapi.json";

std::set<std::string> KeysOf(const rpc::V0Parameters& parameters, std::string_view name) {
  std::set<std::string> keys;
  for (const std::string& value : parameters.All(name)) {
    for (const absl::string_view part : absl::StrSplit(value, ',')) {
      std::string key(absl::StripAsciiWhitespace(part));
      if (!key.empty()) keys.insert(std::move(key));
    }
  }
  return keys;
}

PipeDocumentOptions OptionsOf(const rpc::V0Parameters& parameters) {
  const auto dependencies = parameters.Last("dependencies");
  return {.keys = KeysOf(parameters, "attrs"),
          .node_keys = KeysOf(parameters, "node_attrs"),
          .with_dependencies = dependencies == "true" || dependencies == "1"};
}

rpc::V0Reply JsonReply(std::string body) {
  rpc::V0Reply reply;
  reply.body = std::move(body);
  return reply;
}

}  // namespace

v1::ListPipesResponse CatalogueFace::List(const rpc::Caller& caller) const {
  v1::ListPipesResponse response;
  for (const PipeEntry* entry : catalogue_.ReadableBy(caller)) *response.add_pipes() = entry->pipe;
  return response;
}

rpc::V0Reply CatalogueFace::Answer(const rpc::V0Parameters& parameters,
                                   const rpc::Caller& caller) const {
  return JsonReply(PipeListJson(catalogue_.ReadableBy(caller), OptionsOf(parameters)));
}

bool CatalogueFace::Describes(const std::string& pipe) {
  return pipe == kOpenApi || pipe.ends_with(kTextSuffix) || pipe.find('.') == std::string::npos;
}

absl::StatusOr<rpc::V0Reply> CatalogueFace::Describe(const std::string& pipe,
                                                     const rpc::V0Parameters& parameters,
                                                     const rpc::Caller& caller) const {
  if (pipe == kOpenApi) return JsonReply(OpenApiJson(catalogue_.ReadableBy(caller)));
  const bool is_text = pipe.ends_with(kTextSuffix);
  const std::string name = is_text ? pipe.substr(0, pipe.size() - kTextSuffix.size()) : pipe;
  const PipeEntry* entry = catalogue_.Find(name);
  if (entry == nullptr)
    return absl::NotFoundError(absl::StrCat("Pipe ", Quoted(name), " not found"));
  if (!MayRead(caller, *entry)) {
    return absl::PermissionDeniedError(
        absl::StrCat("the token lacks the scope: want ", absl::StrJoin(entry->scopes, " or ")));
  }
  if (!is_text) return JsonReply(PipeDetailJson(*entry, OptionsOf(parameters)));
  rpc::V0Reply reply = JsonReply(PipeText(*entry));
  reply.content_type = "text/plain; charset=UTF-8";
  return reply;
}

}  // namespace clv::query
