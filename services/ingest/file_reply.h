// services/ingest/file_reply.h: what became of a file, in both faces.
#ifndef CLV_SERVICES_INGEST_FILE_REPLY_H_
#define CLV_SERVICES_INGEST_FILE_REPLY_H_

#include <cstdint>
#include <optional>

#include "clv/v1/data_source_service.pb.h"
#include "common/rpc/v0_reply.h"
#include "services/ingest/file_import.h"

namespace clv::ingest {

// What is known of a file beside its result.
struct FileVisibility {
  bool visible = false;                       // its rows are, to queries
  std::optional<uint64_t> removed_rows = {};  // by a replacement; absent: not known
};

// The ended job.
v1::ImportFileResponse ImportReply(const FileResult& result, const FileVisibility& visibility);

// HTTP 200 with the counts. `quarantine_rows` leaves the invalid lines out, `quarantined_rows` is
// everything that was refused; `error` is a text when there is any of it. `x-clv-log-position`: see
// EventsReply. `x-clv-visible: false` when the rows are not visible yet.
rpc::V0Reply AppendReply(const FileResult& result, const FileVisibility& visibility);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_FILE_REPLY_H_
