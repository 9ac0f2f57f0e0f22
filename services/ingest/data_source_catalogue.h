// services/ingest/data_source_catalogue.h: the data sources with their columns and numbers of rows.
#ifndef CLV_SERVICES_INGEST_DATA_SOURCE_CATALOGUE_H_
#define CLV_SERVICES_INGEST_DATA_SOURCE_CATALOGUE_H_

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "clv/v1/data_source_service.pb.h"
#include "common/storage/clv_store.h"
#include "common/storage/storage.h"
#include "services/ingest/data_source_names.h"

namespace clv::ingest {

// Describes data sources and their quarantines. Thread-safe. Everything in the options must outlive
// it.
class DataSourceCatalogue {
 public:
  struct Options {
    storage::ClvReader* facts = nullptr;
    const storage::EventLog* log = nullptr;
    std::vector<std::string> pipes;  // endpoints that read the facts
  };
  explicit DataSourceCatalogue(Options options) : options_(std::move(options)) {}

  // One data source or quarantine. Rows of data sources are 0 while there is no store, and the last
  // known number while it does not answer.
  v1::DataSource Describe(const NamedDataSource& named) const;

 private:
  storage::FactCounts Facts() const;

  const Options options_;
  mutable std::mutex mutex_;
  mutable storage::FactCounts counts_;  // guarded by mutex_
};

// The default of a column as it is written in a schema, for example `1`; empty where there is none.
std::string_view DefaultOf(domain::DataSource data_source, std::string_view column);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_DATA_SOURCE_CATALOGUE_H_
