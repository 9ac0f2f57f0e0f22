#include "common/storage/sqlite/purchase_keys.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <numeric>
#include <utility>

#include "common/base/byte_codec.h"
#include "common/base/status_macros.h"

namespace clv::storage {
namespace {

constexpr int kHashBits = 40;
constexpr int64_t kHashMask = (int64_t{1} << kHashBits) - 1;
// Three blocks fill a page of 4 KiB. Older ones have 512 keys.
constexpr size_t kBytesOfBlock = 1'336;
constexpr size_t kFanOut = 8;
constexpr uint64_t kLeastFilterCapacity = 1 << 16;
constexpr char kDamagedBlock[] = "a block of purchase keys is damaged";

// A block lies at its run and the first of its hashes.
int64_t BlockId(int64_t run_id, uint64_t hash) {
  return (run_id << kHashBits) | static_cast<int64_t>(hash);
}

// Runs of one class hold alike many keys, within a factor of kFanOut.
int ClassOf(uint64_t keys) { return (std::bit_width(keys) - 1) / std::countr_zero(kFanOut); }

// Of a number as ByteWriter writes it.
size_t PackedBytes(uint64_t number) {
  return (static_cast<size_t>(std::bit_width(number | 1)) + 6) / 7;
}

std::string PackBlock(absl::Span<const KeyPlace> keys) {
  ByteWriter block;
  block.Reserve(kBytesOfBlock);
  uint64_t before = keys.front().hash;
  for (const KeyPlace& key : keys) {
    block.Number(key.hash - before);
    block.Number(static_cast<uint64_t>(key.page_id));
    before = key.hash;
  }
  return block.Take();
}

absl::StatusOr<std::vector<KeyPlace>> UnpackBlock(int64_t block_id, std::string_view bytes) {
  std::vector<KeyPlace> keys;
  keys.reserve(bytes.size() / 4);
  ByteReader block(bytes);
  auto hash = static_cast<uint64_t>(block_id & kHashMask);
  while (!block.at_end()) {
    hash += block.Number();
    keys.push_back({hash, static_cast<int64_t>(block.Number())});
  }
  if (!block.ok() || keys.empty()) return absl::DataLossError(kDamagedBlock);
  return keys;
}

// Sorts millions, whose hashes are spread evenly, in a third of the time of std::sort alone, and
// where they are: they are brought into the buckets of their first bits, and sorted there.
void SortKeys(absl::Span<KeyPlace> keys) {
  constexpr size_t kKeysOfBucket = 512;
  constexpr int kMostBucketBits = 13;
  const int bits = std::min<int>(kMostBucketBits, std::bit_width(keys.size() / kKeysOfBucket));
  const auto bucket_of = [bits](const KeyPlace& key) { return key.hash >> (kHashBits - bits); };
  std::vector<size_t> begins((size_t{1} << bits) + 1);
  for (const KeyPlace& key : keys) ++begins[bucket_of(key) + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<size_t> next(begins.begin(), begins.end() - 1);
  for (size_t bucket = 0; bucket < next.size(); ++bucket) {
    while (next[bucket] < begins[bucket + 1]) {
      KeyPlace& key = keys[next[bucket]];
      const size_t its_bucket = bucket_of(key);
      size_t& place = next[its_bucket];
      if (its_bucket != bucket) std::swap(key, keys[place]);
      ++place;
    }
    std::sort(keys.begin() + static_cast<std::ptrdiff_t>(begins[bucket]),
              keys.begin() + static_cast<std::ptrdiff_t>(begins[bucket + 1]));
  }
}

}  // namespace

// Writes a run from entries that come sorted.
class PurchaseKeys::RunWriter {
 public:
  RunWriter(PurchaseKeys& keys, int64_t run_id) : keys_(keys), run_{.run_id = run_id} {}

  absl::Status Add(const KeyPlace& key) {
    const size_t page_bytes = PackedBytes(static_cast<uint64_t>(key.page_id));
    size_t step_bytes = 1;  // of the first
    if (!block_.empty()) {
      step_bytes = PackedBytes(key.hash - block_.back().hash);
      if (bytes_ + step_bytes + page_bytes > kBytesOfBlock && block_.back().hash != key.hash) {
        CLV_RETURN_IF_ERROR(WriteBlock());
        step_bytes = 1;
      }
    }
    bytes_ += step_bytes + page_bytes;
    block_.push_back(key);
    return absl::OkStatus();
  }

