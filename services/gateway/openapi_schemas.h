// services/gateway/openapi_schemas.h: message types as JSON schemas of an OpenAPI document.
#ifndef CLV_SERVICES_GATEWAY_OPENAPI_SCHEMAS_H_
#define CLV_SERVICES_GATEWAY_OPENAPI_SCHEMAS_H_

#include <deque>
#include <set>
#include <string>

#include "common/rpc/json_writer.h"
#include "google/protobuf/descriptor.h"
#include "services/gateway/json_codec.h"

namespace clv::gateway {

// A comment as the descriptor set keeps it, without the space that starts its lines.
std::string WithoutIndent(const std::string& comment);

// The comment in front of an element of a descriptor set, or else behind it; empty where the set
// holds none.
template <typename Element>
std::string CommentOf(const Element& element) {
  google::protobuf::SourceLocation location;
  if (!element.GetSourceLocation(&location)) return "";
  return WithoutIndent(location.leading_comments.empty() ? location.trailing_comments
                                                         : location.leading_comments);
}

// Writes schemas and remembers which messages and enums they refer to. Not thread-safe.
class OpenApiSchemas {
 public:
  explicit OpenApiSchemas(const PrintOptions& print) : print_(print) {}

  // The name of a field in JSON.
  const std::string& NameOf(const google::protobuf::FieldDescriptor& field) const;

  // The schema of a message, and of a field with or without its being repeated.
  void WriteMessage(const google::protobuf::Descriptor& type, rpc::JsonWriter& json);
  void WriteField(const google::protobuf::FieldDescriptor& field, rpc::JsonWriter& json);
  void WriteElement(const google::protobuf::FieldDescriptor& field, rpc::JsonWriter& json);

  // The member `schemas` of the components: everything referred to, and what that refers to.
  void WriteComponents(rpc::JsonWriter& json);

 private:
  void WriteReference(const std::string& full_name, rpc::JsonWriter& json);
  void WriteEnum(const google::protobuf::EnumDescriptor& type, rpc::JsonWriter& json);
  void WriteObject(const google::protobuf::Descriptor& type, rpc::JsonWriter& json);
  void WriteProperty(const google::protobuf::FieldDescriptor& field, rpc::JsonWriter& json);
  bool WriteWellKnown(const google::protobuf::Descriptor& type, rpc::JsonWriter& json);

  const PrintOptions& print_;
  std::set<std::string> known_;
  std::deque<const google::protobuf::Descriptor*> messages_;  // referred to, not written yet
  std::deque<const google::protobuf::EnumDescriptor*> enums_;
};

// Whether clients must give the field, and whether only the server does.
bool IsRequired(const google::protobuf::FieldDescriptor& field);
bool IsOutputOnly(const google::protobuf::FieldDescriptor& field);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_OPENAPI_SCHEMAS_H_
