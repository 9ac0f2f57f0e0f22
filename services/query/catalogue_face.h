// services/query/catalogue_face.h: the catalogue calls of the /v0 face.
#ifndef CLV_SERVICES_QUERY_CATALOGUE_FACE_H_
#define CLV_SERVICES_QUERY_CATALOGUE_FACE_H_

#include <string>

#include "absl/status/statusor.h"
#include "clv/v1/query_service.pb.h"
#include "common/rpc/scopes.h"
#include "common/rpc/v0_parameters.h"
#include "common/rpc/v0_reply.h"
#include "services/query/pipe_catalogue.h"

namespace clv::query {

// Describes the endpoints that a caller may read. Thread-safe.
class CatalogueFace {
 public:
  // `catalogue` must outlive this object.
  explicit CatalogueFace(const PipeCatalogue& catalogue) : catalogue_(catalogue) {}

  // ListPipes.
  v1::ListPipesResponse List(const rpc::Caller& caller) const;

  // `GET /v0/pipes`. Parameters `attrs` and `node_attrs` (comma-separated keys), `dependencies`.
  rpc::V0Reply Answer(const rpc::V0Parameters& parameters, const rpc::Caller& caller) const;

  // Whether the last part of a path `/v0/pipes/...` asks for a description rather than for rows:
  // `NAME`, `NAME.pipe`, `openapi.json`.
  static bool Describes(const std::string& pipe);

  // That description. NOT_FOUND for an unknown name, PERMISSION_DENIED for one that the caller may
  // not read.
  absl::StatusOr<rpc::V0Reply> Describe(const std::string& pipe,
                                        const rpc::V0Parameters& parameters,
                                        const rpc::Caller& caller) const;

 private:
  const PipeCatalogue& catalogue_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_CATALOGUE_FACE_H_