  absl::StatusOr<Run> Finish() {
    if (!block_.empty()) CLV_RETURN_IF_ERROR(WriteBlock());
    keys_.put_run_.Bind(1, run_.run_id);
    keys_.put_run_.Bind(2, static_cast<int64_t>(run_.keys));
    CLV_RETURN_IF_ERROR(keys_.put_run_.Run());
    return run_;
  }

 private:
  absl::Status WriteBlock() {
    keys_.put_block_.Bind(1, BlockId(run_.run_id, block_.front().hash));
    keys_.put_block_.BindBlob(2, PackBlock(block_));
    run_.keys += block_.size();
    block_.clear();
    bytes_ = 0;
    return keys_.put_block_.Run();
  }

  PurchaseKeys& keys_;
  Run run_;
  std::vector<KeyPlace> block_;
  size_t bytes_ = 0;  // that it takes packed
};

// Reads a run in order.
class PurchaseKeys::RunReader {
 public:
  static absl::StatusOr<RunReader> Open(Database& db, int64_t run_id) {
    RunReader reader;
    CLV_ASSIGN_OR_RETURN(reader.blocks_,
                         db.Prepare("SELECT block_id, keys FROM purchase_key_blocks WHERE block_id "
                                    "BETWEEN ? AND ? ORDER BY block_id"));
    reader.blocks_.Bind(1, BlockId(run_id, 0));
    reader.blocks_.Bind(2, BlockId(run_id, kHashMask));
    CLV_RETURN_IF_ERROR(reader.Advance());
    return reader;
  }

  // Null at the end.
  const KeyPlace* key() const { return next_ < keys_.size() ? &keys_[next_] : nullptr; }

  absl::Status Advance() {
    if (++next_ < keys_.size()) return absl::OkStatus();
    keys_.clear();
    next_ = 0;
    CLV_ASSIGN_OR_RETURN(const bool has_block, blocks_.Step());
    if (!has_block) return absl::OkStatus();
    CLV_ASSIGN_OR_RETURN(keys_, UnpackBlock(blocks_.Int(0), blocks_.Blob(1)));
    return absl::OkStatus();
  }

 private:
  Statement blocks_;
  std::vector<KeyPlace> keys_;
  size_t next_ = 0;
};

absl::StatusOr<std::unique_ptr<PurchaseKeys>> PurchaseKeys::Prepare(Database& db) {
  std::unique_ptr<PurchaseKeys> keys(new PurchaseKeys(db));
  CLV_ASSIGN_OR_RETURN(keys->runs_sql_,
                       db.Prepare("SELECT run_id, key_count FROM purchase_key_runs"));
  CLV_ASSIGN_OR_RETURN(
      keys->find_block_,
      db.Prepare("SELECT block_id, keys FROM purchase_key_blocks WHERE block_id BETWEEN ? AND ? "
                 "ORDER BY block_id DESC LIMIT 1"));
  CLV_ASSIGN_OR_RETURN(keys->put_block_,
                       db.Prepare("INSERT OR REPLACE INTO purchase_key_blocks VALUES (?, ?)"));
  CLV_ASSIGN_OR_RETURN(keys->remove_block_,
                       db.Prepare("DELETE FROM purchase_key_blocks WHERE block_id = ?"));
  CLV_ASSIGN_OR_RETURN(
      keys->remove_blocks_,
      db.Prepare("DELETE FROM purchase_key_blocks WHERE block_id BETWEEN ? AND ?"));
  CLV_ASSIGN_OR_RETURN(keys->put_run_,
                       db.Prepare("INSERT OR REPLACE INTO purchase_key_runs VALUES (?, ?)"));
  CLV_ASSIGN_OR_RETURN(keys->remove_run_,
                       db.Prepare("DELETE FROM purchase_key_runs WHERE run_id = ?"));
  return keys;
}

absl::Status PurchaseKeys::ReadRuns() {
  if (runs_) return absl::OkStatus();
  std::vector<Run> runs;
  runs_sql_.Reset();
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, runs_sql_.Step());
    if (!has_row) break;
    runs.push_back({.run_id = runs_sql_.Int(0), .keys = static_cast<uint64_t>(runs_sql_.Int(1))});
  }
  runs_sql_.Reset();
  runs_ = std::move(runs);
  return absl::OkStatus();
}

