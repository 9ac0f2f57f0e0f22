// services/gateway/map_entries.h: finds map entries that protobuf's JSON engine has cut short.
//
// Internal to json_codec.cc.
#ifndef CLV_SERVICES_GATEWAY_MAP_ENTRIES_H_
#define CLV_SERVICES_GATEWAY_MAP_ENTRIES_H_

#include <string_view>

#include "google/protobuf/descriptor.h"

namespace clv::gateway {

// Where JSON has an object for a value of a map that is no message, the engine (protobuf 3.21)
// writes the value's tag and nothing behind it instead of refusing it. The first map field with
// such an entry in `wire`, a message of type `type` or one below it; null where there is none.
const google::protobuf::FieldDescriptor* FindCutMapEntry(const google::protobuf::Descriptor& type,
                                                         std::string_view wire);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_MAP_ENTRIES_H_
