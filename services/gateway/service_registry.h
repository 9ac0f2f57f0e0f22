// services/gateway/service_registry.h: the services and message types that the gateway knows.
#ifndef CLV_SERVICES_GATEWAY_SERVICE_REGISTRY_H_
#define CLV_SERVICES_GATEWAY_SERVICE_REGISTRY_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"

namespace clv::gateway {

// A descriptor pool with everything that transcoding needs. Immutable and thread-safe; movable,
// which leaves the descriptors where they are.
class ServiceRegistry {
 public:
  // From the serialized FileDescriptorSet that `protoc --include_imports --descriptor_set_out`
  // writes, files in any order. Adds google.protobuf.Any and google.rpc.Status, which error
  // conversion needs, where the set lacks them. INVALID_ARGUMENT, naming the file: not a descriptor
  // set, an import is missing, a file does not build.
  static absl::StatusOr<ServiceRegistry> FromFileDescriptorSet(std::string_view bytes);

  // Everything that is linked into this program.
  static ServiceRegistry FromGeneratedPool();

  const google::protobuf::DescriptorPool& pool() const { return *pool_; }

  // The services with these full names, in this order. NOT_FOUND names the first that the pool
  // lacks.
  absl::StatusOr<std::vector<const google::protobuf::ServiceDescriptor*>> FindServices(
      const std::vector<std::string>& full_names) const;

 private:
  ServiceRegistry(std::unique_ptr<google::protobuf::DescriptorPool> owned,
                  const google::protobuf::DescriptorPool* pool);

  std::unique_ptr<google::protobuf::DescriptorPool> owned_;  // null for the generated pool
  const google::protobuf::DescriptorPool* pool_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_SERVICE_REGISTRY_H_
