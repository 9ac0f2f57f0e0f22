#include "services/query/projection/population_index.h"

#include <algorithm>

#include "services/query/projection/projection_version.h"

namespace clv::query {

void PopulationIndex::Withdraw() const {
  by_spend.Withdraw();
  first.Withdraw();
  last.Withdraw();
  unconverted.Withdraw();
  cube.Withdraw();
  values.Withdraw();
}

void PopulationIndex::Derive(const ProjectionVersion& version) {
  values = ValueSums::Of(version, *this);
  UpdatePredicted(nullptr, version, {});
  frequency = std::make_shared<FrequencyKeeper>();
}

void PopulationIndex::UpdatePredicted(const ProjectionVersion* before,
                                      const ProjectionVersion& after,
                                      absl::Span<const uint32_t> changed) {
  if (after.serving == nullptr) {
    best_predicted.clear();
    return;
  }
  const auto update = [&](size_t chunk) {
    const Column<float>& bounds = after.chunks[chunk].predicted_bound;
    best_predicted[chunk] = *std::max_element(bounds.begin(), bounds.end());
  };
  const size_t known = best_predicted.size();
  best_predicted.resize(after.chunks.size());
  if (before == nullptr || before->serving != after.serving) {
    for (size_t chunk = 0; chunk < best_predicted.size(); ++chunk) update(chunk);
    return;
  }
  for (size_t chunk = known; chunk < best_predicted.size(); ++chunk) update(chunk);
  for (const uint32_t number : changed) update(number / kChunkCustomers);
}

}  // namespace clv::query
