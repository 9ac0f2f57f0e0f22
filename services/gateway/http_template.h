// services/gateway/http_template.h: the path templates of `google.api.http`.
//
// Grammar (google/api/http.proto, "Path template syntax"):
//
//   Template  = "/" | "/" Segments [ ":" LITERAL ] ;
//   Segments  = Segment { "/" Segment } ;
//   Segment   = "*" | "**" | LITERAL | "{" FieldPath [ "=" Segments ] "}" ;
//   FieldPath = IDENT { "." IDENT } ;
//
// As in Envoy, only literals may follow a `**`, variables do not nest, and a literal runs to the
// next `/`, `:` or `}`.
//
// Example:
//   ParseHttpTemplate("/v1/{name=shops/*}/items:list")
//   -> segments v1, shops, *, items; verb "list"; variable name = segments [1, 3)
#ifndef CLV_SERVICES_GATEWAY_HTTP_TEMPLATE_H_
#define CLV_SERVICES_GATEWAY_HTTP_TEMPLATE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace clv::gateway {

// A parsed template. A value; only ParseHttpTemplate makes meaningful ones.
struct HttpTemplate {
  enum class SegmentKind {
    kLiteral,    // equals `text`, compared with the undecoded path
    kOne,        // `*`: any one segment
    kAnyNumber,  // `**`: zero or more segments
  };

  struct Segment {
    SegmentKind kind;
    std::string text;  // of a literal, else empty
  };

  // A variable covers the template's segments [begin, end). In a path of n segments every bound
  // behind the `**` moves by n - segments.size(), because `**` stands for 1 + n - segments.size()
  // of them.
  struct Variable {
    std::vector<std::string> field_path;
    size_t begin;
    size_t end;

    // Whether the value may span more than one segment; such values keep reserved characters
    // escaped.
    bool multi_segment;
  };

  std::vector<Segment> segments;
  std::vector<Variable> variables;
  std::string verb;  // without the colon; empty: none

  // Index of the `**` in `segments`, if there is one.
  std::optional<size_t> any_number_at;
};

// Parses `text`. INVALID_ARGUMENT says what is wrong and at which byte.
absl::StatusOr<HttpTemplate> ParseHttpTemplate(std::string_view text);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_HTTP_TEMPLATE_H_
