// services/ingest/data_source_json.h: data sources as the /v0 face shows them.
#ifndef CLV_SERVICES_INGEST_DATA_SOURCE_JSON_H_
#define CLV_SERVICES_INGEST_DATA_SOURCE_JSON_H_

#include <string>
#include <vector>

#include "clv/v1/data_source_service.pb.h"

namespace clv::ingest {

// One object with `id`, `name`, `description`, `engine`, `schema`, `statistics`, `used_by`, `type`,
// `created_at` and `updated_at` (both null: nobody notes them), or those of these keys that `attrs`
// names, if it names any.
std::string DataSourceJson(const v1::DataSource& data_source,
                           const std::vector<std::string>& attrs);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_DATA_SOURCE_JSON_H_
