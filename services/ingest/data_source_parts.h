// services/ingest/data_source_parts.h: the parts behind the DataSourceService, wired, but for
// files.
#ifndef CLV_SERVICES_INGEST_DATA_SOURCE_PARTS_H_
#define CLV_SERVICES_INGEST_DATA_SOURCE_PARTS_H_

#include <string>
#include <vector>

#include "common/storage/clv_store.h"
#include "common/storage/storage.h"
#include "services/ingest/audit.h"
#include "services/ingest/data_source_catalogue.h"
#include "services/ingest/data_source_face.h"
#include "services/ingest/data_source_handlers.h"
#include "services/ingest/deletion.h"
#include "services/ingest/eraser.h"
#include "services/ingest/job_board.h"
#include "services/ingest/quarantine_retry.h"
#include "services/ingest/quarantine_truncation.h"
#include "services/ingest/write_path.h"

namespace clv::ingest {

// Everything in the options must outlive the parts, and the parts the work of the board's jobs: end
// the board first.
class DataSourceParts {
 public:
  struct Options {
    WritePath::Options write;
    JobBoard* jobs = nullptr;
    const storage::EventLog* log = nullptr;
    storage::FoldProgress* progress = nullptr;
    storage::ClvReader* facts = nullptr;
    storage::QuarantineReader* quarantine = nullptr;
    Eraser* eraser = nullptr;        // see DataSourceFace
    std::vector<std::string> pipes;  // see DataSourceCatalogue
    const Audit* audit = nullptr;
  };
  explicit DataSourceParts(const Options& options);

  DataSourceParts(const DataSourceParts&) = delete;
  DataSourceParts& operator=(const DataSourceParts&) = delete;

  const DataSourceHandlers& handlers() const { return handlers_; }
  const DataSourceFace& face() const { return face_; }

  // Goes on with the jobs that an earlier process left.
  void ResumeJobs() { deletion_.ResumeAll(); }

 private:
  Deletion deletion_;
  QuarantineTruncation truncation_;
  QuarantineRetry retry_;
  const DataSourceCatalogue catalogue_;
  const DataSourceHandlers handlers_;
  const DataSourceFace face_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_DATA_SOURCE_PARTS_H_
