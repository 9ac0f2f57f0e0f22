// services/query/web_page.h: the page at `/`.
#ifndef CLV_SERVICES_QUERY_WEB_PAGE_H_
#define CLV_SERVICES_QUERY_WEB_PAGE_H_

#include <string>
#include <string_view>

#include "common/rpc/v0_reply.h"

namespace clv::query {

// The text of web_page.html, built into the program.
std::string_view WebPageText();

// A Content-Security-Policy that lets the page run its own inline script and style, named by their
// hashes, talk to its own origin, and nothing else.
std::string ContentSecurityPolicyOf(std::string_view page);

// The page as an HTTP answer with its security headers.
rpc::V0Reply WebPageReply();

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_WEB_PAGE_H_
