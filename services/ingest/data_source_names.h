// services/ingest/data_source_names.h: data sources and their quarantines by the names that
// requests give.
#ifndef CLV_SERVICES_INGEST_DATA_SOURCE_NAMES_H_
#define CLV_SERVICES_INGEST_DATA_SOURCE_NAMES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/domain/data_sources.h"
#include "common/rpc/scopes.h"

namespace clv::ingest {

// A data source, or the quarantine of one.
struct NamedDataSource {
  domain::DataSource data_source = domain::DataSource::kCustomers;
  bool is_quarantine = false;
};

// `customers`, or `customers_quarantine`.
std::string NameOf(const NamedDataSource& named);

// Each data source, followed by its quarantine.
std::vector<NamedDataSource> AllDataSources();

// NOT_FOUND `Data Source "x" does not exist`, on /v0 as HTTP 404.
absl::Status UnknownDataSource(std::string_view name);

// The data source of that name, with or without quarantines; NOT_FOUND as above.
absl::StatusOr<domain::DataSource> FindDataSource(std::string_view name);
absl::StatusOr<NamedDataSource> FindDataSourceOrQuarantine(std::string_view name);

// The scopes of which one lets a caller see a data source and its quarantine, and the one that lets
// him write.
std::vector<std::string> ScopesToSee(domain::DataSource data_source);
std::string ScopeToAppend(domain::DataSource data_source);

// The scope that lets a caller read the rows themselves.
std::string ScopeToRead(domain::DataSource data_source);

// Whether the caller has one of ScopesToSee.
bool MaySee(const rpc::Caller& caller, domain::DataSource data_source);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_DATA_SOURCE_NAMES_H_
