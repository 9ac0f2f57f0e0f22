#include "services/ingest/push_batch.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "clv/v1/ingest_service.pb.h"
#include "common/rpc/status_conversion.h"

namespace clv::ingest {
namespace {

using google::protobuf::internal::WireFormatLite;
using Request = v1::PushPurchasesRequest;

// Fields of the same numbers and types in all three.
constexpr int kBatchId = Request::kBatchIdFieldNumber;
constexpr int kRows = Request::kPurchasesFieldNumber;
constexpr int kWait = Request::kWaitFieldNumber;
static_assert(v1::PushCustomersRequest::kBatchIdFieldNumber == kBatchId &&
              v1::PushCustomersRequest::kCustomersFieldNumber == kRows &&
              v1::PushCustomersRequest::kWaitFieldNumber == kWait);
static_assert(v1::PushCustomerClvsRequest::kBatchIdFieldNumber == kBatchId &&
              v1::PushCustomerClvsRequest::kCustomerClvsFieldNumber == kRows &&
              v1::PushCustomerClvsRequest::kWaitFieldNumber == kWait);

constexpr uint32_t TagOf(int field, WireFormatLite::WireType type) {
  return static_cast<uint32_t>(field) << WireFormatLite::kTagTypeBits | type;
}

bool ReadText(google::protobuf::io::CodedInputStream* input, std::string_view message,
              std::string_view* text) {
  int size = 0;
  if (!input->ReadVarintSizeAsInt(&size)) return false;
  *text = message.substr(static_cast<size_t>(input->CurrentPosition()), static_cast<size_t>(size));
  return input->Skip(size);
}

// As protobuf reads it: the last of a field counts, and what is unknown is passed over.
bool Read(std::string_view message, PushBatch* batch) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(message.data()),
                                               static_cast<int>(message.size()));
  while (const uint32_t tag = input.ReadTag()) {
    uint64_t number = 0;
    switch (tag) {
      case TagOf(kBatchId, WireFormatLite::WIRETYPE_VARINT):
        if (!input.ReadVarint64(&batch->batch_id)) return false;
        break;
      case TagOf(kRows, WireFormatLite::WIRETYPE_LENGTH_DELIMITED):
        if (!ReadText(&input, message, &batch->rows.emplace_back())) return false;
        break;
      case TagOf(kWait, WireFormatLite::WIRETYPE_VARINT):
        if (!input.ReadVarint64(&number)) return false;
        batch->wait = number != 0;
        break;
      default:
        if (WireFormatLite::GetTagFieldNumber(tag) == 0) return false;
        if (!WireFormatLite::SkipField(&input, tag)) return false;
    }
  }
  return input.ConsumedEntireMessage();
}

}  // namespace

absl::StatusOr<PushBatch> ReadPushBatch(std::string_view message) {
  PushBatch batch;
  if (!Read(message, &batch)) {
    return rpc::FieldError("message", "bytes that cannot be read", "a batch of rows");
  }
  return batch;
}

}  // namespace clv::ingest
