#include "services/query/projection/snapshot_file.h"

#include <unistd.h>

#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "services/query/projection/checked_stream.h"

namespace clv::query {
namespace {

// Differs from every other release that writes another layout.
constexpr uint64_t kLayout = 0x434c565052'000004;

// The columns that lie in a chunk as they lie in the file.
struct FixedColumns {
  StateColumns state;
  Column<uint8_t> known;
  Column<uint8_t> described;
  Column<uint32_t> attributes;
  Column<uint32_t> signup;
  Column<uint32_t> updated_at;
  Column<uint32_t> last_activity;
  std::array<Column<int64_t>, domain::kEarlyValueDays.size()> early_micros;
  Column<double> predicted_clv;
  Column<uint32_t> distinct_products;
  Column<uint32_t> favorite_category;
  Column<uint16_t> id_size;
};

template <typename Value>
void PutSorted(const SortedBuckets<Value>& list, CheckedWriter* file) {
  file->PutAll(list.All());
}

template <typename Value>
SortedBuckets<Value> GetSorted(CheckedReader* file) {
  return SortedBuckets<Value>().With({}, file->GetAll<Value>());
}

class SnapshotWriter {
 public:
  SnapshotWriter(const ProjectionVersion& version, CheckedWriter& file)
      : version_(version), file_(file) {}

  void Write() {
    file_.Put(kLayout);
    file_.Put<uint64_t>(sizeof(FixedColumns));
    file_.PutText(version_.store_id);
    file_.Put(version_.folded_position);
    file_.Put(version_.last_change);
    file_.PutText(version_.reporting_currency);
    file_.Put<uint8_t>(version_.horizon_seconds.has_value());
    file_.Put(version_.horizon_seconds.value_or(0));
    file_.Put<uint8_t>(version_.scoring.has_value());
    file_.Put(version_.scoring.value_or(storage::ScoringState{}));
    WriteTexts();
    file_.Put(version_.customers);
    for (const auto& chunk : version_.chunks) WriteChunk(*chunk);
    WritePopulation(*version_.population);
  }

 private:
  void WriteTexts() {
    file_.Put(version_.attribute_sets);
    for (uint32_t set = 0; set < version_.attribute_sets; ++set) {
      const domain::CustomerAttributes& attributes = version_.texts->attribute_sets[set];
      file_.PutText(attributes.country);
      file_.PutText(attributes.customer_segment);
      file_.PutText(attributes.acquisition_source);
    }
    file_.Put(version_.categories);
    for (uint32_t n = 0; n < version_.categories; ++n) {
      file_.PutText(version_.texts->categories[n]);
    }
  }

  void WriteChunk(const CustomerChunk& chunk) {
    *columns_ = {.state = chunk.state,
                 .known = chunk.known,
                 .described = chunk.described,
                 .attributes = chunk.attributes,
                 .signup = chunk.signup,
                 .updated_at = chunk.updated_at,
                 .last_activity = chunk.last_activity,
                 .early_micros = chunk.early_micros,
                 .predicted_clv = chunk.predicted_clv,
                 .distinct_products = chunk.distinct_products,
                 .favorite_category = chunk.favorite_category,
                 .id_size = chunk.id_size};
    file_.Put(*columns_);
    for (size_t i = 0; i < kChunkCustomers; ++i) file_.Write(chunk.id[i], chunk.id_size[i]);
    for (const auto& block : chunk.orders) {
      file_.Put<uint8_t>(block != nullptr);
      if (block == nullptr) continue;
      file_.Put(block->begins());
      file_.PutAll(block->dates());
      file_.PutAll(block->cents());
      file_.PutAll(block->micros());
    }
    file_.Put<uint64_t>(chunk.rare.size());
    for (const auto& [i, rare] : chunk.rare) {
      file_.Put(i);
      file_.Put<uint8_t>(rare->imported.has_value());
      file_.Put(rare->imported.value_or(ImportedRecord{}));
      file_.PutAll(rare->rows);
      file_.PutAll(rare->unconverted_dates);
    }
  }

