#include "common/storage/sqlite/customer_changes.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "common/base/byte_codec.h"
#include "common/base/status_macros.h"
#include "common/storage/projected_customer_codec.h"

namespace clv::storage {
namespace {

// Of changes by id, which share prefixes with the one before.
template <typename Changes>
std::string PackIds(const Changes& changes) {
  ByteWriter bytes;
  std::string_view before;
  for (const auto& change : changes) {
    const std::string_view id = change.customer_id;
    const size_t most = std::min(before.size(), id.size());
    size_t shared = 0;
    while (shared < most && before[shared] == id[shared]) ++shared;
    bytes.Number(shared);
    bytes.Text(id.substr(shared));
    before = id;
  }
  return bytes.Take();
}

template <typename Visit>
absl::Status UnpackIds(std::string_view packed, const Visit& visit) {
  ByteReader bytes(packed);
  std::string id;
  while (!bytes.at_end()) {
    const uint64_t shared = bytes.Number();
    const std::string_view rest = bytes.Text();
    if (!bytes.ok() || shared > id.size()) {
      return absl::DataLossError("customer_changes: a row cannot be read");
    }
    id.resize(shared);
    id.append(rest);
    CLV_RETURN_IF_ERROR(visit(id));
  }
  return absl::OkStatus();
}

constexpr size_t kShareOfDatabase = 32;
// Of the bytes that are kept, the names take at most this part.
constexpr size_t kShareOfNames = 4;
// Rows go several at once, for each removal writes pages.
constexpr size_t kTrimmedAtOnce = 8;

constexpr char kKept[] =
    "SELECT change_id, length(customers), (SELECT length(facts) FROM customer_change_facts f "
    "WHERE f.change_id = c.change_id) FROM customer_changes c ORDER BY change_id";

}  // namespace

absl::StatusOr<std::unique_ptr<CustomerChanges>> CustomerChanges::Prepare(
    Database& db, const ChangeLimits& limits) {
  std::unique_ptr<CustomerChanges> changes(new CustomerChanges());
  changes->limits_ = limits;
  CLV_ASSIGN_OR_RETURN(
      changes->insert_,
      db.Prepare("INSERT INTO customer_changes (customers) VALUES (?) RETURNING change_id"));
  CLV_ASSIGN_OR_RETURN(changes->insert_facts_,
                       db.Prepare("INSERT INTO customer_change_facts VALUES (?, ?)"));
  CLV_ASSIGN_OR_RETURN(changes->trim_,
                       db.Prepare("DELETE FROM customer_changes WHERE change_id <= ?"));
  CLV_ASSIGN_OR_RETURN(changes->trim_facts_,
                       db.Prepare("DELETE FROM customer_change_facts WHERE change_id <= ?"));
  CLV_ASSIGN_OR_RETURN(changes->remove_all_, db.Prepare("DELETE FROM customer_changes"));
  CLV_ASSIGN_OR_RETURN(changes->remove_all_facts_, db.Prepare("DELETE FROM customer_change_facts"));
  CLV_ASSIGN_OR_RETURN(changes->kept_, db.Prepare(kKept));
  CLV_ASSIGN_OR_RETURN(
      changes->database_bytes_,
      db.Prepare("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"));
  return changes;
}

void CustomerChanges::Forget() {
  customers_ = {};
  are_by_id_ = true;
  fact_bytes_ = 0;
  has_changed_ = false;
  are_too_many_ = false;
  names_are_forgotten_ = false;
}

absl::Status CustomerChanges::Begin() {
  Forget();
  CLV_RETURN_IF_ERROR(database_bytes_.Step().status());
  most_bytes_ = std::clamp(static_cast<size_t>(database_bytes_.Int(0)) / kShareOfDatabase,
                           limits_.least_bytes, limits_.most_bytes);
  database_bytes_.Reset();
  return kept_are_known_ ? absl::OkStatus() : ReadKept();
}

absl::Status CustomerChanges::ReadKept() {
  rows_.clear();
  kept_.Reset();
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, kept_.Step());
    if (!has_row) break;
    rows_.push_back({kept_.Int(0), static_cast<size_t>(kept_.OptionalInt(1).value_or(0)),
                     static_cast<size_t>(kept_.OptionalInt(2).value_or(0))});
  }
  kept_.Reset();
  return absl::OkStatus();
}

