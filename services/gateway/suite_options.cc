#include "services/gateway/suite_options.h"

#include "common/base/version.h"
#include "services/gateway/descriptor_set.h"

namespace clv::gateway {

Gateway::Options SuiteOptions(const std::string& http_address) {
  Gateway::Options options;
  options.http.address = http_address;
  // The linked descriptors would do, but for the comments in the OpenAPI document.
  options.descriptor_set = std::string(DescriptorSet());
  options.openapi = {.title = "CLV suite", .version = std::string(Version()), .bearer_token = true};
  options.transcoder.services = {kIngestService, kAdminService, kDataSourceService,
                                 kAggregationService, kQueryService};
  // Counts of zero and empty lists are answers, too.
  options.transcoder.print_options.always_print_primitive_fields = true;
  options.transcoder.query_param_unescape_plus = true;
  options.transcoder.convert_grpc_status = true;
  options.transcoder.ignore_unknown_query_parameters_under = {"/v0/"};
  // The name in the path counts, whatever parameter a client adds; SDKs add `from` to every call,
  // those of /v1 included.
  options.transcoder.ignored_query_parameters = {"pipe", "from"};
  // The reports of /v0 may hold 100,000 rows.
  options.transcoder.max_response_body_size = 128 << 20;
  options.suite_headers = true;
  options.documentation_url = "/#gateway";
  return options;
}

}  // namespace clv::gateway
