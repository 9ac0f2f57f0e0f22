#include "services/gateway/service_registry.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace clv::gateway {
namespace {

// Keeps the first error of a file that does not build.
class FirstError final : public google::protobuf::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element,
                const google::protobuf::Message* /*descriptor*/, ErrorLocation /*location*/,
                const std::string& message) override {
    if (text.empty()) text = absl::StrCat(file, ": ", element, ": ", message);
  }

  std::string text;
};

// Builds the files of a set after their imports, whatever their order.
class PoolBuilder {
 public:
  explicit PoolBuilder(google::protobuf::FileDescriptorSet set) : set_(std::move(set)) {
    for (const auto& file : set_.file()) files_.try_emplace(file.name(), &file);
  }

  absl::StatusOr<std::unique_ptr<google::protobuf::DescriptorPool>> Build() && {
    for (const auto& file : set_.file()) CLV_RETURN_IF_ERROR(Add(file.name(), file.name(), 0));
    for (const auto* type :
         {google::protobuf::Any::descriptor(), google::rpc::Status::descriptor()}) {
      if (pool_->FindMessageTypeByName(type->full_name()) != nullptr) continue;
      google::protobuf::FileDescriptorProto file;
      type->file()->CopyTo(&file);
      CLV_RETURN_IF_ERROR(BuildOne(file));
    }
    return std::move(pool_);
  }

 private:
  static constexpr int kMaxImportDepth = 1000;

  absl::Status Add(const std::string& name, const std::string& importer, int depth) {
    if (pool_->FindFileByName(name) != nullptr) return absl::OkStatus();
    const auto found = files_.find(name);
    if (found == files_.end()) {
      return absl::InvalidArgumentError(absl::StrCat("descriptor set: ", importer, " imports ",
                                                     name, ", which is not in the set"));
    }
    if (depth > kMaxImportDepth) {
      return absl::InvalidArgumentError(absl::StrCat("descriptor set: ", name, " imports itself"));
    }
    for (const std::string& import : found->second->dependency()) {
      CLV_RETURN_IF_ERROR(Add(import, name, depth + 1));
    }
    return BuildOne(*found->second);
  }

  absl::Status BuildOne(const google::protobuf::FileDescriptorProto& file) {
    FirstError error;
    if (pool_->BuildFileCollectingErrors(file, &error) != nullptr) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("descriptor set: ", error.text));
  }

  const google::protobuf::FileDescriptorSet set_;
  absl::flat_hash_map<std::string, const google::protobuf::FileDescriptorProto*> files_;
  std::unique_ptr<google::protobuf::DescriptorPool> pool_ =
      std::make_unique<google::protobuf::DescriptorPool>();
};

}  // namespace

ServiceRegistry::ServiceRegistry(std::unique_ptr<google::protobuf::DescriptorPool> owned,
                                 const google::protobuf::DescriptorPool* pool)
    : owned_(std::move(owned)), pool_(pool) {}

absl::StatusOr<ServiceRegistry> ServiceRegistry::FromFileDescriptorSet(std::string_view bytes) {
  google::protobuf::FileDescriptorSet set;
  if (!set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || set.file().empty()) {
    return absl::InvalidArgumentError("descriptor set: not a serialized FileDescriptorSet");
  }
  CLV_ASSIGN_OR_RETURN(auto pool, PoolBuilder(std::move(set)).Build());
  const google::protobuf::DescriptorPool* view = pool.get();
  return ServiceRegistry(std::move(pool), view);
}

ServiceRegistry ServiceRegistry::FromGeneratedPool() {
  // Naming a type of each file keeps the linker from leaving the file out.
  google::protobuf::Any::descriptor();
  google::rpc::Status::descriptor();
  google::rpc::BadRequest::descriptor();
  return ServiceRegistry(nullptr, google::protobuf::DescriptorPool::generated_pool());
}

absl::StatusOr<std::vector<const google::protobuf::ServiceDescriptor*>>
ServiceRegistry::FindServices(const std::vector<std::string>& full_names) const {
  std::vector<const google::protobuf::ServiceDescriptor*> services;
  for (const std::string& name : full_names) {
    const google::protobuf::ServiceDescriptor* service = pool_->FindServiceByName(name);
    if (service == nullptr) {
      return absl::NotFoundError(absl::StrCat("unknown service \"", name, "\""));
    }
    services.push_back(service);
  }
  return services;
}

}  // namespace clv::gateway
