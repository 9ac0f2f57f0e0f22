#include "services/query/pipe_catalogue.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clv/v1/options.pb.h"
#include "common/domain/data_sources.h"
#include "common/rpc/parameter_binding.h"
#include "common/rpc/proto_comments.h"
#include "common/rpc/table_renderer.h"
#include "services/query/quarantine_table.h"

namespace clv::query {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;

constexpr std::string_view kReadScope = "PIPES:READ:";

// The comments, or none where the descriptor set is broken.
class Comments {
 public:
  explicit Comments(std::string_view descriptor_set) {
    auto parsed = rpc::ProtoComments::Parse(descriptor_set);
    if (parsed.ok()) comments_.emplace(*std::move(parsed));
  }

  std::string Of(const MethodDescriptor& method) const {
    return comments_ ? comments_->OfMethod(method.full_name()) : std::string();
  }

  std::string Of(const FieldDescriptor& field) const {
    return comments_ ? comments_->OfField(field.full_name()) : std::string();
  }

 private:
  std::optional<rpc::ProtoComments> comments_;
};

void AddParameter(const FieldDescriptor& field, const Comments& comments, v1::Pipe* pipe) {
  const std::string type = rpc::ParameterTypeOf(field);
  if (type.empty()) return;
  const v1::Parameter& option = field.options().GetExtension(v1::parameter);
  v1::PipeParameter* parameter = pipe->add_parameters();
  parameter->set_name(field.name());
  parameter->set_type(type);
  parameter->set_description(comments.Of(field));
  if (field.enum_type() != nullptr) {
    for (std::string& word : rpc::EnumWords(*field.enum_type()))
      parameter->add_values(std::move(word));
  }
  if (option.has_default_value()) parameter->set_default_value(option.default_value());
  if (option.has_minimum()) parameter->set_minimum(option.minimum());
  if (option.has_maximum()) parameter->set_maximum(option.maximum());
}

RowShape ShapeOf(const Descriptor& row, const Comments& comments) {
  RowShape shape{row.name(), {}};
  for (const auto& [field, column] : rpc::FieldColumnsOf(row)) {
    v1::PipeColumn& added = shape.columns.emplace_back();
    added.set_name(column.name);
    added.set_type(column.type);
    added.set_description(comments.Of(*field));
    if (field->enum_type() == nullptr) continue;
    for (std::string& word : rpc::EnumWords(*field->enum_type())) added.add_values(std::move(word));
  }
  return shape;
}

// The rows of a response, the default view or level first: its repeated messages with columns of
// their own.
std::vector<RowShape> ShapesOf(const Descriptor& response, const Comments& comments) {
  std::vector<RowShape> shapes;
  for (int i = 0; i < response.field_count(); ++i) {
    const FieldDescriptor& field = *response.field(i);
    if (field.is_repeated() && field.message_type() != nullptr)
      shapes.push_back(ShapeOf(*field.message_type(), comments));
  }
  return shapes;
}

void CopyDefaultColumns(PipeEntry* entry) {
  for (const v1::PipeColumn& column : entry->row_shapes.front().columns)
    *entry->pipe.add_columns() = column;
}

// The report that the method answers; nothing for a method of another kind.
std::optional<PipeEntry> ReportOf(const MethodDescriptor& method, const Comments& comments) {
  const v1::Access& access = method.options().GetExtension(v1::access);
  if (access.any_of_size() != 1 || !access.any_of(0).starts_with(kReadScope)) return std::nullopt;
  PipeEntry entry;
  entry.pipe.set_name(access.any_of(0).substr(kReadScope.size()));
  entry.pipe.set_description(comments.Of(method));
  entry.rpc = method.full_name();
  entry.scopes = {access.any_of(0)};
  for (const domain::DataSource data_source : domain::kDataSources)
    entry.data_sources.emplace_back(domain::DataSourceName(data_source));
  for (int i = 0; i < method.input_type()->field_count(); ++i)
    AddParameter(*method.input_type()->field(i), comments, &entry.pipe);
  entry.row_shapes = ShapesOf(*method.output_type(), comments);
  CopyDefaultColumns(&entry);
  return entry;
}

std::string QuarantineColumnDescription(const std::string& column, const std::string& name) {
  if (column == "c__error_column") return "The columns that break a rule.";
  if (column == "c__error") {
    return "What was got and wanted, one entry for each of these columns; a single entry when the "
           "text is no object.";
  }
  if (column == "c__import_id") return "Id of the request that sent the row.";
  if (column == "insertion_date") return "When it came.";
  if (column == "raw") return "The row's own text, cut at 16 KiB.";
  if (column == "raw_length") return "Full length of this text in bytes.";
  return absl::StrCat("Raw text of the column of `", name, "`; absent when it was absent or null.");
}

PipeEntry QuarantineOf(domain::DataSource data_source, const MethodDescriptor& method,
                       const Comments& comments) {
  const std::string name(domain::DataSourceName(data_source));
  PipeEntry entry;
  entry.pipe.set_name(name + "_quarantine");
  entry.pipe.set_description(
      absl::StrCat("Lists the refused rows of the data source `", name, "`, newest first."));
  entry.rpc = method.full_name();
  entry.scopes = {"DATASOURCES:APPEND:" + name, "DATASOURCES:READ:" + name};
  entry.data_sources = {entry.name()};
  for (int i = 0; i < method.input_type()->field_count(); ++i) {
    const FieldDescriptor& field = *method.input_type()->field(i);
    // The name of the endpoint says it.
    if (field.name() != "data_source") AddParameter(field, comments, &entry.pipe);
  }
  RowShape shape{entry.name() + "_row", {}};
  for (const rpc::TableColumn& column : QuarantineColumns(data_source)) {
    v1::PipeColumn& added = shape.columns.emplace_back();
    added.set_name(column.name);
    added.set_type(column.type);
    added.set_description(QuarantineColumnDescription(column.name, name));
  }
  entry.row_shapes = {std::move(shape)};
  CopyDefaultColumns(&entry);
  return entry;
}

}  // namespace

PipeCatalogue::PipeCatalogue(std::string_view descriptor_set) {
  const Comments comments(descriptor_set);
  const google::protobuf::ServiceDescriptor& service =
      *v1::GetClvBySegmentRequest::descriptor()->file()->FindServiceByName("QueryService");
  for (int i = 0; i < service.method_count(); ++i) {
    if (auto report = ReportOf(*service.method(i), comments))
      entries_.push_back(*std::move(report));
  }
  const MethodDescriptor& quarantine = *service.FindMethodByName("ListQuarantinedRows");
  for (const domain::DataSource data_source : domain::kDataSources)
    entries_.push_back(QuarantineOf(data_source, quarantine, comments));
  std::sort(entries_.begin(), entries_.end(),
            [](const PipeEntry& a, const PipeEntry& b) { return a.name() < b.name(); });
}

const PipeEntry* PipeCatalogue::Find(std::string_view name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const PipeEntry& entry) { return entry.name() == name; });
  return found == entries_.end() ? nullptr : &*found;
}

std::vector<const PipeEntry*> PipeCatalogue::ReadableBy(const rpc::Caller& caller) const {
  std::vector<const PipeEntry*> readable;
  for (const PipeEntry& entry : entries_) {
    if (MayRead(caller, entry)) readable.push_back(&entry);
  }
  return readable;
}

bool MayRead(const rpc::Caller& caller, const PipeEntry& entry) {
  return std::any_of(entry.scopes.begin(), entry.scopes.end(),
                     [&](const std::string& scope) { return caller.MayWithFixedParams(scope); });
}

}  // namespace clv::query