absl::Status PurchaseKeys::LoadFilter() {
  CLV_RETURN_IF_ERROR(ReadRuns());
  uint64_t keys = 0;
  for (const Run& run : *runs_) keys += run.keys;
  if (filter_ && keys_in_filter_ <= filter_->capacity()) return absl::OkStatus();
  // Filled to a half at most, so that it is not made again soon.
  filter_.emplace(std::max(kLeastFilterCapacity, 2 * keys));
  keys_in_filter_ = keys;
  for (const Run& run : *runs_) {
    absl::StatusOr<RunReader> reader = RunReader::Open(db_, run.run_id);
    absl::Status status = reader.status();
    while (status.ok() && reader->key() != nullptr) {
      filter_->Add(reader->key()->hash);
      status = reader->Advance();
    }
    if (!status.ok()) {
      filter_.reset();
      return status;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<bool>> PurchaseKeys::MayContain(absl::Span<const uint64_t> hashes) {
  CLV_RETURN_IF_ERROR(LoadFilter());
  constexpr size_t kAhead = 16;
  std::vector<bool> answers(hashes.size());
  for (size_t i = 0; i < hashes.size(); ++i) {
    if (i + kAhead < hashes.size()) filter_->Prefetch(hashes[i + kAhead]);
    answers[i] = filter_->MayContain(hashes[i]);
  }
  return answers;
}

absl::StatusOr<bool> PurchaseKeys::StepToBlock(const Run& run, uint64_t hash) {
  find_block_.Reset();
  find_block_.Bind(1, BlockId(run.run_id, 0));
  find_block_.Bind(2, BlockId(run.run_id, hash));
  return find_block_.Step();
}

absl::StatusOr<std::optional<PurchaseKeys::Block>> PurchaseKeys::FindBlock(const Run& run,
                                                                           uint64_t hash) {
  CLV_ASSIGN_OR_RETURN(const bool has_block, StepToBlock(run, hash));
  if (!has_block) {
    find_block_.Reset();
    return std::nullopt;
  }
  const int64_t block_id = find_block_.Int(0);
  absl::StatusOr<std::vector<KeyPlace>> keys = UnpackBlock(block_id, find_block_.Blob(1));
  // Before an error too: the statement would hold on to the state that it has read.
  find_block_.Reset();
  CLV_RETURN_IF_ERROR(keys.status());
  return Block{.block_id = block_id, .keys = *std::move(keys)};
}

absl::StatusOr<std::vector<int64_t>> PurchaseKeys::FindPages(uint64_t hash) {
  CLV_RETURN_IF_ERROR(ReadRuns());
  std::vector<int64_t> pages;
  for (const Run& run : *runs_) CLV_RETURN_IF_ERROR(FindPagesIn(run, hash, &pages));
  return pages;
}

absl::Status PurchaseKeys::FindPagesIn(const Run& run, uint64_t hash, std::vector<int64_t>* pages) {
  CLV_ASSIGN_OR_RETURN(const bool has_block, StepToBlock(run, hash));
  if (!has_block) {
    find_block_.Reset();
    return absl::OkStatus();
  }
  ByteReader block(find_block_.Blob(1));
  bool is_whole = !block.at_end();
  auto at = static_cast<uint64_t>(find_block_.Int(0) & kHashMask);
  while (!block.at_end()) {
    at += block.Number();
    const auto page_id = static_cast<int64_t>(block.Number());
    if (at == hash && block.ok()) pages->push_back(page_id);
  }
  is_whole &= block.ok();
  find_block_.Reset();
  return is_whole ? absl::OkStatus() : absl::DataLossError(kDamagedBlock);
}

int64_t PurchaseKeys::UnusedRunId() const {
  int64_t run_id = 1;
  while (std::any_of(runs_->begin(), runs_->end(),
                     [&](const Run& run) { return run.run_id == run_id; })) {
    ++run_id;
  }
  return run_id;
}

absl::Status PurchaseKeys::WriteAdded() {
  RunWriter writer(*this, UnusedRunId());
  for (const KeyPlace& key : added_) {
    CLV_RETURN_IF_ERROR(writer.Add(key));
    if (filter_) filter_->Add(key.hash);
  }
  keys_in_filter_ += added_.size();
  // A fold of millions leaves no room behind.
  added_ = {};
  CLV_ASSIGN_OR_RETURN(const Run run, writer.Finish());
  runs_->push_back(run);
  return absl::OkStatus();
}

absl::Status PurchaseKeys::RemoveOne(const KeyPlace& key) {
  for (Run& run : *runs_) {
    CLV_ASSIGN_OR_RETURN(std::optional<Block> block, FindBlock(run, key.hash));
    if (!block) continue;
    const auto place = std::lower_bound(block->keys.begin(), block->keys.end(), key);
    if (place == block->keys.end() || *place != key) continue;
    block->keys.erase(place);
    remove_block_.Bind(1, block->block_id);
    CLV_RETURN_IF_ERROR(remove_block_.Run());
    if (!block->keys.empty()) {
      put_block_.Bind(1, BlockId(run.run_id, block->keys.front().hash));
      put_block_.BindBlob(2, PackBlock(block->keys));
      CLV_RETURN_IF_ERROR(put_block_.Run());
    }
    --run.keys;
    Statement& write = run.keys == 0 ? remove_run_ : put_run_;
    write.Bind(1, run.run_id);
    if (run.keys > 0) write.Bind(2, static_cast<int64_t>(run.keys));
    CLV_RETURN_IF_ERROR(write.Run());
    std::erase_if(*runs_, [](const Run& one) { return one.keys == 0; });
    return absl::OkStatus();
  }
  return absl::DataLossError("purchase keys: an entry to remove is missing");
}

absl::Status PurchaseKeys::MergeRuns() {
  while (true) {
    std::sort(runs_->begin(), runs_->end(),
              [](const Run& a, const Run& b) { return a.keys < b.keys; });
    size_t begin = 0;
    size_t end = 0;
    while (end < runs_->size()) {
      if (ClassOf((*runs_)[end].keys) != ClassOf((*runs_)[begin].keys)) begin = end;
      if (++end - begin == kFanOut) break;
    }
    if (end - begin < kFanOut) return absl::OkStatus();
    CLV_RETURN_IF_ERROR(MergeInto(absl::MakeConstSpan(*runs_).subspan(begin, kFanOut)));
  }
}

absl::Status PurchaseKeys::MergeInto(absl::Span<const Run> merged) {
  const std::vector<Run> runs(merged.begin(), merged.end());
  std::vector<RunReader> readers;
  for (const Run& run : runs) {
    CLV_ASSIGN_OR_RETURN(RunReader reader, RunReader::Open(db_, run.run_id));
    readers.push_back(std::move(reader));
  }
  RunWriter writer(*this, UnusedRunId());
  while (true) {
    RunReader* least = nullptr;
    for (RunReader& reader : readers) {
      if (reader.key() == nullptr) continue;
      if (least == nullptr || *reader.key() < *least->key()) least = &reader;
    }
    if (least == nullptr) break;
    CLV_RETURN_IF_ERROR(writer.Add(*least->key()));
    CLV_RETURN_IF_ERROR(least->Advance());
  }
  readers.clear();
  for (const Run& run : runs) {
    remove_blocks_.Bind(1, BlockId(run.run_id, 0));
    remove_blocks_.Bind(2, BlockId(run.run_id, kHashMask));
    CLV_RETURN_IF_ERROR(remove_blocks_.Run());
    remove_run_.Bind(1, run.run_id);
    CLV_RETURN_IF_ERROR(remove_run_.Run());
    std::erase_if(*runs_, [&](const Run& one) { return one.run_id == run.run_id; });
  }
  CLV_ASSIGN_OR_RETURN(const Run run, writer.Finish());
  runs_->push_back(run);
  return absl::OkStatus();
}

absl::Status PurchaseKeys::Flush() {
  if (added_.empty() && removed_.empty()) return absl::OkStatus();
  CLV_RETURN_IF_ERROR(ReadRuns());
  SortKeys(absl::MakeSpan(added_));
  std::vector<KeyPlace> removed;
  if (!removed_.empty()) {
    // What left a page and came to another within the transaction is both; entries that were never
    // written cancel out.
    std::sort(removed_.begin(), removed_.end());
    std::vector<KeyPlace> added;
    std::set_difference(added_.begin(), added_.end(), removed_.begin(), removed_.end(),
                        std::back_inserter(added));
    std::set_difference(removed_.begin(), removed_.end(), added_.begin(), added_.end(),
                        std::back_inserter(removed));
    added_ = std::move(added);
    removed_.clear();
  }
  for (const KeyPlace& key : removed) CLV_RETURN_IF_ERROR(RemoveOne(key));
  if (added_.empty()) return absl::OkStatus();
  CLV_RETURN_IF_ERROR(WriteAdded());
  return MergeRuns();
}

void PurchaseKeys::Forget() {
  added_.clear();
  removed_.clear();
  runs_.reset();
  filter_.reset();
}

absl::StatusOr<std::vector<KeyPlace>> PurchaseKeys::All() {
  CLV_RETURN_IF_ERROR(ReadRuns());
  std::vector<KeyPlace> all;
  for (const Run& run : *runs_) {
    CLV_ASSIGN_OR_RETURN(RunReader reader, RunReader::Open(db_, run.run_id));
    while (reader.key() != nullptr) {
      all.push_back(*reader.key());
      CLV_RETURN_IF_ERROR(reader.Advance());
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace clv::storage
