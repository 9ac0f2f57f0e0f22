#include "common/rpc/table_renderer.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/timestamp.pb.h>

#include <utility>
#include <vector>

#include "clv/v1/options.pb.h"
#include "common/base/instant.h"
#include "common/rpc/parameter_binding.h"

namespace clv::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// How the cells of a column are written.
struct CellFormat {
  const FieldDescriptor* field = nullptr;
  bool may_be_absent = false;
  bool is_decimal = false;
  std::vector<std::string> enum_names;  // by number
};

// The short names of an enum by number; those that no value has are empty.
std::vector<std::string> NamesOf(const google::protobuf::EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    const auto number = static_cast<size_t>(type.value(i)->number());
    if (names.size() <= number) names.resize(number + 1);
    names[number] = ShortEnumName(*type.value(i));
  }
  return names;
}

std::string TypeOf(const FieldDescriptor& field, v1::ColumnType type) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "Float64";
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return "UInt64";
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return "Int64";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "UInt8";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "DateTime";
    default:
      if (type == v1::COLUMN_TYPE_DECIMAL) return "Decimal(38, 6)";
      return type == v1::COLUMN_TYPE_DATE ? "Date" : "String";
  }
}

CellFormat FormatOf(const FieldDescriptor& field) {
  CellFormat format;
  format.field = &field;
  format.may_be_absent = field.has_presence();
  format.is_decimal = field.options().GetExtension(v1::column).type() == v1::COLUMN_TYPE_DECIMAL;
  if (field.enum_type() != nullptr) format.enum_names = NamesOf(*field.enum_type());
  return format;
}

void WriteCell(const Message& row, const Reflection& reflection, const CellFormat& column,
               std::string* scratch, TableWriter* writer) {
  const FieldDescriptor* field = column.field;
  if (column.may_be_absent && !reflection.HasField(row, field)) return writer->Null();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return writer->Double(reflection.GetDouble(row, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return writer->Unsigned(reflection.GetUInt32(row, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return writer->Unsigned(reflection.GetUInt64(row, field));
    case FieldDescriptor::CPPTYPE_INT32:
      return writer->Signed(reflection.GetInt32(row, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return writer->Signed(reflection.GetInt64(row, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return writer->Flag(reflection.GetBool(row, field));
    case FieldDescriptor::CPPTYPE_ENUM: {
      // A number that this program's protos do not name is shown as it is.
      const auto number = static_cast<size_t>(reflection.GetEnumValue(row, field));
      const bool is_named = number < column.enum_names.size();
      return writer->Text(is_named ? column.enum_names[number] : std::to_string(number));
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const auto& instant =
          static_cast<const google::protobuf::Timestamp&>(reflection.GetMessage(row, field));
      return writer->Text(FormatInstant(instant.seconds()));
    }
    default: {
      const std::string& text = reflection.GetStringReference(row, field, scratch);
      return column.is_decimal ? writer->Decimal(text) : writer->Text(text);
    }
  }
}

}  // namespace

std::vector<FieldColumn> FieldColumnsOf(const google::protobuf::Descriptor& row) {
  std::vector<FieldColumn> columns;
  for (int i = 0; i < row.field_count(); ++i) {
    const FieldDescriptor& field = *row.field(i);
    const v1::Column& column = field.options().GetExtension(v1::column);
    if (column.type() == v1::COLUMN_TYPE_HIDDEN) continue;
    const std::string type = TypeOf(field, column.type());
    const bool is_nullable = field.has_presence() && !column.never_null();
    columns.push_back({&field, {field.name(), is_nullable ? "Nullable(" + type + ")" : type}});
  }
  return columns;
}

std::string RenderTable(const Message& response, const std::string& rows_field,
                        const TableOptions& options, const TableFooter& footer) {
  const FieldDescriptor* rows = response.GetDescriptor()->FindFieldByName(rows_field);
  const Reflection& reflection = *response.GetReflection();
  std::vector<CellFormat> formats;
  std::vector<TableColumn> columns;
  for (FieldColumn& column : FieldColumnsOf(*rows->message_type())) {
    formats.push_back(FormatOf(*column.field));
    columns.push_back(std::move(column.column));
  }
  TableWriter writer(options, std::move(columns));
  std::string scratch;
  const int row_count = reflection.FieldSize(response, rows);
  for (int i = 0; i < row_count; ++i) {
    const Message& row = reflection.GetRepeatedMessage(response, rows, i);
    writer.BeginRow();
    for (const CellFormat& format : formats) {
      WriteCell(row, *row.GetReflection(), format, &scratch, &writer);
    }
  }
  return writer.Finish(footer);
}

}  // namespace clv::rpc
