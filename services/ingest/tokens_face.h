// services/ingest/tokens_face.h: tokens in the /v0 face.
#ifndef CLV_SERVICES_INGEST_TOKENS_FACE_H_
#define CLV_SERVICES_INGEST_TOKENS_FACE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/rpc/call_context.h"
#include "common/rpc/v0_reply.h"
#include "services/ingest/token_keeper.h"

namespace clv::ingest {

// Answers `/v0/tokens...`; method and path are those of the HTTP request. Thread-safe.
//   GET /v0/tokens                 {"tokens": [token, ...]}
//   POST /v0/tokens                makes a token of the parameters `name`, `scope` (repeated) and
//                                  `description`; with `expiration_time` (Unix seconds) a JWT of a
//                                  JSON body {name, scopes, limits}: {"token": "eyJ..."}
//   GET, PUT /v0/tokens/NAME       a token; PUT takes `scope` and `description`, absent ones stay
//   POST /v0/tokens/NAME/refresh   a token with a new text
//   DELETE /v0/tokens/NAME         {"ok": true}
// A token is {"id", "name", "description", "scopes": [{"type", "resource"}], "token", "host",
// "is_internal"}: the name is its id, and `token` is the text where it was made just now, else its
// first 6 characters and `...`.
class TokensFace {
 public:
  // `keeper` must outlive this object.
  explicit TokensFace(TokenKeeper& keeper) : keeper_(keeper) {}

  // `name`: from a call that did not come over HTTP. Errors: those of the keeper; an unknown token
  // is 404.
  absl::StatusOr<rpc::V0Reply> Answer(const rpc::CallContext& call, const std::string& name,
                                      std::string_view body);

 private:
  absl::StatusOr<rpc::V0Reply> Create(const rpc::CallContext& call, std::string_view body);
  absl::StatusOr<rpc::V0Reply> CreateJwt(const rpc::CallContext& call,
                                         const std::string& expiration_time, std::string_view body);
  absl::StatusOr<rpc::V0Reply> Update(const rpc::CallContext& call, const std::string& name);

  TokenKeeper& keeper_;
};

// Whether a body is JSON rather than a form: it begins with `{`.
bool IsJsonBody(std::string_view body);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_TOKENS_FACE_H_
