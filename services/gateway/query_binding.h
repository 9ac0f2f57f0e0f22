// services/gateway/query_binding.h: which request fields a URL sets.
//
// A binding is a field and the text that the URL gives it. Values stay text here: WeaveBindings
// turns them into JSON strings, and protobuf's JSON engine, which takes every scalar, enum,
// timestamp and wrapper as a string, converts and checks them. So the rules for values (base64,
// `yes`, enum numbers, two members of a oneof) are Envoy's by construction.
#ifndef CLV_SERVICES_GATEWAY_QUERY_BINDING_H_
#define CLV_SERVICES_GATEWAY_QUERY_BINDING_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"

namespace clv::gateway {

// The fields from the request message down to a leaf; never empty.
using FieldPath = std::vector<const google::protobuf::FieldDescriptor*>;

struct Binding {
  FieldPath path;
  std::string value;  // decoded
};

struct QueryOptions {
  bool plus_is_space = false;

  // Drops what names no field instead of refusing it.
  bool ignore_unknown = false;

  // Keeps what names no field instead of refusing it; wins over `ignore_unknown`.
  bool capture_unknown = false;

  // Dropped by name before binding, also where a field has that name.
  absl::flat_hash_set<std::string> ignored;
};

// The field that `dotted` names below `root`: each part a proto name, its lowerCamel form or a
// json_name. What is between is a message, single or repeated. NOT_FOUND: no such field.
// INVALID_ARGUMENT: a part below a scalar or in a map, or more than kMaxJsonDepth parts.
absl::StatusOr<FieldPath> ResolveFieldPath(const google::protobuf::Descriptor& root,
                                           std::string_view dotted);

// OK if text can be bound to the field at the end of `path`: a scalar or enum, single or repeated,
// or a message that has a string or bare value in JSON (Timestamp, Duration, FieldMask, Value,
// wrappers). INVALID_ARGUMENT: another message, or a map.
absl::Status CheckBindable(const FieldPath& path);

// What a query says.
struct QueryFields {
  std::vector<Binding> bindings;
  std::vector<std::pair<std::string, std::string>> unknown;  // captured, decoded, in their order
};

// Parses `query` (without the `?`): parts at `&`, name and value at the first `=`; a part without
// `=` or name says nothing. The name is looked up as it stands, then decoded; the value is decoded
// fully. INVALID_ARGUMENT `Could not find field "x" in the type "T".` and as ResolveFieldPath and,
// whatever the options say, CheckBindable say.
absl::StatusOr<QueryFields> ParseQuery(std::string_view query,
                                       const google::protobuf::Descriptor& root,
                                       const QueryOptions& options);

// OK unless the field is an enum and the value neither one of its names nor the number of one:
// INVALID_ARGUMENT. The JSON engine drops unknown enum names together with unknown fields, so this
// is checked here. With `case_insensitive` names match in any case and `-` stands for `_`.
absl::Status CheckEnumValue(const Binding& binding, bool case_insensitive);

// The members of a JSON object that sets `bindings`, without its braces: `"a":"1","b":{"c":"2"}`.
// Bindings below one message share one object, so that a repeated message gets one element. Later
// bindings come later, and so win.
std::string WeaveBindings(const std::vector<Binding>& bindings);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_QUERY_BINDING_H_
