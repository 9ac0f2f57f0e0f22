#include "services/gateway/path_matcher.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace clv::gateway {
namespace {

absl::string_view AbslView(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

// A rule at the node where its template ends.
struct PathMatcher::Endpoint {
  std::string method;
  HttpTemplate http_template;
  Rule rule;
};

struct PathMatcher::Node {
  // Few per node, so a scan beats a map.
  const Endpoint* FindEndpoint(std::string_view method, std::string_view verb) const {
    for (const Endpoint& endpoint : endpoints) {
      if (endpoint.method == method && endpoint.http_template.verb == verb) return &endpoint;
    }
    return nullptr;
  }

  Node& Child(const HttpTemplate::Segment& segment) {
    std::unique_ptr<Node>& child = segment.kind == HttpTemplate::SegmentKind::kLiteral
                                       ? literals[segment.text]
                                   : segment.kind == HttpTemplate::SegmentKind::kOne ? one
                                                                                     : any_number;
    if (child == nullptr) child = std::make_unique<Node>();
    return *child;
  }

  absl::flat_hash_map<std::string, std::unique_ptr<Node>> literals;
  std::unique_ptr<Node> one;
  std::unique_ptr<Node> any_number;
  std::vector<Endpoint> endpoints;
};

struct PathMatcher::SplitPath {
  absl::InlinedVector<std::string_view, 16> segments;
  std::string_view verb;
};

PathMatcher::PathMatcher(PathMatcher&&) noexcept = default;
PathMatcher& PathMatcher::operator=(PathMatcher&&) noexcept = default;
PathMatcher::~PathMatcher() = default;

PathMatcher::PathMatcher(Options options, std::unique_ptr<Node> root,
                         absl::flat_hash_set<std::string> verbs, std::vector<std::string> methods)
    : options_(options),
      root_(std::move(root)),
      verbs_(std::move(verbs)),
      methods_(std::move(methods)) {}

PathMatcher::SplitPath PathMatcher::Split(std::string_view path) const {
  SplitPath split;
  path = path.substr(0, path.find('?'));
  const size_t colon = path.rfind(':');
  const size_t slash = path.rfind('/');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    const std::string_view verb = path.substr(colon + 1);
    if (options_.match_unregistered_custom_verb || verbs_.contains(AbslView(verb))) {
      split.verb = verb;
      path = path.substr(0, colon);
    }
  }
  if (!path.empty()) path.remove_prefix(1);
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  while (!path.empty()) {
    const size_t end = path.find('/');
    split.segments.push_back(path.substr(0, end));
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  return split;
}

const PathMatcher::Endpoint* PathMatcher::Find(const Node& node, std::string_view method,
                                               const SplitPath& path, size_t position) {
  if (position == path.segments.size()) {
    if (const Endpoint* found = node.FindEndpoint(method, path.verb)) return found;
  } else {
    const auto literal = node.literals.find(AbslView(path.segments[position]));
    if (literal != node.literals.end()) {
      if (const Endpoint* found = Find(*literal->second, method, path, position + 1)) return found;
    }
    if (node.one != nullptr) {
      if (const Endpoint* found = Find(*node.one, method, path, position + 1)) return found;
    }
  }
  if (node.any_number == nullptr) return nullptr;
  return FindBehindAnyNumber(*node.any_number, method, path, position);
}

// Behind `**` there are literals only, so each possible end of the `**` is one walk down the
// literals, the longest tail of literals first.
const PathMatcher::Endpoint* PathMatcher::FindBehindAnyNumber(const Node& node,
                                                              std::string_view method,
                                                              const SplitPath& path,
                                                              size_t position) {
  for (size_t end = position; end < path.segments.size() && !node.literals.empty(); ++end) {
    const Node* tail = &node;
    for (size_t i = end; i < path.segments.size() && tail != nullptr; ++i) {
      const auto literal = tail->literals.find(AbslView(path.segments[i]));
      tail = literal == tail->literals.end() ? nullptr : literal->second.get();
    }
    if (tail == nullptr) continue;
    if (const Endpoint* found = tail->FindEndpoint(method, path.verb)) return found;
  }
  return node.FindEndpoint(method, path.verb);
}

std::string PathMatcher::Value(const HttpTemplate::Variable& variable,
                               const HttpTemplate& http_template, const SplitPath& path) const {
  const auto bound = [&](size_t index) {
    const bool moves =
        http_template.any_number_at.has_value() && index > *http_template.any_number_at;
    return moves ? index + path.segments.size() - http_template.segments.size() : index;
  };
  const size_t begin = bound(variable.begin);
  const size_t end = bound(variable.end);
  if (begin >= end) return "";
  const char* first = path.segments[begin].data();
  const char* last = path.segments[end - 1].data() + path.segments[end - 1].size();
  return PercentDecode(
      std::string_view(first, static_cast<size_t>(last - first)),
      variable.multi_segment ? options_.unescape_spec : UnescapeSpec::kAllCharacters);
}

std::optional<PathMatcher::Match> PathMatcher::Lookup(std::string_view method,
                                                      std::string_view path) const {
  const SplitPath split = Split(path);
  const Endpoint* endpoint = Find(*root_, method, split, 0);
  if (endpoint == nullptr) return std::nullopt;
  Match match{endpoint->rule.index, {}};
  match.values.reserve(endpoint->http_template.variables.size());
  for (const HttpTemplate::Variable& variable : endpoint->http_template.variables) {
    match.values.push_back(Value(variable, endpoint->http_template, split));
  }
  return match;
}

std::vector<std::string> PathMatcher::AllowedMethods(std::string_view path) const {
  const SplitPath split = Split(path);
  std::vector<std::string> allowed;
  for (const std::string& method : methods_) {
    if (Find(*root_, method, split, 0) != nullptr) allowed.push_back(method);
  }
  return allowed;
}

PathMatcher::Builder::Builder(Options options)
    : options_(options), root_(std::make_unique<Node>()) {}

PathMatcher::Builder::~Builder() = default;

absl::Status PathMatcher::Builder::Register(std::string_view method, HttpTemplate http_template,
                                            Rule rule) {
  Node* node = root_.get();
  for (const HttpTemplate::Segment& segment : http_template.segments) node = &node->Child(segment);
  if (const Endpoint* other = node->FindEndpoint(method, http_template.verb)) {
    return absl::AlreadyExistsError(
        absl::StrCat("HTTP rules of the same shape: ", other->rule.name, " and ", rule.name));
  }
  if (!http_template.verb.empty()) verbs_.insert(http_template.verb);
  methods_.insert(std::string(method));
  node->endpoints.push_back({std::string(method), std::move(http_template), std::move(rule)});
  return absl::OkStatus();
}

PathMatcher PathMatcher::Builder::Build() && {
  std::vector<std::string> methods(methods_.begin(), methods_.end());
  std::sort(methods.begin(), methods.end());
  return PathMatcher(options_, std::move(root_), std::move(verbs_), std::move(methods));
}

}  // namespace clv::gateway
