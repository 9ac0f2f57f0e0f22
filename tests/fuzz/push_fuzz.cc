// Messages of a stream of batches: they are read where they lie as protobuf reads them, or refused
// as it refuses them.
#include <string>
#include <string_view>

#include "clv/v1/ingest_service.pb.h"
#include "common/wire/purchase_message.h"
#include "common/wire/record_codec.h"
#include "services/ingest/push_batch.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  clv::v1::PushPurchasesRequest request;
  const bool is_request = request.ParseFromArray(data, static_cast<int>(size));
  const absl::StatusOr<clv::ingest::PushBatch> batch = clv::ingest::ReadPushBatch(message);
  CLV_FUZZ_CHECK(batch.ok() || !is_request);
  if (!batch.ok()) return 0;
  if (is_request) {
    CLV_FUZZ_CHECK(batch->batch_id == request.batch_id());
    CLV_FUZZ_CHECK(batch->wait == request.wait());
    CLV_FUZZ_CHECK(batch->rows.size() == static_cast<size_t>(request.purchases_size()));
  }
  clv::wire::PurchaseMessageReader reader;
  bool are_rows = true;
  for (size_t i = 0; i < batch->rows.size() && are_rows; ++i) {
    clv::domain::RawRow row;
    are_rows = reader.Read(batch->rows[i], &row);
    if (is_request) {
      CLV_FUZZ_CHECK(row == clv::wire::ToRawRow(request.purchases(static_cast<int>(i))));
    }
  }
  CLV_FUZZ_CHECK(are_rows == is_request);
  return 0;
}
