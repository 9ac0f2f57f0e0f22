// services/gateway/plain_json.h: JSON of the common kind to protobuf wire format, some ten times
// faster than protobuf's own engine.
//
// Internal to json_codec.cc, which asks the engine wherever this one passes.
#ifndef CLV_SERVICES_GATEWAY_PLAIN_JSON_H_
#define CLV_SERVICES_GATEWAY_PLAIN_JSON_H_

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "google/protobuf/descriptor.h"

namespace clv::gateway {

// Encodes what is strictly JSON (RFC 8259) and names only fields that the type has: texts, bools,
// doubles, whole numbers (as JSON numbers or as digits in a text), enum values by their exact name,
// messages, and lists of them. Everything else it leaves to the engine: null, members of a oneof,
// maps, bytes, float, well-known types, proto2, other spellings of a value, errors of all kinds.
// What it does encode means the same as what the engine makes of it.
//
// Thread-safe. Looks at each type once and keeps what it found.
class PlainJson {
 public:
  PlainJson();
  ~PlainJson();

  // The wire format of the message of type `type` that `json` describes, or nothing: the engine is
  // to decide. `type` must outlive this object.
  std::optional<std::string> Encode(const google::protobuf::Descriptor& type,
                                    std::string_view json) const;

 private:
  struct Field;
  struct Message;
  class Encoder;

  const Message& Known(const google::protobuf::Descriptor& type) const;
  Message& Learn(const google::protobuf::Descriptor& type) const;

  mutable std::shared_mutex mutex_;

  // By type; guarded by mutex_, what they point to is immutable once the lock is released.
  mutable std::unordered_map<const google::protobuf::Descriptor*, std::unique_ptr<Message>>
      messages_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_PLAIN_JSON_H_