void CustomerChanges::Note(std::string_view customer_id, std::string packed) {
  has_changed_ = true;
  if (are_too_many_) return;
  are_by_id_ &= customers_.empty() || customers_.back().customer_id < customer_id;
  fact_bytes_ += packed.size();
  customers_.push_back({std::string(customer_id), std::move(packed)});
  if (customers_.size() > 2 * limits_.most_named) Unify();
}

void CustomerChanges::Unify() {
  if (!std::exchange(are_by_id_, true)) {
    std::stable_sort(customers_.begin(), customers_.end(), [](const Change& a, const Change& b) {
      return a.customer_id < b.customer_id;
    });
    // From the end on, where the last ones are.
    const auto first = std::unique(
        customers_.rbegin(), customers_.rend(),
        [](const Change& a, const Change& b) { return a.customer_id == b.customer_id; });
    customers_.erase(customers_.begin(), first.base());
    fact_bytes_ = 0;
    for (const Change& change : customers_) fact_bytes_ += change.facts.size();
  }
  if (customers_.size() <= limits_.most_named) return;
  are_too_many_ = true;
  customers_ = {};
  fact_bytes_ = 0;
}

absl::Status CustomerChanges::Flush() {
  kept_are_known_ = false;
  Unify();
  if (names_are_forgotten_) {
    CLV_RETURN_IF_ERROR(remove_all_.Run());
    CLV_RETURN_IF_ERROR(remove_all_facts_.Run());
    rows_.clear();
  }
  if (has_changed_ || names_are_forgotten_) {
    CLV_RETURN_IF_ERROR(Insert());
    CLV_RETURN_IF_ERROR(Trim());
  }
  Forget();
  return absl::OkStatus();
}

absl::Status CustomerChanges::Insert() {
  const bool has_names = !are_too_many_ && !names_are_forgotten_;
  const std::string names = has_names ? PackIds(customers_) : std::string();
  insert_.Reset();
  if (has_names) {
    insert_.BindBlob(1, names);
  } else {
    insert_.BindNull(1);
  }
  CLV_RETURN_IF_ERROR(insert_.Step().status());
  KeptRow row{.change_id = insert_.Int(0), .name_bytes = names.size()};
  insert_.Reset();
  if (has_names && fact_bytes_ > 0) {
    std::string facts;
    facts.reserve(fact_bytes_);
    for (const Change& change : customers_) facts += change.facts;
    row.fact_bytes = facts.size();
    insert_facts_.Bind(1, row.change_id);
    insert_facts_.BindBlob(2, facts);
    CLV_RETURN_IF_ERROR(insert_facts_.Run());
  }
  rows_.push_back(row);
  return absl::OkStatus();
}

