#include "services/ingest/data_source_parts.h"

namespace clv::ingest {

DataSourceParts::DataSourceParts(const Options& options)
    : deletion_({.queue = options.write.queue,
                 .jobs = options.jobs,
                 .progress = options.progress,
                 .facts = options.facts,
                 .clock = options.write.clock}),
      truncation_(
          {.queue = options.write.queue, .jobs = options.jobs, .quarantine = options.quarantine}),
      retry_({.write = options.write, .jobs = options.jobs, .quarantine = options.quarantine}),
      catalogue_({.facts = options.facts, .log = options.log, .pipes = options.pipes}),
      handlers_({.deletion = &deletion_,
                 .truncation = &truncation_,
                 .retry = &retry_,
                 .catalogue = &catalogue_,
                 .quarantine = options.quarantine,
                 .audit = options.audit}),
      face_({.handlers = &handlers_, .eraser = options.eraser, .audit = options.audit}) {}

}  // namespace clv::ingest
