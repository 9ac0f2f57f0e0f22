// services/query/quarantine_table.h: refused rows as a /v0 table.
#ifndef CLV_SERVICES_QUERY_QUARANTINE_TABLE_H_
#define CLV_SERVICES_QUERY_QUARANTINE_TABLE_H_

#include <string>
#include <vector>

#include "clv/v1/query_service.pb.h"
#include "common/domain/records.h"
#include "common/rpc/table_writer.h"

namespace clv::query {

// `c__error_column` and `c__error` (one entry for each broken column; for a text that is
// no object `[]` and one error), `c__import_id`, the columns of the data source as raw text,
// `insertion_date`, `raw`, `raw_length`.
std::vector<rpc::TableColumn> QuarantineColumns(domain::DataSource data_source);

// The rows under these columns. `context_json`: an object.
std::string RenderQuarantine(domain::DataSource data_source,
                             const v1::ListQuarantinedRowsResponse& response,
                             const rpc::TableOptions& options, const std::string& context_json);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_QUARANTINE_TABLE_H_
