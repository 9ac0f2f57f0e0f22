#include "common/storage/sqlite/customer_changes.h"

#include <algorithm>

#include "common/base/byte_codec.h"
#include "common/base/status_macros.h"

namespace clv::storage {
namespace {

// Sorted ids share prefixes with the one before.
std::string PackIds(const absl::flat_hash_set<std::string>& ids) {
  std::vector<std::string_view> sorted(ids.begin(), ids.end());
  std::sort(sorted.begin(), sorted.end());
  ByteWriter bytes;
  std::string_view before;
  for (const std::string_view id : sorted) {
    const size_t most = std::min(before.size(), id.size());
    size_t shared = 0;
    while (shared < most && before[shared] == id[shared]) ++shared;
    bytes.Number(shared);
    bytes.Text(id.substr(shared));
    before = id;
  }
  return bytes.Take();
}

absl::Status UnpackIds(std::string_view packed, absl::flat_hash_set<std::string>* ids) {
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
    ids->insert(id);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<CustomerChanges>> CustomerChanges::Prepare(Database& db) {
  std::unique_ptr<CustomerChanges> changes(new CustomerChanges());
  CLV_ASSIGN_OR_RETURN(changes->insert_,
                       db.Prepare("INSERT INTO customer_changes (customers) VALUES (?)"));
  // Several at once, for each removal writes pages.
  CLV_ASSIGN_OR_RETURN(changes->trim_,
                       db.Prepare("DELETE FROM customer_changes WHERE change_id <= "
                                  "(SELECT MAX(change_id) FROM customer_changes) - ?1 AND "
                                  "(SELECT MAX(change_id) FROM customer_changes) % 8 = 0"));
  CLV_ASSIGN_OR_RETURN(changes->remove_all_, db.Prepare("DELETE FROM customer_changes"));
  return changes;
}

void CustomerChanges::Begin() {
  customers_.clear();
  has_changed_ = false;
  are_too_many_ = false;
  names_are_forgotten_ = false;
}

void CustomerChanges::Note(std::string_view customer_id) {
  has_changed_ = true;
  if (are_too_many_) return;
  customers_.insert(std::string(customer_id));
  if (customers_.size() > kMostNamed) {
    are_too_many_ = true;
    customers_.clear();
  }
}

absl::Status CustomerChanges::Flush() {
  if (names_are_forgotten_) CLV_RETURN_IF_ERROR(remove_all_.Run());
  if (has_changed_ || names_are_forgotten_) {
    if (are_too_many_ || names_are_forgotten_) {
      insert_.BindNull(1);
    } else {
      insert_.BindBlob(1, PackIds(customers_));
    }
    CLV_RETURN_IF_ERROR(insert_.Run());
    trim_.Bind(1, kKeptRows);
    CLV_RETURN_IF_ERROR(trim_.Run());
  }
  Begin();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<CustomerChangesReader>> CustomerChangesReader::Prepare(
    Database& db) {
  std::unique_ptr<CustomerChangesReader> reader(new CustomerChangesReader());
  CLV_ASSIGN_OR_RETURN(reader->last_, db.Prepare("SELECT MAX(change_id) FROM customer_changes"));
  CLV_ASSIGN_OR_RETURN(
      reader->after_,
      db.Prepare("SELECT change_id, customers FROM customer_changes WHERE change_id > ? "
                 "ORDER BY change_id"));
  return reader;
}

absl::StatusOr<uint64_t> CustomerChangesReader::LastChange() {
  CLV_RETURN_IF_ERROR(last_.Step().status());
  const uint64_t last = static_cast<uint64_t>(last_.Int(0));
  last_.Reset();
  return last;
}

absl::StatusOr<std::optional<std::vector<std::string>>> CustomerChangesReader::ChangedAfter(
    uint64_t change) {
  CLV_ASSIGN_OR_RETURN(const uint64_t last, LastChange());
  absl::flat_hash_set<std::string> ids;
  after_.Reset();
  after_.Bind(1, static_cast<int64_t>(change));
  while (change < last) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, after_.Step());
    if (!has_row || static_cast<uint64_t>(after_.Int(0)) != ++change || after_.IsNull(1)) {
      after_.Reset();
      return std::optional<std::vector<std::string>>();
    }
    CLV_RETURN_IF_ERROR(UnpackIds(after_.Blob(1), &ids));
  }
  after_.Reset();
  return std::optional(std::vector<std::string>(ids.begin(), ids.end()));
}

}  // namespace clv::storage
