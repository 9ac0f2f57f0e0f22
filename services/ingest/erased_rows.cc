#include "services/ingest/erased_rows.h"

#include <utility>
#include <vector>

#include "common/base/status_macros.h"

namespace clv::ingest {
namespace {

template <typename Row>
void EraseFrom(std::vector<Row>& rows, const ErasedCustomers& erased) {
  std::erase_if(rows, [&](const Row& row) { return erased.Contains(row.customer_id); });
}

bool NamesErased(const storage::QuarantinedRow& row, const ErasedCustomers& erased) {
  for (const storage::QuarantinedColumn& column : row.columns) {
    if (column.name == "customer_id") return column.raw.has_value() && erased.Contains(*column.raw);
  }
  return false;
}

// Takes rows out of the record; how many.
absl::StatusOr<uint64_t> CleanRecord(std::optional<storage::NewRecord>& record,
                                     const ErasedCustomers& erased) {
  if (!record || record->row_count == 0) return 0;
  CLV_ASSIGN_OR_RETURN(wire::LogRows rows, wire::DecodeLogRecord(record->payload));
  const size_t before = rows.size();
  EraseFrom(rows.customers, erased);
  EraseFrom(rows.purchases, erased);
  EraseFrom(rows.customer_clvs, erased);
  const size_t removed = before - rows.size();
  if (removed == 0) return 0;
  if (rows.size() == 0) {
    record.reset();
  } else {
    record->row_count = static_cast<uint32_t>(rows.size());
    record->payload = wire::EncodeLogRecord(rows);
  }
  return removed;
}

}  // namespace

absl::StatusOr<PreparedWrite> WithoutErased(PreparedWrite write, const ErasedCustomers& erased) {
  const uint64_t generation = erased.generation();
  if (write.erased_generation == generation) return write;
  for (storage::LogBatch& batch : write.batches) {
    CLV_ASSIGN_OR_RETURN(const uint64_t accepted, CleanRecord(batch.record, erased));
    const uint64_t refused =
        std::erase_if(batch.quarantined,
                      [&](const storage::QuarantinedRow& row) { return NamesErased(row, erased); });
    batch.refused_erased_rows += accepted + refused;
    write.accepted_rows -= accepted;
    write.refused_rows += accepted;
    write.refused_erased_rows += accepted + refused;
  }
  write.erased_generation = generation;
  return write;
}

}  // namespace clv::ingest
