#include "services/query/web_page.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace clv::query {
namespace {

// 'sha256-...' of what stands between `open` and `close`; empty when the page has no such element.
std::string HashSource(std::string_view page, std::string_view open, std::string_view close) {
  const size_t begin = page.find(open);
  if (begin == std::string_view::npos) return std::string();
  const size_t end = page.find(close, begin);
  if (end == std::string_view::npos) return std::string();
  const std::string_view text = page.substr(begin + open.size(), end - begin - open.size());
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  unsigned char encoded[64];
  const int length = EVP_EncodeBlock(encoded, hash, sizeof(hash));
  return "'sha256-" +
         std::string(reinterpret_cast<const char*>(encoded), static_cast<size_t>(length)) + "'";
}

}  // namespace

std::string ContentSecurityPolicyOf(std::string_view page) {
  return "default-src 'none'; script-src " + HashSource(page, "<script>", "</script>") +
         "; style-src " + HashSource(page, "<style>", "</style>") +
         "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'";
}

rpc::V0Reply WebPageReply() {
  rpc::V0Reply reply;
  reply.content_type = "text/html; charset=UTF-8";
  reply.body = std::string(WebPageText());
  reply.headers = {{"content-security-policy", ContentSecurityPolicyOf(WebPageText())},
                   {"x-content-type-options", "nosniff"},
                   {"referrer-policy", "no-referrer"},
                   {"cache-control", "no-cache"}};
  return reply;
}

}  // namespace clv::query
