// common/wire/purchase_message.h: a Purchase message read where it lies, without an object made of
// it.
#ifndef CLV_COMMON_WIRE_PURCHASE_MESSAGE_H_
#define CLV_COMMON_WIRE_PURCHASE_MESSAGE_H_

#include <string_view>

#include "clv/v1/purchase.pb.h"
#include "common/domain/raw_row.h"

namespace clv::wire {

// Thread-compatible.
class PurchaseMessageReader {
 public:
  // Makes `row` what ToRawRow makes of the clv.v1.Purchase whose bytes `message` are; its texts lie
  // in the message, or in the reader until it reads the next. False, with some row, when they are
  // none: no protobuf, or with a text that is not UTF-8.
  bool Read(std::string_view message, domain::RawRow* row);

 private:
  v1::Purchase unusual_;  // of what clients of this schema do not write
};

}  // namespace clv::wire

#endif  // CLV_COMMON_WIRE_PURCHASE_MESSAGE_H_
