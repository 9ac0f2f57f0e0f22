// services/query/projection/next_population.h: makes the population index of a version from that of
// the one before.
#ifndef CLV_SERVICES_QUERY_PROJECTION_NEXT_POPULATION_H_
#define CLV_SERVICES_QUERY_PROJECTION_NEXT_POPULATION_H_

#include <cstdint>
#include <memory>

#include "absl/types/span.h"
#include "services/query/projection/population_index.h"

namespace clv::query {

struct ProjectionVersion;

// Takes what has changed at once or in parts, as it becomes known. Thread-compatible.
class NextPopulation {
 public:
  // Of the version that follows `before` (null: nothing), which outlives this.
  explicit NextPopulation(const ProjectionVersion* before);

  // `after`: the version as far as it has come, which differs from the one before in the customers
  // `changed` and in those of earlier calls; each comes once. As long as its horizon is not known
  // it has that of the one before.
  void Add(const ProjectionVersion& after, absl::Span<const uint32_t> changed);

  // The index, once `after` is whole; `changed`: all customers that were added, each once. Call
  // once.
  std::shared_ptr<const PopulationIndex> Finish(const ProjectionVersion& after,
                                                absl::Span<const uint32_t> changed);

 private:
  void AddToValues(const ProjectionVersion& after, absl::Span<const uint32_t> changed);

  const ProjectionVersion* const before_;
  std::shared_ptr<PopulationIndex> index_;
  bool values_follow_;  // else they are summed up anew in the end
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_NEXT_POPULATION_H_
