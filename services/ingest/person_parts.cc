#include "services/ingest/person_parts.h"

namespace clv::ingest {

PersonParts::PersonParts(const Options& options)
    : steps_({.queue = options.queue,
              .log = options.log,
              .open_log = options.open_log,
              .progress = options.progress,
              .facts = options.facts,
              .quarantine = options.quarantine,
              .log_content = &log_content_}),
      erasure_({.queue = options.queue,
                .log = options.log,
                .facts = options.facts,
                .erased = options.erased,
                .steps = &steps_,
                .jobs = options.jobs,
                .clock = options.clock}),
      customer_export_({.facts = options.facts,
                        .quarantine = options.quarantine,
                        .log = options.log,
                        .open_log = options.open_log,
                        .queue = options.queue}),
      backups_({.copier = options.copier,
                .directory = options.directory,
                .queue = options.queue,
                .jobs = options.jobs,
                .clock = options.clock,
                .log_content = &log_content_,
                .version = options.version}) {}

}  // namespace clv::ingest
