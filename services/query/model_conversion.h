// services/query/model_conversion.h: stored fits of the prediction models as messages.
//
// The messages come empty. Absent values are not set.
#ifndef CLV_SERVICES_QUERY_MODEL_CONVERSION_H_
#define CLV_SERVICES_QUERY_MODEL_CONVERSION_H_

#include <vector>

#include "clv/v1/clv_model.pb.h"
#include "clv/v1/query_service.pb.h"
#include "common/storage/model_store.h"

namespace clv::query {

v1::ModelFamily ToProto(domain::ModelFamily family);

// `is_served`: whether it answers by default.
void CopyStoredModel(const storage::StoredModels& from, bool is_served, v1::ClvModel* to);
void CopyBacktest(const domain::Backtest& from, v1::Backtest* to);

// The families of a fit, the chosen one first.
std::vector<v1::ClvModelInfoRow> InfoRowsOf(const storage::StoredModels& from, bool is_served);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_MODEL_CONVERSION_H_
