#include "services/query/projection/snapshot_file.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "services/query/projection/checked_stream.h"

namespace clv::query {
namespace {

// Differs from every other release that writes another layout.
constexpr uint64_t kLayout = 0x434c565052'000010;

// Chunks of one part of the file. The first part is about the whole, the second about the
// population; two threads read the others.
constexpr size_t kChunksInPart = 1'024;

size_t PartsOf(size_t chunks) { return 2 + (chunks + kChunksInPart - 1) / kChunksInPart; }

// Calls `visit(column)` for the columns of a chunk.
template <typename Chunk, typename Visit>
void ForEachColumn(Chunk& chunk, const Visit& visit) {
  visit(chunk.state.spend_micros);
  visit(chunk.state.refunded_micros);
  visit(chunk.state.purchase_count);
  visit(chunk.state.repeat_order_days);
  visit(chunk.state.first);
  visit(chunk.state.last);
  visit(chunk.state.spend_days);
  visit(chunk.state.repeat_spend_micros);
  visit(chunk.state.has_rows);
  visit(chunk.state.imported);
  visit(chunk.known);
  visit(chunk.described);
  visit(chunk.attributes);
  visit(chunk.updated_at);
  visit(chunk.other_activity);
  visit(chunk.predicted_bound);
  visit(chunk.distinct_products);
  visit(chunk.favorite_category);
}

template <typename T>
void PutColumn(const T& column, CheckedWriter* file) {
  file->Put(column);
}
template <typename Value, typename Narrow, Value kUnit>
void PutColumn(const NarrowColumn<Value, Narrow, kUnit>& column, CheckedWriter* file) {
  file->Put<uint8_t>(column.is_wide());
  if (column.is_wide()) {
    file->Put(column.wide());
  } else {
    file->Put(column.narrow());
  }
}
template <typename T>
void PutColumn(const RareColumn<T>& column, CheckedWriter* file) {
  file->Put(column.customers());
  file->Write(column.values(), column.size() * sizeof(T));
}

template <typename T>
void GetColumn(CheckedReader* file, T* column) {
  file->Read(column, sizeof(*column));
}
template <typename Value, typename Narrow, Value kUnit>
void GetColumn(CheckedReader* file, NarrowColumn<Value, Narrow, kUnit>* column) {
  if (file->Get<uint8_t>() != 0) {
    column->Become(file->Get<Column<Value>>());
  } else {
    column->Become(file->Get<Column<Narrow>>());
  }
}
template <typename T>
void GetColumn(CheckedReader* file, RareColumn<T>* column) {
  const auto customers = file->Get<CustomerBits>();
  Column<T> values;
  file->Read(values.data(), static_cast<size_t>(std::popcount(customers)) * sizeof(T));
  column->Become(customers, values.data());
}

// Calls `visit(field)` for those of a record, one after the other: there is room between some.
template <typename Record, typename Visit>
void ForEachField(Record& record, const Visit& visit) {
  visit(record.spend_micros);
  visit(record.purchase_count);
  visit(record.first);
  visit(record.last);
  visit(record.updated_at);
}

uint64_t BytesOfColumns() {
  uint64_t bytes = 0;
  const auto chunk = std::make_unique<CustomerChunk>();
  ForEachColumn(*chunk, [&](const auto& column) { bytes += sizeof(column); });
  return bytes;
}

template <typename Value>
void PutSorted(const SortedBuckets<Value>& list, CheckedWriter* file) {
  file->Put<uint64_t>(list.size());
  list.ForEach([&](const Value& value) { file->Put(value); });
}

// A part of the values after the other, so that they do not all lie in memory twice.
template <typename Value>
SortedBuckets<Value> GetSorted(CheckedReader* file) {
  constexpr size_t kAtOnce = 16'384;
  SortedBuckets<Value> list;
  std::vector<Value> some;
  const auto count = file->Get<uint64_t>();
  for (uint64_t left = count; left > 0 && file->HasLeft(left, sizeof(Value)); left -= some.size()) {
    some.resize(std::min<uint64_t>(left, kAtOnce));
    file->Read(some.data(), some.size() * sizeof(Value));
    list = list.With({}, some);
  }
  return list;
}

class SnapshotWriter {
 public:
  SnapshotWriter(const ProjectionVersion& version, CheckedWriter& file)
      : version_(version), file_(file) {}

