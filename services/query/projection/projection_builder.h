// services/query/projection/projection_builder.h: makes the next version of a projection from the
// last one and what has changed since.
#ifndef CLV_SERVICES_QUERY_PROJECTION_PROJECTION_BUILDER_H_
#define CLV_SERVICES_QUERY_PROJECTION_PROJECTION_BUILDER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/storage/projection_source.h"
#include "services/query/projection/next_population.h"
#include "services/query/projection/projection_version.h"
#include "services/query/projection/snapshot_file.h"

namespace clv::query {

// Thread-compatible; the versions that it made are immutable and outlive it.
class ProjectionBuilder {
 public:
  // The version of the state that `reading` reads. Shares with the last one all that did not
  // change; made from nothing when the reporting currency is another, or when customers have
  // vanished that are not named. After an error the next one is made from nothing.
  absl::StatusOr<std::shared_ptr<const ProjectionVersion>> Advance(
      storage::ProjectionReading& reading);

  // Makes the version that follows the last one if a fold that is under way commits. Settle comes
  // next, tells whether it did and returns the last one, which it is then. After an error, or where
  // the fold did not commit, all is as before. ABORTED: the fold goes on from another state, or
  // does not tell what is needed.
  absl::Status Foresee(storage::ProjectionReading& fold);
  std::shared_ptr<const ProjectionVersion> Settle(bool is_committed);

  // Goes on from a version that was kept, where it is an earlier state of the store that `reading`
  // reads; returns whether it is. Before the first Advance.
  bool Adopt(ProjectionBase base, const storage::ProjectionReading& reading);

  // How often a version was made from nothing.
  uint64_t loads() const { return loads_; }

 private:
  absl::Status Load(storage::ProjectionReading& reading);
  // OUT_OF_RANGE: customers have vanished, load everything. `in_lots`: of customers that come one
  // after the other, each once, what can be done is done before the next ones are there.
  absl::Status Catch(storage::ProjectionReading& reading, bool in_lots = false);
  absl::Status ApplyScanned(storage::ProjectionReading& reading);
  void BeginNext();
  void DropNext();
  // Packs and indexes the customers that have changed since the last call. ABORTED: one of them had
  // changed before.
  absl::Status IndexLot();
  absl::Status Finish(storage::ProjectionReading& reading);
  void ShareTexts();
  // The customers that have changed since the last lot: sorted, each once.
  absl::Span<const uint32_t> SortLot();
  absl::Status ScoreCustomers(storage::ProjectionReading& reading,
                              absl::Span<const uint32_t> changed);
  void ScoreChanged(absl::Span<const uint32_t> changed);

  // Takes orders and rare facts out of it.
  void Put(storage::ProjectedCustomer& customer);
  // Puts the first of waiting_, or reads the customers where it cannot.
  absl::Status PutWaiting(storage::ProjectionReading& reading, size_t count);
  void FetchWaiting(size_t count) const;
  // False, and nothing is changed: the customer is not in the state that the change goes on from.
  bool PutChange(const storage::OrdersChange& change);
  void Remove(uint32_t number);
  void PutColumns(const storage::ProjectedCustomer& customer, CustomerChunk& chunk, size_t i);
  void PutSignup(uint32_t signup, CustomerChunk& chunk, size_t i);
  void PutSummary(const storage::CustomerValue& value, uint64_t distinct_products,
                  std::string_view favorite_category, CustomerChunk& chunk, size_t i);
  // What is told of orders beside the summary. `imported`: the record, or null.
  void PutOrderColumns(const std::vector<ProjectedOrder>& orders, const ImportedRecord* imported,
                       CustomerChunk& chunk, size_t i);
  void PutOrders(uint32_t number, std::vector<ProjectedOrder> orders);
  void PackOrders();

  // The number that an id has, removed customers included.
  std::optional<uint32_t> NumberOf(std::string_view customer_id) const;
  uint32_t GiveNumber(std::string_view customer_id, uint32_t signup);
  // The chunk of the next version, copied when it is still shared.
  CustomerChunk& Open(size_t chunk) { return next_->chunks.Open(chunk); }
  uint32_t AttributeSetOf(const domain::CustomerAttributes& attributes);
  uint32_t CategoryOf(std::string_view text);

  using PendingBlock = std::vector<OrderBlock::Change>;

  std::shared_ptr<const ProjectionVersion> version_;  // the last one; null: make it from nothing
  std::shared_ptr<ProjectionVersion> next_;
  // Kept for their memory: the customer being put, and changes that are.
  storage::ProjectedCustomer projected_;
  std::array<storage::OrdersChange, 32> waiting_;
  uint64_t last_serial_ = 0;
  uint64_t loads_ = 0;
  absl::flat_hash_map<uint32_t, PendingBlock> pending_;  // orders to pack, by block
  // Numbers: those of finished lots, sorted, each once; then others, maybe repeated.
  std::vector<uint32_t> changed_;
  size_t finished_ = 0;  // of changed_
  std::optional<NextPopulation> population_;
  std::shared_ptr<ProjectionTexts> texts_;
  std::shared_ptr<IdTable> ids_;
  std::shared_ptr<WindowKeeper> windows_;
  absl::flat_hash_map<std::string, uint32_t> attribute_sets_;
  absl::flat_hash_map<std::string, uint32_t> categories_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_PROJECTION_BUILDER_H_
