#include "services/gateway/json_codec.h"

#include <mutex>
#include <shared_mutex>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/type.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver_util.h"

namespace clv::gateway {
namespace {

constexpr char kTypeUrlPrefix[] = "type.googleapis.com";

std::string TypeUrl(const google::protobuf::Descriptor& type) {
  return absl::StrCat(kTypeUrlPrefix, "/", type.full_name());
}

// The engine writes `(field): what is wrong`, Envoy's listener `field: what is wrong`.
std::string WithoutParentheses(std::string message) {
  const size_t close = message.find("): ");
  if (message.starts_with('(') && close != std::string::npos) {
    message.erase(close, 1);
    message.erase(0, 1);
  }
  return message;
}

// The pool's resolver converts a descriptor to a Type, options and all, at every call, and a
// conversion asks for every type it meets. Keeping the result makes that a copy.
class CachingTypeResolver final : public google::protobuf::util::TypeResolver {
 public:
  explicit CachingTypeResolver(const google::protobuf::DescriptorPool& pool)
      : pool_(pool),
        resolver_(google::protobuf::util::NewTypeResolverForDescriptorPool(kTypeUrlPrefix, &pool)) {
  }

  google::protobuf::util::Status ResolveMessageType(const std::string& type_url,
                                                    google::protobuf::Type* type) override {
    return Resolve(types_, type_url, type, [this, &type_url](google::protobuf::Type* fresh) {
      const auto status = resolver_->ResolveMessageType(type_url, fresh);
      if (status.ok()) Trim(*fresh);
      return status;
    });
  }

  google::protobuf::util::Status ResolveEnumType(const std::string& type_url,
                                                 google::protobuf::Enum* type) override {
    return Resolve(enums_, type_url, type, [this, &type_url](google::protobuf::Enum* fresh) {
      return resolver_->ResolveEnumType(type_url, fresh);
    });
  }

 private:
  template <typename T, typename Resolver>
  google::protobuf::util::Status Resolve(absl::flat_hash_map<std::string, T>& known,
                                         const std::string& type_url, T* type,
                                         const Resolver& resolver) {
    {
      const std::shared_lock lock(mutex_);
      const auto found = known.find(type_url);
      if (found != known.end()) {
        *type = found->second;
        return {};
      }
    }
    const google::protobuf::util::Status status = resolver(type);
    if (status.ok()) {
      const std::unique_lock lock(mutex_);
      known.try_emplace(type_url, *type);
    }
    return status;
  }

  // The one-member oneof behind a proto3 `optional` field is not one to the user: with it the
  // engine would refuse a field that is given twice. The engine reads no field options, which cost
  // copying.
  void Trim(google::protobuf::Type& type) const {
    const google::protobuf::Descriptor* descriptor = pool_.FindMessageTypeByName(type.name());
    for (google::protobuf::Field& field : *type.mutable_fields()) {
      const google::protobuf::FieldDescriptor* field_descriptor =
          descriptor == nullptr ? nullptr : descriptor->FindFieldByNumber(field.number());
      if (field_descriptor != nullptr && field_descriptor->real_containing_oneof() == nullptr) {
        field.clear_oneof_index();
      }
      field.clear_options();
    }
  }

  const google::protobuf::DescriptorPool& pool_;
  const std::unique_ptr<google::protobuf::util::TypeResolver> resolver_;
  std::shared_mutex mutex_;
  absl::flat_hash_map<std::string, google::protobuf::Type> types_;  // guarded by mutex_
  absl::flat_hash_map<std::string, google::protobuf::Enum> enums_;  // guarded by mutex_
};

}  // namespace

JsonCodec::JsonCodec(const google::protobuf::DescriptorPool& pool, const Options& options)
    : resolver_(std::make_unique<CachingTypeResolver>(pool)), options_(options) {}

JsonCodec::~JsonCodec() = default;

absl::StatusOr<std::string> JsonCodec::ToWire(const google::protobuf::Descriptor& type,
                                              std::string_view json) const {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  options.case_insensitive_enum_parsing = options_.case_insensitive_enum_parsing;
  google::protobuf::io::ArrayInputStream input(json.data(), static_cast<int>(json.size()));
  std::string wire;
  google::protobuf::io::StringOutputStream output(&wire);
  const auto status = google::protobuf::util::JsonToBinaryStream(resolver_.get(), TypeUrl(type),
                                                                 &input, &output, options);
  if (!status.ok()) {
    return absl::InvalidArgumentError(WithoutParentheses(std::string(status.message())));
  }
  return wire;
}

absl::StatusOr<std::string> JsonCodec::ToJson(const google::protobuf::Descriptor& type,
                                              google::protobuf::io::ZeroCopyInputStream& wire,
                                              bool on_one_line) const {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = options_.print.add_whitespace && !on_one_line;
  options.always_print_primitive_fields = options_.print.always_print_primitive_fields;
  options.always_print_enums_as_ints = options_.print.always_print_enums_as_ints;
  options.preserve_proto_field_names = options_.print.preserve_proto_field_names;
  std::string json;
  google::protobuf::io::StringOutputStream output(&json);
  const auto status = google::protobuf::util::BinaryToJsonStream(resolver_.get(), TypeUrl(type),
                                                                 &wire, &output, options);
  if (!status.ok()) {
    return absl::InternalError(std::string(status.message()));
  }
  return json;
}

}  // namespace clv::gateway
