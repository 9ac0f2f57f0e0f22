// services/gateway/suite_options.h: how the gateway is configured for the suite's own services.
#ifndef CLV_SERVICES_GATEWAY_SUITE_OPTIONS_H_
#define CLV_SERVICES_GATEWAY_SUITE_OPTIONS_H_

#include <string>

#include "services/gateway/gateway.h"

namespace clv::gateway {

// Full names of the suite's services.
inline constexpr char kIngestService[] = "clv.v1.IngestService";
inline constexpr char kAdminService[] = "clv.v1.AdminService";
inline constexpr char kAggregationService[] = "clv.v1.AggregationService";
inline constexpr char kDataSourceService[] = "clv.v1.DataSourceService";
inline constexpr char kQueryService[] = "clv.v1.QueryService";

// Everything but the upstreams: the strict settings of both REST faces, on the descriptors built
// into the program.
Gateway::Options SuiteOptions(const std::string& http_address);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_SUITE_OPTIONS_H_