  void WritePopulation(const PopulationIndex& population) {
    PutSorted(population.by_spend, &file_);
    PutSorted(population.first, &file_);
    PutSorted(population.last, &file_);
    PutSorted(population.purchase_count, &file_);
    PutSorted(population.unconverted, &file_);
    file_.Put(population.repeat_customers);
    file_.Put(population.repeat_order_days);
    file_.Put(population.first_days);
    file_.Put(population.spend_micros);
    file_.Put(population.orders);
    WriteCohorts(population.cube.all());
    file_.Put<uint8_t>(population.cube.has_sets());
    if (!population.cube.has_sets()) return;
    for (uint32_t set = 0; set < version_.attribute_sets; ++set) {
      WriteCohorts(population.cube.Of(set));
    }
  }

  void WriteCohorts(const RetentionCube::CohortList& cohorts) {
    file_.Put<uint64_t>(cohorts.size());
    for (const auto& cohort : cohorts) {
      file_.Put(cohort->number);
      file_.Put(cohort->size);
      file_.PutAll(cohort->cells);
    }
  }

  const ProjectionVersion& version_;
  CheckedWriter& file_;
  const std::unique_ptr<FixedColumns> columns_ = std::make_unique<FixedColumns>();
};

class SnapshotReader {
 public:
  explicit SnapshotReader(CheckedReader& file) : file_(file) {}

  absl::StatusOr<ProjectionBase> Read() {
    if (file_.Get<uint64_t>() != kLayout || file_.Get<uint64_t>() != sizeof(FixedColumns)) {
      file_.Fail();
    }
    version_->store_id = file_.GetText();
    version_->folded_position = file_.Get<storage::LogPosition>();
    version_->last_change = file_.Get<uint64_t>();
    version_->reporting_currency = file_.GetText();
    const bool has_horizon = file_.Get<uint8_t>() != 0;
    const auto horizon = file_.Get<int64_t>();
    if (has_horizon) version_->horizon_seconds = horizon;
    const bool is_scored = file_.Get<uint8_t>() != 0;
    const auto scoring = file_.Get<storage::ScoringState>();
    if (is_scored) version_->scoring = scoring;
    ReadTexts();
    version_->customers = file_.Get<uint32_t>();
    if (!file_.HasLeft(version_->customers / kChunkCustomers, sizeof(FixedColumns))) {
      version_->customers = 0;
    }
    const size_t chunks = (size_t{version_->customers} + kChunkCustomers - 1) / kChunkCustomers;
    for (size_t c = 0; c < chunks && file_.ok(); ++c) version_->chunks.push_back(ReadChunk());
    const std::shared_ptr<PopulationIndex> population = ReadPopulation();
    // Nothing was looked at closely so far: the checksum says whether it can be trusted.
    CLV_RETURN_IF_ERROR(file_.Finish());
    population->Derive(*version_);
    version_->population = population;
    version_->texts = texts_;
    auto ids = std::make_shared<IdTable>(version_->customers + version_->customers / 2);
    for (uint32_t number = 0; number < version_->customers; ++number) {
      ids->Add(version_->IdOf(number), number);
    }
    version_->ids = ids;
    return ProjectionBase{version_, texts_, ids};
  }

 private:
  void ReadTexts() {
    version_->attribute_sets = file_.Get<uint32_t>();
    for (uint32_t set = 0; set < version_->attribute_sets && file_.ok(); ++set) {
      domain::CustomerAttributes attributes;
      attributes.country = file_.GetText();
      attributes.customer_segment = file_.GetText();
      attributes.acquisition_source = file_.GetText();
      texts_->attribute_sets.Append(std::move(attributes));
    }
    version_->categories = file_.Get<uint32_t>();
    for (uint32_t n = 0; n < version_->categories && file_.ok(); ++n) {
      texts_->categories.Append(file_.GetText());
    }
  }

