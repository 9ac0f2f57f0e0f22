// services/gateway/descriptor_set.h: the suite's protos with their comments, built into the
// program.
#ifndef CLV_SERVICES_GATEWAY_DESCRIPTOR_SET_H_
#define CLV_SERVICES_GATEWAY_DESCRIPTOR_SET_H_

#include <string_view>

namespace clv::gateway {

// A serialized FileDescriptorSet with imports and source info: the bytes of the build's
// share/clv_v1.binpb. The descriptors that are linked into a program have no comments.
std::string_view DescriptorSet();

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_DESCRIPTOR_SET_H_
