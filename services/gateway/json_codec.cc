#include "services/gateway/json_codec.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/type.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver_util.h"
#include "services/gateway/json_text.h"
#include "services/gateway/map_entries.h"

namespace clv::gateway {
namespace {

constexpr char kTypeUrlPrefix[] = "type.googleapis.com";
constexpr char kUnknownField[] = ": Cannot find field.";  // the end of the engine's words

std::string TypeUrl(const google::protobuf::Descriptor& type) {
  return absl::StrCat(kTypeUrlPrefix, "/", type.full_name());
}

// The engine writes `(field): what is wrong`, Envoy's listener `field: what is wrong`. Where the
// engine knows no place it names the field at the end, and nothing before the colon.
std::string WithoutParentheses(std::string message) {
  if (message.starts_with(": invalid value")) message.erase(0, 2);
  const size_t close = message.find("): ");
  if (message.starts_with('(') && close != std::string::npos) {
    message.erase(close, 1);
    message.erase(0, 1);
  }
  return message;
}

// How many values of a body may have line breaks or other liberties in their base64.
constexpr int kMaxRelaxedValues = 16;

// The engine wants base64 in its one proper form, Envoy's copy of it does not. Where `error` says
// that a value is no base64, puts that form for it into `json`, which is the less common case and
// may cost a second look. False: it is no base64 in any form.
bool RelaxBase64(const std::string& error, std::string& json) {
  static constexpr std::string_view kBefore = "invalid value \"";
  static constexpr std::string_view kBehind = "\" for type TYPE_BYTES";
  const size_t before = error.find(kBefore);
  const size_t behind = error.rfind(kBehind);
  if (before == std::string::npos || behind == std::string::npos) return false;
  const size_t begin = before + kBefore.size();
  const std::string value = error.substr(begin, behind - std::min(begin, behind));
  std::string text;
  std::copy_if(value.begin(), value.end(), std::back_inserter(text),
               [](char c) { return !absl::ascii_isspace(static_cast<unsigned char>(c)); });
  std::string bytes;
  if (!absl::Base64Unescape(text, &bytes) && !absl::WebSafeBase64Unescape(text, &bytes)) {
    return false;
  }
  return ReplaceJsonString(value, absl::Base64Escape(bytes), json);
}

// The pool's resolver converts a descriptor to a Type, options and all, at every call, and a
// conversion asks for every type it meets. Keeping the result makes that a copy.
class CachingTypeResolver final : public google::protobuf::util::TypeResolver {
 public:
  CachingTypeResolver(const google::protobuf::DescriptorPool& pool, bool for_input)
      : pool_(pool),
        for_input_(for_input),
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

  // The one-member oneof behind a proto3 `optional` field is not one to who writes it: with it the
  // engine would refuse a field that is given twice. When it prints defaults, though, the oneof is
  // how it knows an absent field from one that is 0. It reads no field options, which cost copying.
  void Trim(google::protobuf::Type& type) const {
    const google::protobuf::Descriptor* descriptor = pool_.FindMessageTypeByName(type.name());
    for (google::protobuf::Field& field : *type.mutable_fields()) {
      const google::protobuf::FieldDescriptor* field_descriptor =
          descriptor == nullptr ? nullptr : descriptor->FindFieldByNumber(field.number());
      if (for_input_ && field_descriptor != nullptr &&
          field_descriptor->real_containing_oneof() == nullptr) {
        field.clear_oneof_index();
      }
      field.clear_options();
    }
  }

  const google::protobuf::DescriptorPool& pool_;
  const bool for_input_;
  const std::unique_ptr<google::protobuf::util::TypeResolver> resolver_;
  std::shared_mutex mutex_;
  absl::flat_hash_map<std::string, google::protobuf::Type> types_;  // guarded by mutex_
  absl::flat_hash_map<std::string, google::protobuf::Enum> enums_;  // guarded by mutex_
};

}  // namespace

JsonCodec::JsonCodec(const google::protobuf::DescriptorPool& pool, const Options& options)
    : input_types_(std::make_unique<CachingTypeResolver>(pool, /*for_input=*/true)),
      output_types_(std::make_unique<CachingTypeResolver>(pool, /*for_input=*/false)),
      options_(options) {}

JsonCodec::~JsonCodec() = default;

absl::StatusOr<std::string> JsonCodec::ToWire(const google::protobuf::Descriptor& type,
                                              std::string_view json) const {
  if (std::optional<std::string> plain = plain_.Encode(type, json)) return *std::move(plain);
  absl::StatusOr<std::string> wire = ToWireStrictly(type, json);
  std::string relaxed;
  for (int i = 0; i < kMaxRelaxedValues && !wire.ok(); ++i) {
    if (i == 0) relaxed = json;
    if (!RelaxBase64(std::string(wire.status().message()), relaxed)) break;
    wire = ToWireStrictly(type, relaxed);
  }
  CLV_RETURN_IF_ERROR(wire.status());
  if (const auto* const map = FindCutMapEntry(type, *wire)) {
    return absl::InvalidArgumentError(
        absl::StrCat(map->name(), ": invalid value: an object, want a ",
                     map->message_type()->map_value()->type_name(), " for each key"));
  }
  return wire;
}

// Unknown fields are dropped, unknown names of enum values are not; but the engine drops both or
// neither. It tells the last of several errors: a name that an unknown field follows is missed.
absl::StatusOr<std::string> JsonCodec::ToWireStrictly(const google::protobuf::Descriptor& type,
                                                      std::string_view json) const {
  absl::StatusOr<std::string> wire = Convert(type, json, /*ignore_unknown=*/false);
  if (wire.ok() || !absl::EndsWith(wire.status().message(), kUnknownField)) return wire;
  return Convert(type, json, /*ignore_unknown=*/true);
}

absl::StatusOr<std::string> JsonCodec::Convert(const google::protobuf::Descriptor& type,
                                               std::string_view json, bool ignore_unknown) const {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = ignore_unknown;
  options.case_insensitive_enum_parsing = options_.case_insensitive_enum_parsing;
  google::protobuf::io::ArrayInputStream input(json.data(), static_cast<int>(json.size()));
  std::string wire;
  google::protobuf::io::StringOutputStream output(&wire);
  const auto status = google::protobuf::util::JsonToBinaryStream(input_types_.get(), TypeUrl(type),
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
  const auto status = google::protobuf::util::BinaryToJsonStream(output_types_.get(), TypeUrl(type),
                                                                 &wire, &output, options);
  if (!status.ok()) {
    return absl::InternalError(std::string(status.message()));
  }
  return json;
}

}  // namespace clv::gateway
