#include "common/storage/sqlite/customer_changes.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "common/base/byte_codec.h"
#include "common/base/status_macros.h"
#include "common/base/text_arena.h"
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

// Calls `see(id, packed_facts)` for each name of a row, with its facts where they are there; they
// come in the order of the names.
template <typename See>
absl::Status SeeRow(std::string_view names, std::string_view all_facts, const See& see) {
  ByteReader left(all_facts);
  const auto next_facts = [&] { return left.at_end() ? std::string_view() : left.Text(); };
  std::string_view facts = next_facts();
  CLV_RETURN_IF_ERROR(UnpackIds(names, [&](const std::string& id) -> absl::Status {
    if (facts.empty() || IdOfFacts(facts) != id) return see(id, std::string_view());
    CLV_RETURN_IF_ERROR(see(id, facts));
    facts = next_facts();
    return absl::OkStatus();
  }));
  if (facts.empty() && left.at_end() && left.ok()) return absl::OkStatus();
  return absl::DataLossError("customer_changes: facts of a customer who is not named");
}

bool IsWhole(std::string_view facts) {
  return !facts.empty() && facts.front() == static_cast<char>(FactsKind::kCustomer);
}

// Tells of one customer after the other.
class FactsVisitor {
 public:
  FactsVisitor(CustomerChangesReader::Visit visit, CustomerChangesReader::VisitChange visit_change,
               CustomerChangesReader::VisitName visit_name)
      : visit_(visit), visit_change_(visit_change), visit_name_(visit_name) {}

  // `facts`: of the customer, in the order of the changes; a change goes on from what is before it.
  // None: not told.
  absl::Status Visit(std::string_view id, absl::Span<const std::string_view> facts) {
    if (facts.empty()) return visit_name_(id);
    bool is_whole = false;
    change_.added.clear();
    change_.removed.clear();
    for (const std::string_view packed : facts) {
      CLV_ASSIGN_OR_RETURN(const FactsKind kind, UnpackFacts(packed, &customer_, &next_));
      if (kind == FactsKind::kCustomer) {
        is_whole = true;
      } else if (!is_whole) {
        Join(next_, &change_);
      } else if (!ApplyChange(next_, &customer_)) {
        return visit_name_(id);
      }
    }
    if (is_whole) return visit_(customer_);
    return visit_change_(change_);
  }

 private:
  CustomerChangesReader::Visit visit_;
  CustomerChangesReader::VisitChange visit_change_;
  CustomerChangesReader::VisitName visit_name_;
  // Kept for their memory.
  ProjectedCustomer customer_;
  OrdersChange change_, next_;
};

// The facts of customers whom several rows name.
class FactsOfSeveral {
 public:
  // Of the next row, or of the same.
  void Add(const std::string& id, std::string_view facts) {
    Facts& known = customers_[id];
    known.is_name_only |= facts.empty();
    if (known.is_name_only || IsWhole(facts)) known.records.clear();
    if (known.is_name_only) return;
    known.records.push_back(arena_.Keep(facts));
  }

  absl::Status Visit(FactsVisitor& visitor) const {
    for (const auto& [id, facts] : customers_) {
      CLV_RETURN_IF_ERROR(visitor.Visit(id, facts.records));
    }
    return absl::OkStatus();
  }

 private:
  struct Facts {
    absl::InlinedVector<std::string_view, 1> records;
    bool is_name_only = false;
  };
  TextArena arena_;
  absl::flat_hash_map<std::string, Facts> customers_;
};

// Customers that are told at once: who is told wakes up for them.
constexpr size_t kToldAtOnce = 32;

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
    Database& db, const ChangeLimits& limits, ComingChanges* coming) {
  std::unique_ptr<CustomerChanges> changes(new CustomerChanges());
  changes->limits_ = limits;
  changes->coming_ = coming;
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
  CLV_ASSIGN_OR_RETURN(changes->described_,
                       db.Prepare("UPDATE checkpoint SET described_change = ?"));
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
  has_described_ = false;
  are_too_many_ = false;
  names_are_forgotten_ = false;
}

