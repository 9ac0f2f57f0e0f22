#include "tests/drills/recording_disk.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "tests/drills/recording_vfs.h"

namespace clv::drills {
namespace {

constexpr int64_t kSector = 512;
constexpr int64_t kPage = 4'096;  // of the kernel's cache

bool ShareAPage(const PendingChange& a, const PendingChange& b) {
  const auto last = [](const PendingChange& change) {
    return change.offset + std::max<int64_t>(1, static_cast<int64_t>(change.bytes.size())) - 1;
  };
  return a.offset / kPage <= last(b) / kPage && b.offset / kPage <= last(a) / kPage;
}

void Apply(const PendingChange& change, std::string* bytes) {
  if (change.is_truncation) {
    bytes->resize(static_cast<size_t>(change.offset));
    return;
  }
  const auto offset = static_cast<size_t>(change.offset);
  if (bytes->size() < offset + change.bytes.size()) bytes->resize(offset + change.bytes.size());
  bytes->replace(offset, change.bytes.size(), change.bytes);
}

// A prefix of the change that ends where a sector of the disk ends.
PendingChange Torn(PendingChange change, properties::Dice& dice) {
  const auto size = static_cast<int64_t>(change.bytes.size());
  const int64_t end = (change.offset + dice.Below(size + 1)) / kSector * kSector;
  change.bytes.resize(static_cast<size_t>(std::clamp<int64_t>(end - change.offset, 0, size)));
  return change;
}

std::string AfterPowerLoss(const RecordedContent& content, properties::Dice& dice) {
  std::string bytes = content.synced;
  // Some disks had written nearly all, some nearly nothing.
  const int64_t kept_of_ten = dice.Below(11);
  for (const PendingChange& change : content.pending) {
    if (change.is_lost) continue;
    if (!change.is_truncation && dice.OneIn(4)) {
      Apply(Torn(change, dice), &bytes);
    } else if (dice.Below(10) < kept_of_ten) {
      Apply(change, &bytes);
    }
  }
  return bytes;
}

}  // namespace

RecordingDisk& RecordingDisk::Install() {
  static auto* const disk = new RecordingDisk();
  static const bool installed = RegisterRecordingVfs(*disk);
  (void)installed;
  return *disk;
}

std::shared_ptr<RecordedContent> RecordingDisk::Opened(const std::string& path, bool is_journal) {
  std::lock_guard lock(mutex_);
  auto& content = names_[path];
  if (content == nullptr) {
    content = std::make_shared<RecordedContent>();
    content->syncs_directory = is_journal;
  }
  return content;
}

void RecordingDisk::Wrote(RecordedContent& content, PendingChange change) {
  {
    std::lock_guard lock(mutex_);
    for (PendingChange& earlier : content.pending) {
      if (earlier.is_lost && ShareAPage(earlier, change)) earlier.is_lost = false;
    }
    content.pending.push_back(std::move(change));
  }
  Tell();
}

size_t RecordingDisk::PendingOf(const RecordedContent& content) {
  std::lock_guard lock(mutex_);
  return content.pending.size();
}

void RecordingDisk::Synced(RecordedContent& content, size_t changes) {
  {
    std::lock_guard lock(mutex_);
    // Another connection may have synced the same file meanwhile.
    changes = honours_sync_ ? std::min(changes, content.pending.size()) : 0;
    const auto end = content.pending.begin() + static_cast<int64_t>(changes);
    for (auto change = content.pending.begin(); change != end; ++change) {
      if (!change->is_lost) Apply(*change, &content.synced);
    }
    const auto is_written = [](const PendingChange& change) { return !change.is_lost; };
    content.pending.erase(std::remove_if(content.pending.begin(), end, is_written), end);
    if (std::exchange(content.syncs_directory, false)) durable_names_ = names_;
  }
  Tell();
}

void RecordingDisk::FailedToSync(RecordedContent& content) {
  if (!forgets_failed_syncs_) return;
  std::lock_guard lock(mutex_);
  for (PendingChange& change : content.pending) change.is_lost = !change.is_truncation;
}

void RecordingDisk::Deleted(const std::string& path, bool syncs_directory) {
  {
    std::lock_guard lock(mutex_);
    names_.erase(path);
    if (syncs_directory) durable_names_ = names_;
  }
  Tell();
}

void RecordingDisk::Forget(const std::string& directory) {
  std::lock_guard lock(mutex_);
  const auto is_below = [&](const auto& entry) { return entry.first.starts_with(directory + "/"); };
  std::erase_if(names_, is_below);
  std::erase_if(durable_names_, is_below);
}

void RecordingDisk::WritePowerLossImage(const std::string& directory, const std::string& image,
                                        properties::Dice& dice) {
  std::filesystem::create_directories(image);
  std::lock_guard lock(mutex_);
  for (const auto& [path, content] : dice.OneIn(2) ? names_ : durable_names_) {
    const std::filesystem::path file(path);
    if (file.parent_path() != directory) continue;
    std::ofstream(std::filesystem::path(image) / file.filename(), std::ios::binary)
        << AfterPowerLoss(*content, dice);
  }
}

void RecordingDisk::WriteKillImage(const std::string& directory, const std::string& image) {
  std::filesystem::create_directories(image);
  std::lock_guard lock(mutex_);
  const Names names = names_;
  for (const auto& [path, content] : names) {
    const std::filesystem::path file(path);
    if (file.parent_path() != directory) continue;
    std::string bytes = content->synced;
    for (const PendingChange& change : content->pending) Apply(change, &bytes);
    const std::filesystem::path copy = std::filesystem::path(image) / file.filename();
    std::ofstream(copy, std::ios::binary) << bytes;
    names_[copy.string()] = std::make_shared<RecordedContent>(*content);
    if (durable_names_.contains(path)) durable_names_[copy.string()] = names_[copy.string()];
  }
}

}  // namespace clv::drills
