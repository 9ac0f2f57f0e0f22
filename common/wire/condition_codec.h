// common/wire/condition_codec.h: conditions on rows as the log keeps them.
#ifndef CLV_COMMON_WIRE_CONDITION_CODEC_H_
#define CLV_COMMON_WIRE_CONDITION_CODEC_H_

#include "absl/status/statusor.h"
#include "clv/log/v1/log_record.pb.h"
#include "common/domain/row_condition.h"

namespace clv::wire {

// `condition` is one on rows of `data_source`.
void SetCondition(domain::DataSource data_source, const domain::RowCondition& condition,
                  log::v1::Condition& proto);

// DATA_LOSS for a kind, column or number of operands that no condition has.
absl::StatusOr<domain::RowCondition> ConditionFrom(domain::DataSource data_source,
                                                   const log::v1::Condition& proto);

}  // namespace clv::wire

#endif  // CLV_COMMON_WIRE_CONDITION_CODEC_H_