absl::Status CustomerChanges::Begin() {
  EndTelling(false);
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

void CustomerChanges::TellComing(const std::string& reporting_currency) {
  if (coming_ == nullptr || has_changed_ || names_are_forgotten_) return;
  const auto last = rows_.empty() ? 0 : static_cast<uint64_t>(rows_.back().change_id);
  is_telling_ = coming_->Begin({.change = last, .reporting_currency = reporting_currency});
}

void CustomerChanges::TellWaiting() {
  if (!untold_.empty()) coming_->Tell(std::exchange(untold_, {}));
}

void CustomerChanges::EndTelling(bool is_committed) {
  untold_.clear();
  if (std::exchange(is_telling_, false)) coming_->End(is_committed);
}

void CustomerChanges::Complete(LogPosition position, std::optional<int64_t> horizon_seconds) {
  if (!is_telling_) return;
  TellWaiting();
  coming_->Complete({.folded_position = position,
                     .last_change = static_cast<uint64_t>(rows_.back().change_id),
                     .horizon_seconds = horizon_seconds});
}

void CustomerChanges::Committed() {
  kept_are_known_ = true;
  EndTelling(true);
}

void CustomerChanges::Note(std::string_view customer_id, std::string packed) {
  has_changed_ = true;
  if (is_telling_) {
    if (packed.empty()) {
      EndTelling(false);
    } else {
      untold_.push_back(packed);
      if (untold_.size() >= kToldAtOnce) TellWaiting();
    }
  }
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
    size_t kept = 0;
    for (size_t i = 0; i < customers_.size(); ++i) {
      if (kept == 0 || customers_[kept - 1].customer_id != customers_[i].customer_id) {
        if (kept != i) customers_[kept] = std::move(customers_[i]);
        ++kept;
        continue;
      }
      // What the last one tells alone is true, unless it goes on from the one before.
      Change& last = customers_[kept - 1];
      last.facts = IsWhole(customers_[i].facts) ? std::move(customers_[i].facts) : std::string();
    }
    customers_.resize(kept);
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
  if (is_telling_ && !has_changed_) EndTelling(false);
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
  if (has_described_) {
    described_.Bind(1, row.change_id);
    CLV_RETURN_IF_ERROR(described_.Run());
  }
  if (has_names && fact_bytes_ > 0) {
    ByteWriter facts;  // in the order of the names
    facts.Reserve(fact_bytes_ + 2 * customers_.size());
    for (const Change& change : customers_) {
      if (!change.facts.empty()) facts.Text(change.facts);
    }
    row.fact_bytes = facts.size();
    insert_facts_.Bind(1, row.change_id);
    insert_facts_.BindBlob(2, facts.Take());
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
  CLV_ASSIGN_OR_RETURN(reader->after_,
                       db.Prepare("SELECT customers, facts FROM customer_changes "
                                  "LEFT JOIN customer_change_facts USING (change_id) "
                                  "WHERE change_id > ? ORDER BY change_id"));
  CLV_ASSIGN_OR_RETURN(reader->described_, db.Prepare("SELECT described_change FROM checkpoint"));
  return reader;
}

absl::StatusOr<uint64_t> CustomerChangesReader::LastChange() {
  CLV_RETURN_IF_ERROR(last_.Step().status());
  const uint64_t last = static_cast<uint64_t>(last_.Int(0));
  last_.Reset();
  return last;
}

absl::StatusOr<bool> CustomerChangesReader::AreAllNamed(uint64_t change, uint64_t last) {
  if (change >= last) return true;
  named_.Reset();
  named_.Bind(1, static_cast<int64_t>(change));
  CLV_RETURN_IF_ERROR(named_.Step().status());
  const uint64_t named = static_cast<uint64_t>(named_.Int(0));
  named_.Reset();
  return named == last - change;
}

absl::StatusOr<std::optional<uint64_t>> CustomerChangesReader::NameBytesAfter(uint64_t change) {
  CLV_ASSIGN_OR_RETURN(const uint64_t last, LastChange());
  CLV_ASSIGN_OR_RETURN(const bool are_named, AreAllNamed(change, last));
  if (!are_named) return std::optional<uint64_t>();
  name_bytes_.Reset();
  name_bytes_.Bind(1, static_cast<int64_t>(change));
  CLV_RETURN_IF_ERROR(name_bytes_.Step().status());
  const uint64_t bytes = static_cast<uint64_t>(name_bytes_.Int(0));
  name_bytes_.Reset();
  return std::optional(bytes);
}

template <typename See>
absl::Status CustomerChangesReader::SeeAfter(uint64_t change, const See& see) {
  after_.Reset();
  after_.Bind(1, static_cast<int64_t>(change));
  absl::Status seen;
  while (seen.ok()) {
    const absl::StatusOr<bool> has_row = after_.Step();
    if (!has_row.ok() || !*has_row) {
      seen = has_row.status();
      break;
    }
    seen = SeeRow(after_.Blob(0), after_.Blob(1), see);
  }
  // After an error too: the statement would hold on to the state that it has read.
  after_.Reset();
  return seen;
}

absl::StatusOr<std::optional<std::vector<std::string>>> CustomerChangesReader::ChangedAfter(
    uint64_t change) {
  CLV_ASSIGN_OR_RETURN(const uint64_t last, LastChange());
  CLV_ASSIGN_OR_RETURN(const bool are_named, AreAllNamed(change, last));
  if (!are_named) return std::optional<std::vector<std::string>>();
  absl::flat_hash_set<std::string> ids;
  CLV_RETURN_IF_ERROR(SeeAfter(change, [&](const std::string& id, std::string_view /*facts*/) {
    ids.insert(id);
    return absl::OkStatus();
  }));
  return std::optional(std::vector<std::string>(ids.begin(), ids.end()));
}

absl::StatusOr<bool> CustomerChangesReader::HasChangedAfter(
    uint64_t change, absl::Span<const std::string_view> customer_ids) {
  CLV_ASSIGN_OR_RETURN(const uint64_t last, LastChange());
  if (last == change) return false;
  CLV_ASSIGN_OR_RETURN(const bool are_named, AreAllNamed(change, last));
  if (!are_named || last < change) return true;
  const absl::flat_hash_set<std::string_view> ids(customer_ids.begin(), customer_ids.end());
  bool has_changed = false;
  CLV_RETURN_IF_ERROR(SeeAfter(change, [&](std::string_view id, std::string_view /*facts*/) {
    has_changed = has_changed || ids.contains(id);
    return absl::OkStatus();
  }));
  return has_changed;
}

absl::StatusOr<bool> CustomerChangesReader::MayBeDescribedAnewAfter(
    uint64_t change, absl::Span<const std::string_view> customer_ids) {
  CLV_ASSIGN_OR_RETURN(const uint64_t last, LastChange());
  CLV_ASSIGN_OR_RETURN(const uint64_t described, LastDescription());
  if (last >= change && described <= change) return false;
  return HasChangedAfter(change, customer_ids);
}

absl::StatusOr<uint64_t> CustomerChangesReader::LastDescription() {
  CLV_RETURN_IF_ERROR(described_.Step().status());
  const auto described = static_cast<uint64_t>(described_.Int(0));
  described_.Reset();
  return described;
}

absl::StatusOr<bool> CustomerChangesReader::VisitAfter(uint64_t change, Visit visit,
                                                       VisitChange visit_change,
                                                       VisitName visit_name) {
  CLV_ASSIGN_OR_RETURN(const uint64_t last, LastChange());
  CLV_ASSIGN_OR_RETURN(const bool are_named, AreAllNamed(change, last));
  if (!are_named) return false;
  FactsVisitor visitor(visit, visit_change, visit_name);
  if (last == change + 1) {
    CLV_RETURN_IF_ERROR(SeeAfter(change, [&](const std::string& id, std::string_view facts) {
      return visitor.Visit(id, {&facts, facts.empty() ? 0U : 1U});
    }));
    return true;
  }
  FactsOfSeveral several;
  CLV_RETURN_IF_ERROR(SeeAfter(change, [&](const std::string& id, std::string_view facts) {
    several.Add(id, facts);
    return absl::OkStatus();
  }));
  CLV_RETURN_IF_ERROR(several.Visit(visitor));
  return true;
}

}  // namespace clv::storage
