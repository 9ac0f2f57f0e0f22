// services/query/projection/projection_version.h: one state of all customers, in columns.
#ifndef CLV_SERVICES_QUERY_PROJECTION_PROJECTION_VERSION_H_
#define CLV_SERVICES_QUERY_PROJECTION_PROJECTION_VERSION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/customer_summary.h"
#include "common/storage/storage.h"
#include "services/query/projection/chained_list.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/id_table.h"
#include "services/query/projection/population_index.h"
#include "services/query/projection/serving.h"
#include "services/query/projection/stable_list.h"
#include "services/query/projection/window_keeper.h"

namespace clv::query {

// The texts of a projection, which all of its versions share: they only grow.
struct ProjectionTexts {
  StableList<domain::CustomerAttributes> attribute_sets;
  StableList<std::string> categories;  // the first is none
};

// An immutable state that existed. Customers are numbered in the order in which the projection met
// them; customer `n` is at index n % kChunkCustomers of chunk n / kChunkCustomers.
struct ProjectionVersion {
  uint64_t serial = 0;  // rises from version to version, also where nothing is shared
  std::string store_id;
  storage::LogPosition folded_position = 0;
  uint64_t last_change = 0;
  std::string reporting_currency;
  std::optional<int64_t> horizon_seconds;  // absent without data

  // The last complete scoring, and what made it; absent: the average predicts.
  std::optional<storage::ScoringState> scoring;
  std::shared_ptr<const Serving> serving;

  uint32_t customers = 0;  // numbers given, removed customers included
  uint32_t attribute_sets = 0;
  uint32_t categories = 0;
  ChainedList<CustomerChunk> chunks;
  std::shared_ptr<const ProjectionTexts> texts;
  std::shared_ptr<const IdTable> ids;
  std::shared_ptr<const PopulationIndex> population;
  std::vector<KeptWindow> windows;
  std::weak_ptr<WindowKeeper> window_keeper;  // of this version and those before and after it

  // The versions made from this one, which nobody was given, are gone: the next one may share with
  // it again.
  void Withdraw() const {
    chunks.Withdraw();
    population->Withdraw();
    for (const KeptWindow& kept : windows) kept.sums->Withdraw();
  }

  const CustomerChunk& ChunkOf(uint32_t number) const { return chunks[number / kChunkCustomers]; }
  // Null after the last.
  const CustomerChunk* ChunkAfter(size_t chunk) const {
    return chunk + 1 < chunks.size() ? &chunks[chunk + 1] : nullptr;
  }
  std::string_view IdOf(uint32_t number) const {
    return ChunkOf(number).Id(number % kChunkCustomers);
  }
  const domain::CustomerAttributes& AttributesOf(uint32_t number) const {
    return texts->attribute_sets[ChunkOf(number).attributes[number % kChunkCustomers]];
  }
  // Customers of a chunk that have numbers.
  size_t SizeOf(size_t chunk) const {
    return std::min<size_t>(kChunkCustomers, customers - chunk * kChunkCustomers);
  }

  // The customer's number; absent when there is no such customer.
  std::optional<uint32_t> Find(std::string_view customer_id) const {
    return ids->Find(customer_id, customers, [&](uint32_t number) {
      const size_t i = number % kChunkCustomers;
      const CustomerChunk& chunk = ChunkOf(number);
      return chunk.known[i] && chunk.Id(i) == customer_id;
    });
  }
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_PROJECTION_VERSION_H_
