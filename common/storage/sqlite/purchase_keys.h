// common/storage/sqlite/purchase_keys.h: which page holds a purchase.
//
// An index made for much writing: what a transaction adds becomes one sorted run of (hash of the
// purchase_id, page) in blocks, and runs of like size are merged eight at a time (a log-structured
// merge tree). It takes about six bytes a purchase and is never written at random places. Hashes
// have 40 bits: two ids may share one, so whoever finds a page looks whether the purchase is there.
#ifndef CLV_COMMON_STORAGE_SQLITE_PURCHASE_KEYS_H_
#define CLV_COMMON_STORAGE_SQLITE_PURCHASE_KEYS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/text_hash.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/key_filter.h"

namespace clv::storage {

// One entry of the index.
struct KeyPlace {
  uint64_t hash = 0;
  int64_t page_id = 0;

  auto operator<=>(const KeyPlace&) const = default;
};

// The index on one connection. Thread-compatible.
class PurchaseKeys {
 public:
  // The connection must outlive the keys.
  static absl::StatusOr<std::unique_ptr<PurchaseKeys>> Prepare(Database& db);

  static uint64_t HashOf(std::string_view purchase_id) { return TextHash(purchase_id) >> 24; }

  // For the writer, who asks much and loads a filter for it (about 1.5 bytes a purchase): whether
  // purchases of these hashes may be stored. What Add was given and Flush did not write yet is left
  // out.
  absl::StatusOr<std::vector<bool>> MayContain(absl::Span<const uint64_t> hashes);

  // The pages stored for a hash, none or, where hashes are shared, several.
  absl::StatusOr<std::vector<int64_t>> FindPages(uint64_t hash);

  // In a writing transaction: adds or removes an entry; written by Flush.
  void Add(uint64_t hash, int64_t page_id) { added_.push_back({hash, page_id}); }
  void Remove(uint64_t hash, int64_t page_id) { removed_.push_back({hash, page_id}); }

  // Writes what was added and removed, and merges runs.
  absl::Status Flush();

  // The transaction has ended otherwise, or another connection may have written: what is in memory
  // may not be true any more.
  void Forget();

  // All entries, sorted; for tests and checks.
  absl::StatusOr<std::vector<KeyPlace>> All();

 private:
  // Entries of a run are sorted by hash; entries of one hash lie in one block.
  struct Run {
    int64_t run_id = 0;
    uint64_t keys = 0;
  };
  class RunWriter;
  class RunReader;

  explicit PurchaseKeys(Database& db) : db_(db) {}
  absl::Status ReadRuns();
  absl::Status LoadFilter();
  // The block of a run that would hold the hash; absent when none would.
  struct Block {
    int64_t block_id = 0;
    std::vector<KeyPlace> keys;
  };
  absl::StatusOr<std::optional<Block>> FindBlock(const Run& run, uint64_t hash);
  // The same without reading it: whether find_block_ is at it.
  absl::StatusOr<bool> StepToBlock(const Run& run, uint64_t hash);
  absl::Status FindPagesIn(const Run& run, uint64_t hash, std::vector<int64_t>* pages);
  absl::Status WriteAdded();
  absl::Status RemoveOne(const KeyPlace& key);
  absl::Status MergeRuns();
  absl::Status MergeInto(absl::Span<const Run> runs);
  int64_t UnusedRunId() const;

  Database& db_;
  Statement runs_sql_, find_block_, put_block_, remove_block_, remove_blocks_, put_run_,
      remove_run_;
  std::optional<std::vector<Run>> runs_;  // absent: to be read
  std::optional<KeyFilter> filter_;       // absent: to be loaded
  uint64_t keys_in_filter_ = 0;
  std::vector<KeyPlace> added_;
  std::vector<KeyPlace> removed_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_PURCHASE_KEYS_H_