  void Write() {
    file_.Put(kLayout);
    file_.Put(BytesOfColumns());
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
    file_.EndPart();
    WritePopulation(*version_.population);
    for (size_t c = 0; c < version_.chunks.size(); ++c) {
      if (c % kChunksInPart == 0) file_.EndPart();
      WriteChunk(version_.chunks[c]);
    }
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
    ForEachColumn(chunk, [&](const auto& column) { PutColumn(column, &file_); });
    file_.Put(chunk.profiles->signup);
    file_.Put(chunk.profiles->id_ends());
    file_.PutText(chunk.profiles->ids());
    for (const auto& block : chunk.orders) {
      file_.Put<uint8_t>(block != nullptr);
      if (block == nullptr) continue;
      const OrderBlock::Parts& parts = block->parts();
      file_.Put(parts.begins);
      file_.Put(parts.layout);
      file_.Write(parts.words.get(), parts.word_count() * sizeof(parts.words[0]));
    }
    file_.Put<uint64_t>(chunk.rare.size());
    for (const auto& [i, facts] : chunk.rare.All()) {
      file_.Put(static_cast<uint16_t>(i));
      file_.Put<uint8_t>(facts.imported.has_value());
      if (facts.imported.has_value()) {
        ForEachField(*facts.imported, [&](const auto& field) { file_.Put(field); });
      }
      file_.PutAll(facts.rows);
      file_.PutAll(facts.unconverted_dates);
    }
  }

  void WritePopulation(const PopulationIndex& population) {
    PutSorted(population.by_spend, &file_);
    PutSorted(population.first, &file_);
    PutSorted(population.last, &file_);
    file_.PutAll(population.purchase_count.runs());
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
};

// Nothing of a part is looked at closely while it is read: its checksum says whether it can be
// trusted.
class ChunkReader {
 public:
  explicit ChunkReader(CheckedReader& file) : file_(file) {}

  // The chunks of a part, up to `end`.
  absl::Status Read(std::unique_ptr<CustomerChunk>* begin,
                    const std::unique_ptr<CustomerChunk>* end) {
    for (auto* chunk = begin; chunk != end && file_.ok(); ++chunk) *chunk = ReadChunk();
    return file_.Finish();
  }

 private:
  std::unique_ptr<CustomerChunk> ReadChunk() {
    auto chunk = std::make_unique<CustomerChunk>();
    ForEachColumn(*chunk, [&](auto& column) { GetColumn(&file_, &column); });
    auto profiles = std::make_shared<CustomerProfiles>();
    profiles->signup = file_.Get<Column<uint32_t>>();
    const auto id_ends = file_.Get<Column<uint16_t>>();
    if (!profiles->Restore(file_.GetText(), id_ends)) file_.Fail();
    chunk->profiles = std::move(profiles);
    for (auto& block : chunk->orders) {
      if (file_.Get<uint8_t>() == 0) continue;
      OrderBlock::Parts parts;
      parts.begins = file_.Get<std::array<uint32_t, kBlockCustomers + 1>>();
      parts.layout = file_.Get<OrderLayout>();
      if (!parts.are_whole() || !file_.HasLeft(parts.word_count(), sizeof(parts.words[0]))) {
        file_.Fail();
        break;
      }
      parts.words = std::make_unique_for_overwrite<uint64_t[]>(parts.word_count());
      file_.Read(parts.words.get(), parts.word_count() * sizeof(parts.words[0]));
      block = std::make_shared<const OrderBlock>(std::move(parts));
    }
    const auto rare = file_.Get<uint64_t>();
    std::vector<RareList::Facts> all;
    for (uint64_t n = 0; n < rare && file_.ok(); ++n) {
      const auto i = file_.Get<uint16_t>();
      if (i >= kChunkCustomers || (!all.empty() && i <= all.back().first)) {
        file_.Fail();
        break;
      }
      storage::RareFacts& facts = all.emplace_back(i, storage::RareFacts()).second;
      if (file_.Get<uint8_t>() != 0) {
        ForEachField(facts.imported.emplace(),
                     [&](auto& field) { file_.Read(&field, sizeof(field)); });
      }
      facts.rows = file_.GetAll<OrderRow>();
      facts.unconverted_dates = file_.GetAll<uint32_t>();
    }
    chunk->rare = RareList::Of(all);
    return chunk;
  }

  CheckedReader& file_;
};

class PopulationReader {
 public:
  explicit PopulationReader(CheckedReader& file) : file_(file) {}

  std::shared_ptr<PopulationIndex> Read(uint32_t attribute_sets) {
    auto population = std::make_shared<PopulationIndex>();
    population->by_spend = GetSorted<SpendPlace>(&file_);
    population->first = GetSorted<DatedCustomer>(&file_);
    population->last = GetSorted<uint32_t>(&file_);
    population->purchase_count = CountedValues(file_.GetAll<CountedValues::Run>());
    population->unconverted = GetSorted<UnconvertedRow>(&file_);
    population->repeat_customers = file_.Get<uint64_t>();
    population->repeat_order_days = file_.Get<__int128>();
    population->first_days = file_.Get<__int128>();
    population->spend_micros = file_.Get<__int128>();
    population->orders = file_.Get<__int128>();
    RetentionCube::Parts cube{
        .all = ReadCohorts(), .has_sets = file_.Get<uint8_t>() != 0, .sets = {}};
    for (uint32_t set = 0; cube.has_sets && set < attribute_sets && file_.ok(); ++set) {
      cube.sets.push_back(ReadCohorts());
    }
    population->cube = RetentionCube(std::move(cube));
    return population;
  }

