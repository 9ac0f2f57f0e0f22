// services/query/pipe_catalogue.h: the endpoints of the /v0 face with their parameters and columns,
// read from the protos.
#ifndef CLV_SERVICES_QUERY_PIPE_CATALOGUE_H_
#define CLV_SERVICES_QUERY_PIPE_CATALOGUE_H_

#include <string>
#include <string_view>
#include <vector>

#include "clv/v1/query_service.pb.h"
#include "common/rpc/scopes.h"

namespace clv::query {

// The columns of one view or level of an endpoint.
struct RowShape {
  std::string name;  // for documents: `ClvBySegmentRow`
  std::vector<v1::PipeColumn> columns;
};

// One endpoint.
struct PipeEntry {
  v1::Pipe pipe;
  std::string rpc;                        // full name of the method behind it
  std::vector<std::string> scopes;        // of which one opens it
  std::vector<std::string> data_sources;  // that its numbers come from
  std::vector<RowShape> row_shapes;       // at least one; the first is that of `pipe.columns`

  const std::string& name() const { return pipe.name(); }
};

// The seven reports and the three quarantines. A report is a method of QueryService that
// `PIPES:READ:<name>` opens; the fields of its request are the parameters, those of its rows the
// columns, and the comments describe both. Immutable.
class PipeCatalogue {
 public:
  // `descriptor_set`: the protos with their comments, see DescriptorSet(). Where it does not parse
  // the descriptions are empty.
  explicit PipeCatalogue(std::string_view descriptor_set);

  // By name.
  const std::vector<PipeEntry>& entries() const { return entries_; }

  // Null when there is none of that name.
  const PipeEntry* Find(std::string_view name) const;

  // Those that the caller may read, by name.
  std::vector<const PipeEntry*> ReadableBy(const rpc::Caller& caller) const;

 private:
  std::vector<PipeEntry> entries_;
};

// Whether the caller may read the endpoint, be it with fixed parameters: its description tells no
// data.
bool MayRead(const rpc::Caller& caller, const PipeEntry& entry);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PIPE_CATALOGUE_H_