absl::Status CustomerChanges::Trim() {
  // From the newest on; the newest stays.
  size_t names = 0;
  size_t facts = 0;
  size_t kept_rows = 0;
  size_t kept_facts = 0;
  for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
    names += row->name_bytes;
    if (kept_rows > 0 && (kept_rows == limits_.most_rows || names > most_bytes_ / kShareOfNames)) {
      break;
    }
    ++kept_rows;
    facts += row->fact_bytes;
    if (kept_facts + 1 == kept_rows && (kept_facts == 0 || facts <= most_bytes_)) ++kept_facts;
  }
  const size_t old_rows = rows_.size() - kept_rows;
  if (old_rows >= kTrimmedAtOnce) {
    trim_.Bind(1, rows_[old_rows - 1].change_id);
    CLV_RETURN_IF_ERROR(trim_.Run());
  }
  const size_t old_facts = rows_.size() - kept_facts;
  size_t held = 0;  // rows that are too old and have facts still
  for (size_t i = 0; i < old_facts; ++i) held += rows_[i].fact_bytes > 0;
  if (held >= kTrimmedAtOnce || old_rows >= kTrimmedAtOnce) {
    trim_facts_.Bind(1, rows_[old_facts - 1].change_id);
    CLV_RETURN_IF_ERROR(trim_facts_.Run());
    for (size_t i = 0; i < old_facts; ++i) rows_[i].fact_bytes = 0;
  }
  if (old_rows >= kTrimmedAtOnce) {
    rows_.erase(rows_.begin(), rows_.begin() + static_cast<int64_t>(old_rows));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<CustomerChangesReader>> CustomerChangesReader::Prepare(
    Database& db) {
  std::unique_ptr<CustomerChangesReader> reader(new CustomerChangesReader());
  CLV_ASSIGN_OR_RETURN(reader->last_, db.Prepare("SELECT MAX(change_id) FROM customer_changes"));
  CLV_ASSIGN_OR_RETURN(reader->named_, db.Prepare("SELECT COUNT(*) FROM customer_changes "
                                                  "WHERE change_id > ? AND customers NOT NULL"));
  CLV_ASSIGN_OR_RETURN(reader->name_bytes_,
                       db.Prepare("SELECT COALESCE(SUM(LENGTH(customers)), 0) FROM "
                                  "customer_changes WHERE change_id > ?"));
  // The newest first: what a customer became last counts.
  CLV_ASSIGN_OR_RETURN(reader->after_,
                       db.Prepare("SELECT customers, facts FROM customer_changes "
                                  "LEFT JOIN customer_change_facts USING (change_id) "
                                  "WHERE change_id > ? ORDER BY change_id DESC"));
  return reader;
}

absl::StatusOr<uint64_t> CustomerChangesReader::LastChange() {
  CLV_RETURN_IF_ERROR(last_.Step().status());
  const uint64_t last = static_cast<uint64_t>(last_.Int(0));
  last_.Reset();
  return last;
}

absl::StatusOr<bool> CustomerChangesReader::AreAllNamed(uint64_t change) {
  CLV_ASSIGN_OR_RETURN(const uint64_t last, LastChange());
  if (change >= last) return true;
  named_.Reset();
  named_.Bind(1, static_cast<int64_t>(change));
  CLV_RETURN_IF_ERROR(named_.Step().status());
  const uint64_t named = static_cast<uint64_t>(named_.Int(0));
  named_.Reset();
  return named == last - change;
}

absl::StatusOr<std::optional<uint64_t>> CustomerChangesReader::NameBytesAfter(uint64_t change) {
  CLV_ASSIGN_OR_RETURN(const bool are_named, AreAllNamed(change));
  if (!are_named) return std::optional<uint64_t>();
  name_bytes_.Reset();
  name_bytes_.Bind(1, static_cast<int64_t>(change));
  CLV_RETURN_IF_ERROR(name_bytes_.Step().status());
  const uint64_t bytes = static_cast<uint64_t>(name_bytes_.Int(0));
  name_bytes_.Reset();
  return std::optional(bytes);
}

absl::StatusOr<std::optional<std::vector<std::string>>> CustomerChangesReader::ChangedAfter(
    uint64_t change) {
  CLV_ASSIGN_OR_RETURN(const bool are_named, AreAllNamed(change));
  if (!are_named) return std::optional<std::vector<std::string>>();
  absl::flat_hash_set<std::string> ids;
  after_.Reset();
  after_.Bind(1, static_cast<int64_t>(change));
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, after_.Step());
    if (!has_row) break;
    CLV_RETURN_IF_ERROR(UnpackIds(after_.Blob(0), [&](const std::string& id) {
      ids.insert(id);
      return absl::OkStatus();
    }));
  }
  after_.Reset();
  return std::optional(std::vector<std::string>(ids.begin(), ids.end()));
}

absl::StatusOr<bool> CustomerChangesReader::VisitAfter(uint64_t change, Visit visit,
                                                       VisitName visit_name) {
  CLV_ASSIGN_OR_RETURN(const bool are_named, AreAllNamed(change));
  if (!are_named) return false;
  absl::flat_hash_set<std::string> seen;
  after_.Reset();
  after_.Bind(1, static_cast<int64_t>(change));
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, after_.Step());
    if (!has_row) break;
    ByteReader facts(after_.Blob(1));
    while (!facts.at_end()) {
      CLV_RETURN_IF_ERROR(UnpackCustomer(&facts, &customer_));
      if (seen.insert(customer_.value.customer_id).second) CLV_RETURN_IF_ERROR(visit(customer_));
    }
    CLV_RETURN_IF_ERROR(UnpackIds(after_.Blob(0), [&](const std::string& id) {
      return seen.insert(id).second ? visit_name(id) : absl::OkStatus();
    }));
  }
  after_.Reset();
  return true;
}

}  // namespace clv::storage