  std::shared_ptr<const CustomerChunk> ReadChunk() {
    auto chunk = std::make_shared<CustomerChunk>();
    file_.Read(columns_.get(), sizeof(*columns_));
    chunk->state = columns_->state;
    chunk->known = columns_->known;
    chunk->described = columns_->described;
    chunk->attributes = columns_->attributes;
    chunk->signup = columns_->signup;
    chunk->updated_at = columns_->updated_at;
    chunk->last_activity = columns_->last_activity;
    chunk->early_micros = columns_->early_micros;
    chunk->predicted_clv = columns_->predicted_clv;
    chunk->distinct_products = columns_->distinct_products;
    chunk->favorite_category = columns_->favorite_category;
    chunk->id_size = columns_->id_size;
    std::string id;
    for (size_t i = 0; i < kChunkCustomers; ++i) {
      id.resize(chunk->id_size[i]);
      file_.Read(id.data(), id.size());
      chunk->id[i] = texts_->ids.Keep(id).data();
    }
    for (auto& block : chunk->orders) {
      if (file_.Get<uint8_t>() == 0) continue;
      OrderBlock::Parts parts;
      parts.begins = file_.Get<std::array<uint32_t, kBlockCustomers + 1>>();
      parts.dates = file_.GetAll<uint32_t>();
      parts.cents = file_.GetAll<int32_t>();
      parts.micros = file_.GetAll<int64_t>();
      if (!OrderBlock::AreWhole(parts)) {
        file_.Fail();
        break;
      }
      block = std::make_shared<const OrderBlock>(std::move(parts));
    }
    const auto rare = file_.Get<uint64_t>();
    for (uint64_t n = 0; n < rare && file_.ok(); ++n) {
      const auto i = file_.Get<uint16_t>();
      RareFacts facts;
      const bool is_imported = file_.Get<uint8_t>() != 0;
      const auto imported = file_.Get<ImportedRecord>();
      if (is_imported) facts.imported = imported;
      facts.rows = file_.GetAll<OrderRow>();
      facts.unconverted_dates = file_.GetAll<uint32_t>();
      chunk->rare.emplace_back(i, std::make_shared<const RareFacts>(std::move(facts)));
    }
    return chunk;
  }

  std::shared_ptr<PopulationIndex> ReadPopulation() {
    auto population = std::make_shared<PopulationIndex>();
    population->by_spend = GetSorted<SpendPlace>(&file_);
    population->first = GetSorted<DatedCustomer>(&file_);
    population->last = GetSorted<uint32_t>(&file_);
    population->purchase_count = GetSorted<int64_t>(&file_);
    population->unconverted = GetSorted<UnconvertedRow>(&file_);
    population->repeat_customers = file_.Get<uint64_t>();
    population->repeat_order_days = file_.Get<__int128>();
    population->first_days = file_.Get<__int128>();
    population->spend_micros = file_.Get<__int128>();
    population->orders = file_.Get<__int128>();
    RetentionCube::CohortList all = ReadCohorts();
    const bool has_sets = file_.Get<uint8_t>() != 0;
    std::vector<std::shared_ptr<const RetentionCube::CohortList>> sets;
    for (uint32_t set = 0; has_sets && set < version_->attribute_sets && file_.ok(); ++set) {
      sets.push_back(std::make_shared<const RetentionCube::CohortList>(ReadCohorts()));
    }
    population->cube = RetentionCube(std::move(all), std::move(sets), has_sets);
    return population;
  }

  RetentionCube::CohortList ReadCohorts() {
    RetentionCube::CohortList cohorts;
    const auto count = file_.Get<uint64_t>();
    for (uint64_t n = 0; n < count && file_.ok(); ++n) {
      auto cohort = std::make_shared<CubeCohort>();
      cohort->number = file_.Get<uint32_t>();
      cohort->size = file_.Get<uint64_t>();
      cohort->cells = file_.GetAll<CohortCell>();
      cohorts.push_back(std::move(cohort));
    }
    return cohorts;
  }

  CheckedReader& file_;
  const std::shared_ptr<ProjectionVersion> version_ = std::make_shared<ProjectionVersion>();
  const std::shared_ptr<ProjectionTexts> texts_ = std::make_shared<ProjectionTexts>();
  const std::unique_ptr<FixedColumns> columns_ = std::make_unique<FixedColumns>();
};

}  // namespace

absl::Status WriteSnapshot(const ProjectionVersion& version, const std::string& path) {
  const std::string partial = PartialName(path);
  absl::Status status;
  {
    CheckedWriter file(partial);
    SnapshotWriter(version, file).Write();
    status = file.Finish();
  }
  if (status.ok() && std::rename(partial.c_str(), path.c_str()) != 0) {
    status = absl::UnavailableError("snapshot: cannot give the file its name");
  }
  if (!status.ok()) {
    ::unlink(partial.c_str());
    return status;
  }
  return SyncPath(ParentOf(path));
}

absl::StatusOr<ProjectionBase> ReadSnapshot(const std::string& path) {
  CLV_ASSIGN_OR_RETURN(CheckedReader file, CheckedReader::Open(path));
  return SnapshotReader(file).Read();
}

void RemoveSnapshot(const std::string& path) { ::unlink(path.c_str()); }

}  // namespace clv::query
