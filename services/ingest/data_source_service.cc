#include "services/ingest/data_source_service.h"

namespace clv::ingest {

DataSourceService::DataSourceService(const Options& options)
    : dispatcher_("clv.v1.DataSourceService", options.dispatch) {}

}  // namespace clv::ingest
