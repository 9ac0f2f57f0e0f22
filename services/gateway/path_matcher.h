// services/gateway/path_matcher.h: finds the rule that answers an HTTP method and path.
//
// Semantics (Envoy's grpc_json_transcoder): the key is (HTTP method, verb, segments). A literal
// beats `*`, `*` beats
// `**`; where the narrower branch leads nowhere, the wider one is tried. Trailing slashes are
// dropped, an empty inner segment counts. Text after the last `:` of the last segment is a verb if
// any template has that verb, and is then split off every path.
//
// Example:
//   PathMatcher::Builder builder;
//   CLV_RETURN_IF_ERROR(builder.Register("GET", *ParseHttpTemplate("/v1/items/{id}"), {0,
//   "Shop.GetItem"})); PathMatcher matcher = std::move(builder).Build(); matcher.Lookup("GET",
//   "/v1/items/a%2Fb")  ->  rule 0, values {"a/b"}
#ifndef CLV_SERVICES_GATEWAY_PATH_MATCHER_H_
#define CLV_SERVICES_GATEWAY_PATH_MATCHER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "services/gateway/http_template.h"
#include "services/gateway/percent_coding.h"

namespace clv::gateway {

// Immutable after Build, so safe for concurrent use without synchronisation. Movable. A lookup
// takes time linear in the number of segments of the path and the number of templates, whatever the
// input.
class PathMatcher {
 public:
  struct Options {
    // How variables of more than one segment are decoded. Those of one segment are always decoded
    // fully.
    UnescapeSpec unescape_spec = UnescapeSpec::kAllCharactersExceptReserved;

    // Takes any text after the last colon for a verb, so that `/foo/bar:x` does not match
    // `/foo/{v}`.
    bool match_unregistered_custom_verb = false;
  };

  // What the caller wants back: an index of its own, and a name for messages about conflicts.
  struct Rule {
    size_t index;
    std::string name;
  };

  struct Match {
    size_t rule_index;
    std::vector<std::string>
        values;  // decoded, one for each variable of the template, in its order
  };

  class Builder;

  PathMatcher(PathMatcher&&) noexcept;
  PathMatcher& operator=(PathMatcher&&) noexcept;
  ~PathMatcher();

  // The rule for `method` (case sensitive) and `path` (undecoded; what follows a `?` is not looked
  // at), if any.
  std::optional<Match> Lookup(std::string_view method, std::string_view path) const;

  // The methods for which `path` has a rule, sorted. Empty: the path is unknown.
  std::vector<std::string> AllowedMethods(std::string_view path) const;

 private:
  struct Node;
  struct Endpoint;
  struct SplitPath;

  PathMatcher(Options options, std::unique_ptr<Node> root, absl::flat_hash_set<std::string> verbs,
              std::vector<std::string> methods);

  SplitPath Split(std::string_view path) const;
  static const Endpoint* Find(const Node& node, std::string_view method, const SplitPath& path,
                              size_t position);
  static const Endpoint* FindBehindAnyNumber(const Node& node, std::string_view method,
                                             const SplitPath& path, size_t position);
  std::string Value(const HttpTemplate::Variable& variable, const HttpTemplate& http_template,
                    const SplitPath& path) const;

  Options options_;
  std::unique_ptr<Node> root_;
  absl::flat_hash_set<std::string> verbs_;
  std::vector<std::string> methods_;  // sorted, distinct
};

// Collects rules. Not thread-safe.
class PathMatcher::Builder {
 public:
  explicit Builder(Options options);
  ~Builder();

  // Adds a rule. ALREADY_EXISTS, naming both rules, where another rule has the same method and
  // shape (variable names do not count): Envoy would start and then answer neither.
  absl::Status Register(std::string_view method, HttpTemplate http_template, Rule rule);

  PathMatcher Build() &&;

 private:
  Options options_;
  std::unique_ptr<Node> root_;
  absl::flat_hash_set<std::string> verbs_;
  absl::flat_hash_set<std::string> methods_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_PATH_MATCHER_H_