 private:
  std::vector<CubeCohort> ReadCohorts() {
    std::vector<CubeCohort> cohorts;
    const auto count = file_.Get<uint64_t>();
    for (uint64_t n = 0; n < count && file_.ok(); ++n) {
      CubeCohort& cohort = cohorts.emplace_back();
      cohort.number = file_.Get<uint32_t>();
      cohort.size = file_.Get<uint64_t>();
      cohort.cells = file_.GetAll<CohortCell>();
    }
    return cohorts;
  }

  CheckedReader& file_;
};

class SnapshotReader {
 public:
  explicit SnapshotReader(std::vector<CheckedReader> parts) : parts_(std::move(parts)) {}

  absl::StatusOr<ProjectionBase> Read() {
    if (parts_.empty()) return absl::DataLossError("snapshot: the file is of another release");
    CLV_RETURN_IF_ERROR(ReadWhole(parts_[0]));
    const size_t chunks = (size_t{version_->customers} + kChunkCustomers - 1) / kChunkCustomers;
    if (parts_.size() != PartsOf(chunks)) {
      return absl::DataLossError("snapshot: the file has parts too few, or too many");
    }
    chunks_.resize(chunks);
    CLV_RETURN_IF_ERROR(ReadParts());
    for (auto& chunk : chunks_) version_->chunks.Append(std::move(chunk));
    version_->chunks.Seal();
    population_->Derive(*version_);
    version_->population = population_;
    version_->texts = texts_;
    auto ids = std::make_shared<IdTable>(version_->customers + version_->customers / 8);
    for (uint32_t number = 0; number < version_->customers; ++number) {
      ids->Add(version_->IdOf(number), number);
    }
    version_->ids = ids;
    return ProjectionBase{version_, texts_, ids};
  }

 private:
  absl::Status ReadWhole(CheckedReader& file) {
    if (file.Get<uint64_t>() != kLayout || file.Get<uint64_t>() != BytesOfColumns()) file.Fail();
    version_->store_id = file.GetText();
    version_->folded_position = file.Get<storage::LogPosition>();
    version_->last_change = file.Get<uint64_t>();
    version_->reporting_currency = file.GetText();
    const bool has_horizon = file.Get<uint8_t>() != 0;
    const auto horizon = file.Get<int64_t>();
    if (has_horizon) version_->horizon_seconds = horizon;
    const bool is_scored = file.Get<uint8_t>() != 0;
    const auto scoring = file.Get<storage::ScoringState>();
    if (is_scored) version_->scoring = scoring;
    ReadTexts(file);
    version_->customers = file.Get<uint32_t>();
    return file.Finish();
  }

  void ReadTexts(CheckedReader& file) {
    version_->attribute_sets = file.Get<uint32_t>();
    for (uint32_t set = 0; set < version_->attribute_sets && file.ok(); ++set) {
      domain::CustomerAttributes attributes;
      attributes.country = file.GetText();
      attributes.customer_segment = file.GetText();
      attributes.acquisition_source = file.GetText();
      texts_->attribute_sets.Append(std::move(attributes));
    }
    version_->categories = file.Get<uint32_t>();
    for (uint32_t n = 0; n < version_->categories && file.ok(); ++n) {
      texts_->categories.Append(file.GetText());
    }
  }

  absl::Status ReadParts() {
    std::vector<absl::Status> read(parts_.size());
    std::atomic<size_t> next{1};
    const auto work = [&] {
      for (size_t part = next++; part < parts_.size(); part = next++) read[part] = ReadPart(part);
    };
    std::thread other(work);
    work();
    other.join();
    for (const absl::Status& status : read) CLV_RETURN_IF_ERROR(status);
    return absl::OkStatus();
  }

  absl::Status ReadPart(size_t part) {
    if (part == 1) {
      population_ = PopulationReader(parts_[1]).Read(version_->attribute_sets);
      return parts_[1].Finish();
    }
    const size_t begin = (part - 2) * kChunksInPart;
    const size_t end = std::min(begin + kChunksInPart, chunks_.size());
    return ChunkReader(parts_[part]).Read(chunks_.data() + begin, chunks_.data() + end);
  }

  std::vector<CheckedReader> parts_;
  std::vector<std::unique_ptr<CustomerChunk>> chunks_;
  std::shared_ptr<PopulationIndex> population_;
  const std::shared_ptr<ProjectionVersion> version_ = std::make_shared<ProjectionVersion>();
  const std::shared_ptr<ProjectionTexts> texts_ = std::make_shared<ProjectionTexts>();
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
  CLV_ASSIGN_OR_RETURN(std::vector<CheckedReader> parts, CheckedReader::OpenParts(path));
  return SnapshotReader(std::move(parts)).Read();
}

void RemoveSnapshot(const std::string& path) { ::unlink(path.c_str()); }

}  // namespace clv::query
