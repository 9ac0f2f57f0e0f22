// common/rpc/proto_comments.h: what the protos say about their own parts, for programs that
// describe themselves.
#ifndef CLV_COMMON_RPC_PROTO_COMMENTS_H_
#define CLV_COMMON_RPC_PROTO_COMMENTS_H_

#include <google/protobuf/descriptor.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace clv::rpc {

// The comments of a descriptor set, which the descriptors that are linked into a program lack.
// Thread-safe.
class ProtoComments {
 public:
  // `descriptor_set`: a serialized FileDescriptorSet with its imports and source info.
  // INVALID_ARGUMENT when it does not parse or build.
  static absl::StatusOr<ProtoComments> Parse(std::string_view descriptor_set);

  // The comment in front of the part of that full name, as one line, without the words `Required.`,
  // `Optional.` and `Output only.` that fields begin with. Empty for a part that is unknown or has
  // none.
  std::string OfMethod(const std::string& full_name) const;
  std::string OfField(const std::string& full_name) const;

 private:
  explicit ProtoComments(std::unique_ptr<const google::protobuf::DescriptorPool> pool);

  std::unique_ptr<const google::protobuf::DescriptorPool> pool_;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_PROTO_COMMENTS_H_
