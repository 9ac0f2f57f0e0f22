// services/gateway/cors.h: which web pages of other origins may call the API from a browser.
//
// The server's side of the CORS protocol of the Fetch standard. It grants reading of answers, never
// cookies: the API's credentials are tokens that the page itself has to send.
#ifndef CLV_SERVICES_GATEWAY_CORS_H_
#define CLV_SERVICES_GATEWAY_CORS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/gateway/http_types.h"

namespace clv::gateway {

// Immutable, thread-safe.
class CorsPolicy {
 public:
  // Each origin is `scheme://host[:port]` as browsers send it (host in lower case, no default
  // port), or `*` for all. None: CORS is off. INVALID_ARGUMENT names an origin that is neither.
  static absl::StatusOr<CorsPolicy> Create(std::vector<std::string> origins);

  bool enabled() const { return !origins_.empty(); }

  // What every answer to `request` carries: `vary: Origin`, so that no cache gives one page's
  // answer to another, and where its origin is allowed `access-control-allow-origin` and the names
  // of the suite's headers that the page may read.
  HttpHeaders AnswerHeaders(const HttpRequest& request) const;

  // What the answer to a preflight carries besides: which of the path's `methods` and which request
  // headers the page may use, and how long that holds. Empty where `request` is no preflight or its
  // origin is not allowed.
  HttpHeaders PreflightHeaders(const HttpRequest& request,
                               const std::vector<std::string>& methods) const;

 private:
  explicit CorsPolicy(std::vector<std::string> origins);

  bool Allows(const HttpRequest& request) const;

  std::vector<std::string> origins_;
  bool any_origin_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_CORS_H_
