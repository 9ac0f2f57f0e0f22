// common/storage/fitted_models_codec.h: a fit as bytes, for a column of a table.
#ifndef CLV_COMMON_STORAGE_FITTED_MODELS_CODEC_H_
#define CLV_COMMON_STORAGE_FITTED_MODELS_CODEC_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/domain/model_choice.h"

namespace clv::storage {

// Every number comes back with the same bits. The first byte is the version of the format.
std::string PackFittedModels(const domain::FittedModels& models);

// DATA_LOSS when the bytes are not what PackFittedModels writes.
absl::StatusOr<domain::FittedModels> UnpackFittedModels(std::string_view bytes);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_FITTED_MODELS_CODEC_H_
