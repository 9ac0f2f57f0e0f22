// services/query/pipe_document.h: endpoints as the catalogue calls of /v0 describe them.
#ifndef CLV_SERVICES_QUERY_PIPE_DOCUMENT_H_
#define CLV_SERVICES_QUERY_PIPE_DOCUMENT_H_

#include <set>
#include <string>
#include <vector>

#include "services/query/pipe_catalogue.h"

namespace clv::query {

// What of an endpoint is told. An empty set of keys means all; unknown keys pick nothing.
struct PipeDocumentOptions {
  std::set<std::string> keys = {};
  std::set<std::string> node_keys = {};
  bool with_dependencies = false;  // also the data sources behind a node
};

// `{"pipes":[...]}`. The key `url` is there whatever keys are asked for, and relative to where the
// suite is served. An endpoint has one node, named `endpoint`. The suite does not know when an
// endpoint was made, so the instants are always the same.
std::string PipeListJson(const std::vector<const PipeEntry*>& entries,
                         const PipeDocumentOptions& options);

// One endpoint, with `content` (see PipeText), `path` and `workspace_id` (null) besides, and the
// node's `params` and `columns`.
std::string PipeDetailJson(const PipeEntry& entry, const PipeDocumentOptions& options);

// The endpoint in the form of a `.pipe` file.
std::string PipeText(const PipeEntry& entry);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PIPE_DOCUMENT_H_
