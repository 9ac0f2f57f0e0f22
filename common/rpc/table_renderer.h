// common/rpc/table_renderer.h: any typed report as a /v0 table, by reflection.
//
// A row message is a row and its fields are the columns, in the order of their declaration, as the
// option `(clv.v1.column)` says: string = String, DECIMAL = Decimal(38, 6), DATE = Date, double =
// Float64, uint32 and uint64 = UInt64, int32 and int64 = Int64, bool = UInt8, Timestamp = DateTime,
// enum = String (short name); `Nullable(...)` around those of fields with presence that are not
// `never_null`. Hidden fields are left out.
#ifndef CLV_COMMON_RPC_TABLE_RENDERER_H_
#define CLV_COMMON_RPC_TABLE_RENDERER_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "common/rpc/table_writer.h"

namespace clv::rpc {

// A field of a row message and the column that it is.
struct FieldColumn {
  const google::protobuf::FieldDescriptor* field = nullptr;
  TableColumn column;
};

// The columns of a row message, in the order in which `meta` lists them.
std::vector<FieldColumn> FieldColumnsOf(const google::protobuf::Descriptor& row);

// Renders the repeated message field `rows_field` of `response`. The response must have such a
// field, and its rows no fields of other types than those above.
std::string RenderTable(const google::protobuf::Message& response, const std::string& rows_field,
                        const TableOptions& options, const TableFooter& footer);

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_TABLE_RENDERER_H_
