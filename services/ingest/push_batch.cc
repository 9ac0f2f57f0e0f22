#include "services/ingest/push_batch.h"

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <utility>

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

constexpr uint32_t kBatchIdTag = TagOf(kBatchId, WireFormatLite::WIRETYPE_VARINT);
constexpr uint32_t kRowsTag = TagOf(kRows, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr uint32_t kWaitTag = TagOf(kWait, WireFormatLite::WIRETYPE_VARINT);

bool IsKnown(uint32_t tag) { return tag == kBatchIdTag || tag == kRowsTag || tag == kWaitTag; }

// Protobuf takes no length of more bytes.
constexpr int kMostBytes = 5;

bool ReadText(google::protobuf::io::CodedInputStream* input, std::string_view message,
              std::string_view* text) {
  const int begin = input->CurrentPosition();
  int size = 0;
  if (!input->ReadVarintSizeAsInt(&size)) return false;
  const int end = input->CurrentPosition();
  if (end - begin > kMostBytes) return false;
  *text = message.substr(static_cast<size_t>(end), static_cast<size_t>(size));
  return input->Skip(size);
}

// Whether protobuf takes the bytes for a message, whatever fields it has.
bool IsMessage(std::string_view bytes) {
  return google::protobuf::Empty().ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// As protobuf reads it: the last of a field counts, and what is unknown is passed over.
bool Read(std::string_view message, PushBatch* batch) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(message.data()),
                                               static_cast<int>(message.size()));
  bool is_checked = false;
  while (true) {
    const int begin = input.CurrentPosition();
    const uint32_t tag = input.ReadTag();
    if (tag == 0) return input.ConsumedEntireMessage();
    // What clients of this schema do not write is taken where protobuf takes it.
    const bool is_usual = IsKnown(tag) && input.CurrentPosition() - begin == 1;
    if (!is_usual && !std::exchange(is_checked, true) && !IsMessage(message)) return false;
    uint64_t number = 0;
    switch (tag) {
      case kBatchIdTag:
        if (!input.ReadVarint64(&batch->batch_id)) return false;
        break;
      case kRowsTag:
        if (!ReadText(&input, message, &batch->rows.emplace_back())) return false;
        break;
      case kWaitTag:
        if (!input.ReadVarint64(&number)) return false;
        batch->wait = number != 0;
        break;
      default:
        if (!WireFormatLite::SkipField(&input, tag)) return false;
    }
  }
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
