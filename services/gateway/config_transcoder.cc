#include "services/gateway/config_transcoder.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv::gateway {
namespace {

constexpr char kPlace[] = "grpc_json_transcoder";

// Envoy's default is the buffer limit of a stream.
constexpr int64_t kDefaultBodyBytes = 1 << 20;
constexpr IntegerRange kBodyBytes{1, std::numeric_limits<uint32_t>::max()};

absl::Status ReadPrintOptions(const YAML::Node& node, PrintOptions& print) {
  ConfigMap map(node, absl::StrCat(kPlace, ".print_options"));
  map.Read("add_whitespace", &print.add_whitespace);
  map.Read("always_print_primitive_fields", &print.always_print_primitive_fields);
  map.Read("always_print_enums_as_ints", &print.always_print_enums_as_ints);
  map.Read("preserve_proto_field_names", &print.preserve_proto_field_names);
  map.Read("stream_newline_delimited", &print.stream_newline_delimited);
  map.Read("stream_sse_style_delimited", &print.stream_sse_style_delimited);
  return map.Finish();
}

absl::Status ReadValidationOptions(const YAML::Node& node, TranscoderOptions& options) {
  ConfigMap map(node, absl::StrCat(kPlace, ".request_validation_options"));
  bool always_on = true;
  map.Read("reject_unknown_method", &always_on);
  map.Read("reject_unknown_query_parameters", &always_on);
  map.Read("reject_binding_body_field_collisions", &options.reject_binding_body_field_collisions);
  return map.Finish();
}

void ReadUnescapeSpec(ConfigMap& map, TranscoderOptions& options) {
  static constexpr std::pair<std::string_view, UnescapeSpec> kSpecs[] = {
      {"ALL_CHARACTERS_EXCEPT_RESERVED", UnescapeSpec::kAllCharactersExceptReserved},
      {"ALL_CHARACTERS_EXCEPT_SLASH", UnescapeSpec::kAllCharactersExceptSlash},
      {"ALL_CHARACTERS", UnescapeSpec::kAllCharacters}};
  std::string name(kSpecs[0].first);
  map.Read("url_unescape_spec", &name);
  for (const auto& [known, spec] : kSpecs) {
    if (name == known) {
      options.url_unescape_spec = spec;
      return;
    }
  }
  map.Refuse("url_unescape_spec",
             absl::StrCat("\"", name,
                          "\", want ALL_CHARACTERS_EXCEPT_RESERVED, ALL_CHARACTERS_EXCEPT_SLASH "
                          "or ALL_CHARACTERS"));
}

absl::StatusOr<std::string> ReadDescriptorSet(ConfigMap& map, const std::string& directory) {
  std::string file;
  std::string base64;
  map.Read("proto_descriptor", &file);
  map.Read("proto_descriptor_bin", &base64);
  if (file.empty() == base64.empty()) {
    map.Refuse(base64.empty() ? "proto_descriptor" : "proto_descriptor_bin",
               "want one of proto_descriptor and proto_descriptor_bin");
    return map.Finish();
  }
  std::string bytes;
  if (file.empty()) {
    if (!absl::Base64Unescape(base64, &bytes)) {
      map.Refuse("proto_descriptor_bin", "no base64");
      return map.Finish();
    }
    return bytes;
  }
  absl::StatusOr<std::string> read = ReadNamedFile(file, directory);
  if (read.ok() && read->empty())
    read = absl::NotFoundError(absl::StrCat("\"", file, "\" is empty"));
  if (read.ok()) return read;
  return absl::NotFoundError(
      absl::StrCat(map.PlaceOf("proto_descriptor"), ": ", read.status().message()));
}

}  // namespace

absl::StatusOr<std::string> ReadNamedFile(const std::string& name, const std::string& directory) {
  for (const std::filesystem::path& path :
       {std::filesystem::path(directory) / name, std::filesystem::path(name)}) {
    std::ifstream file(path, std::ios::binary);
    if (!file) continue;
    std::ostringstream bytes;
    bytes << file.rdbuf();
    if (!file.bad()) return std::move(bytes).str();
  }
  return absl::NotFoundError(absl::StrCat("cannot read \"", name, "\""));
}

absl::StatusOr<TranscoderConfig> ReadTranscoderConfig(const YAML::Node& node,
                                                      const std::string& directory) {
  TranscoderConfig config;
  TranscoderOptions& options = config.options;
  options.max_request_body_size = kDefaultBodyBytes;
  options.max_response_body_size = kDefaultBodyBytes;
  ConfigMap map(node, kPlace);
  bool has_no_effect = false;
  map.Read("match_incoming_request_route", &has_no_effect);
  map.Read("services", &options.services);
  map.Read("ignored_query_parameters", &options.ignored_query_parameters);
  map.Read("auto_mapping", &options.auto_mapping);
  map.Read("ignore_unknown_query_parameters", &options.ignore_unknown_query_parameters);
  map.Read("capture_unknown_query_parameters", &options.capture_unknown_query_parameters);
  map.Read("convert_grpc_status", &options.convert_grpc_status);
  map.Read("query_param_unescape_plus", &options.query_param_unescape_plus);
  map.Read("match_unregistered_custom_verb", &options.match_unregistered_custom_verb);
  map.Read("case_insensitive_enum_parsing", &options.case_insensitive_enum_parsing);
  map.Read("max_request_body_size", &options.max_request_body_size, kBodyBytes);
  map.Read("max_response_body_size", &options.max_response_body_size, kBodyBytes);
  ReadUnescapeSpec(map, options);
  const YAML::Node print_options = map.Take("print_options");
  const YAML::Node validation = map.Take("request_validation_options");
  absl::StatusOr<std::string> descriptor_set = ReadDescriptorSet(map, directory);
  CLV_RETURN_IF_ERROR(map.Finish());
  CLV_RETURN_IF_ERROR(ReadPrintOptions(print_options, options.print_options));
  CLV_RETURN_IF_ERROR(ReadValidationOptions(validation, options));
  CLV_ASSIGN_OR_RETURN(config.descriptor_set, std::move(descriptor_set));
  return config;
}

}  // namespace clv::gateway
