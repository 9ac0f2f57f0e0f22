// services/query/projection/answer_cache.h: answers that are given again as long as nothing
// changes.
#ifndef CLV_SERVICES_QUERY_PROJECTION_ANSWER_CACHE_H_
#define CLV_SERVICES_QUERY_PROJECTION_ANSWER_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace clv::query {

// Answers of one kind, to questions to the newest version. Thread-safe; its lock is held to copy a
// pointer only.
template <typename Answer>
class AnswerCache {
 public:
  // Of all answers together, without the texts in them; more, and all are forgotten.
  explicit AnswerCache(size_t most_bytes = 512 << 10) : most_bytes_(most_bytes) {}

  // Null when the answer is not known. `version`: its serial number.
  std::shared_ptr<const Answer> Find(uint64_t version, const std::string& question) {
    std::lock_guard lock(mutex_);
    if (version != version_) return nullptr;
    const auto found = answers_.find(question);
    return found != answers_.end() ? found->second : nullptr;
  }

  void Keep(uint64_t version, std::string question, std::shared_ptr<const Answer> answer) {
    const size_t bytes =
        sizeof(Answer) + answer->rows.size() * sizeof(answer->rows[0]) + question.size();
    absl::flat_hash_map<std::string, std::shared_ptr<const Answer>> forgotten;
    std::lock_guard lock(mutex_);
    if (bytes > most_bytes_ || version < version_) return;
    if (version > version_ || bytes_ + bytes > most_bytes_) {
      answers_.swap(forgotten);  // destroyed after the lock is given back
      bytes_ = 0;
      version_ = version;
    }
    if (answers_.insert_or_assign(std::move(question), std::move(answer)).second) bytes_ += bytes;
  }

  // Forgets all answers to versions before `version`, and keeps none of them any more.
  void ForgetBefore(uint64_t version) {
    absl::flat_hash_map<std::string, std::shared_ptr<const Answer>> forgotten;
    std::lock_guard lock(mutex_);
    if (version <= version_) return;
    answers_.swap(forgotten);  // likewise
    bytes_ = 0;
    version_ = version;
  }

 private:
  const size_t most_bytes_;
  std::mutex mutex_;
  uint64_t version_ = 0;
  size_t bytes_ = 0;
  absl::flat_hash_map<std::string, std::shared_ptr<const Answer>> answers_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_ANSWER_CACHE_H_
