// services/query/openapi_schemas.h: the schemas of parameters, rows and answers in the OpenAPI
// description.
#ifndef CLV_SERVICES_QUERY_OPENAPI_SCHEMAS_H_
#define CLV_SERVICES_QUERY_OPENAPI_SCHEMAS_H_

#include <string>
#include <vector>

#include "common/rpc/json_writer.h"
#include "services/query/pipe_catalogue.h"

namespace clv::query {

// Names below `#/components/schemas/`.
inline constexpr char kErrorSchema[] = "Error";
std::string FormSchemaName(const PipeEntry& entry);   // its parameters as a form
std::string TableSchemaName(const PipeEntry& entry);  // its answer as JSON

// The schema of one parameter's value.
void WriteParameterSchema(const v1::PipeParameter& parameter, rpc::JsonWriter& json);

// The schema of one row, of whatever view or level.
void WriteRowsSchema(const PipeEntry& entry, rpc::JsonWriter& json);

// The member `schemas` of the components: errors, context, and form, rows and answer of each
// endpoint.
void WriteSchemas(const std::vector<const PipeEntry*>& entries, rpc::JsonWriter& json);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_OPENAPI_SCHEMAS_H_
