// services/ingest/json_batch.h: a body of JSON values as the write that it asks for.
#ifndef CLV_SERVICES_INGEST_JSON_BATCH_H_
#define CLV_SERVICES_INGEST_JSON_BATCH_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "services/ingest/batch_builder.h"

namespace clv::ingest {

// Values that one body may hold, and how many of them may be refused: a refused value takes up more
// than a hundred times its text.
inline constexpr uint64_t kMaxValues = 1'000'000;
inline constexpr uint64_t kMaxRefusedValues = 100'000;

// Reads a stream of JSON values, or one array of them. Every value is one row: accepted, or refused
// with its reason. Text that is no JSON is one refused row up to the end of its line, and reading
// goes on after it. RESOURCE_EXHAUSTED when the body holds more values than may be; nothing is to
// be written then.
absl::StatusOr<PreparedWrite> ReadJsonBatch(std::string body, BatchBuilder::Options options);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_JSON_BATCH_H_
