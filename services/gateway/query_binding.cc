#include "services/gateway/query_binding.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"
#include "services/gateway/json_text.h"
#include "services/gateway/percent_coding.h"

namespace clv::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

const FieldDescriptor* FindField(const Descriptor& message, const std::string& name) {
  if (const FieldDescriptor* field = message.FindFieldByName(name)) return field;
  if (const FieldDescriptor* field = message.FindFieldByCamelcaseName(name)) return field;
  for (int i = 0; i < message.field_count(); ++i) {
    if (message.field(i)->json_name() == name) return message.field(i);
  }
  return nullptr;
}

// Looked up as it stands, then decoded.
absl::StatusOr<FieldPath> ResolveQueryName(const Descriptor& root, std::string_view name,
                                           const std::string& decoded) {
  absl::StatusOr<FieldPath> path = ResolveFieldPath(root, name);
  if (!path.ok() && decoded != name) path = ResolveFieldPath(root, decoded);
  return path;
}

// The bindings at and below one message, in their order.
struct WeaveNode {
  struct Child {
    const FieldDescriptor* field;
    const std::string* value;      // of a leaf, else null
    std::vector<WeaveNode> below;  // one for a message, none for a leaf
  };
  std::vector<Child> children;
};

WeaveNode& Below(WeaveNode& node, const FieldDescriptor* field) {
  for (WeaveNode::Child& child : node.children) {
    if (child.field == field && !child.below.empty()) return child.below.front();
  }
  node.children.push_back({field, nullptr, std::vector<WeaveNode>(1)});
  return node.children.back().below.front();
}

std::string Members(const WeaveNode& node) {
  std::string out;
  for (const WeaveNode::Child& child : node.children) {
    if (!out.empty()) out.push_back(',');
    out.append(JsonQuote(child.field->name())).push_back(':');
    out.append(child.value != nullptr ? JsonQuote(*child.value)
                                      : absl::StrCat("{", Members(child.below.front()), "}"));
  }
  return out;
}

}  // namespace

absl::StatusOr<FieldPath> ResolveFieldPath(const Descriptor& root, std::string_view dotted) {
  FieldPath path;
  const Descriptor* message = &root;
  std::string_view rest = dotted;
  while (true) {
    const size_t dot = rest.find('.');
    const std::string name(rest.substr(0, dot));
    const FieldDescriptor* field = FindField(*message, name);
    if (field == nullptr) {
      return absl::NotFoundError(absl::StrCat("Could not find field \"", name, "\" in the type \"",
                                              message->full_name(), "\"."));
    }
    path.push_back(field);
    if (path.size() > kMaxJsonDepth) {
      return absl::InvalidArgumentError("A field path is nested too deeply.");
    }
    if (dot == std::string_view::npos) return path;
    if (field->is_map() || field->message_type() == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("Field \"", name, "\" of the type \"", message->full_name(), "\" is a ",
                       field->is_map() ? "map" : field->type_name(), " and has no fields."));
    }
    message = field->message_type();
    rest.remove_prefix(dot + 1);
  }
}

absl::Status CheckBindable(const FieldPath& path) {
  const FieldDescriptor* leaf = path.back();
  if (leaf->message_type() == nullptr) return absl::OkStatus();
  if (!leaf->is_map()) {
    switch (leaf->message_type()->well_known_type()) {
      case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      case Descriptor::WELLKNOWNTYPE_ANY:
      case Descriptor::WELLKNOWNTYPE_STRUCT:
      case Descriptor::WELLKNOWNTYPE_LISTVALUE:
        break;
      default:
        return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("Field \"", leaf->name(), "\" of the type \"",
                                                 leaf->containing_type()->full_name(),
                                                 "\" is a message and takes no value from a URL."));
}

absl::StatusOr<QueryFields> ParseQuery(std::string_view query, const Descriptor& root,
                                       const QueryOptions& options) {
  QueryFields fields;
  while (!query.empty()) {
    const size_t ampersand = query.find('&');
    const std::string_view part = query.substr(0, ampersand);
    query = ampersand == std::string_view::npos ? std::string_view() : query.substr(ampersand + 1);
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    const std::string_view name = part.substr(0, equals);
    std::string decoded = PercentDecode(name, UnescapeSpec::kAllCharacters);
    if (options.ignored.contains(absl::string_view(name.data(), name.size())) ||
        options.ignored.contains(decoded)) {
      continue;
    }
    std::string value =
        PercentDecode(part.substr(equals + 1), UnescapeSpec::kAllCharacters, options.plus_is_space);
    absl::StatusOr<FieldPath> path = ResolveQueryName(root, name, decoded);
    if (path.ok()) {
      fields.bindings.push_back({*std::move(path), std::move(value)});
    } else if (options.capture_unknown) {
      fields.unknown.emplace_back(std::move(decoded), std::move(value));
    } else if (!options.ignore_unknown) {
      return absl::InvalidArgumentError(path.status().message());
    }
  }
  return fields;
}

absl::Status CheckEnumValue(const Binding& binding, bool case_insensitive) {
  const google::protobuf::EnumDescriptor* type = binding.path.back()->enum_type();
  if (type == nullptr || type->FindValueByName(binding.value) != nullptr) return absl::OkStatus();
  int32_t number = 0;
  if (absl::SimpleAtoi(binding.value, &number) && type->FindValueByNumber(number) != nullptr) {
    return absl::OkStatus();
  }
  if (case_insensitive) {
    const std::string name =
        absl::StrReplaceAll(absl::AsciiStrToUpper(binding.value), {{"-", "_"}});
    if (type->FindValueByName(name) != nullptr) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(binding.path.back()->name(), ": invalid value \"",
                                                 binding.value, "\" for type TYPE_ENUM"));
}

std::string WeaveBindings(const std::vector<Binding>& bindings) {
  WeaveNode root;
  for (const Binding& binding : bindings) {
    WeaveNode* node = &root;
    for (size_t i = 0; i + 1 < binding.path.size(); ++i) node = &Below(*node, binding.path[i]);
    node->children.push_back({binding.path.back(), &binding.value, {}});
  }
  return Members(root);
}

}  // namespace clv::gateway
