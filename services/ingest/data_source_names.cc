#include "services/ingest/data_source_names.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/utf8.h"
#include "common/rpc/v0_reply.h"

namespace clv::ingest {
namespace {

constexpr std::string_view kQuarantineSuffix = "_quarantine";

}  // namespace

std::string NameOf(const NamedDataSource& named) {
  std::string name(domain::DataSourceName(named.data_source));
  if (named.is_quarantine) name += kQuarantineSuffix;
  return name;
}

std::vector<NamedDataSource> AllDataSources() {
  std::vector<NamedDataSource> all;
  for (const domain::DataSource data_source : domain::kDataSources) {
    all.push_back({data_source, false});
    all.push_back({data_source, true});
  }
  return all;
}

absl::Status UnknownDataSource(std::string_view name) {
  // The name comes from outside, so it is cut.
  const std::string valid = ToValidUtf8(name);
  return rpc::V0Error(
      absl::StatusCode::kNotFound, 404,
      absl::StrCat("Data Source \"", std::string(CutUtf8(valid, 128)), "\" does not exist"),
      "events");
}

absl::StatusOr<domain::DataSource> FindDataSource(std::string_view name) {
  const std::optional<domain::DataSource> found = domain::DataSourceOfName(name);
  if (!found.has_value()) return UnknownDataSource(name);
  return *found;
}

absl::StatusOr<NamedDataSource> FindDataSourceOrQuarantine(std::string_view name) {
  for (const NamedDataSource& named : AllDataSources()) {
    if (NameOf(named) == name) return named;
  }
  return UnknownDataSource(name);
}

std::vector<std::string> ScopesToSee(domain::DataSource data_source) {
  return {ScopeToRead(data_source), ScopeToAppend(data_source)};
}

std::string ScopeToRead(domain::DataSource data_source) {
  return "DATASOURCES:READ:" + std::string(domain::DataSourceName(data_source));
}

std::string ScopeToAppend(domain::DataSource data_source) {
  return "DATASOURCES:APPEND:" + std::string(domain::DataSourceName(data_source));
}

bool MaySee(const rpc::Caller& caller, domain::DataSource data_source) {
  const std::vector<std::string> scopes = ScopesToSee(data_source);
  return std::any_of(scopes.begin(), scopes.end(),
                     [&](const std::string& scope) { return caller.May(scope); });
}

}  // namespace clv::ingest
