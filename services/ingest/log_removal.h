// services/ingest/log_removal.h: which rows of the retained log change when a customer is erased.
//
// What is left must fold to the same facts, so that Verify from the log still holds. Customers and
// imported records are keyed by the customer: their rows just go. A purchase may have belonged to
// several customers, one version after the other: here the versions of every purchase that the
// customer ever had are followed in log order, as the fold followed them, with deletions, loads and
// other erasures at their place. Then
//  - a version of the customer that ended the version of another becomes a row with nothing but
//    its key, which ends that version, too; every other version of the customer goes;
//  - a version of another that lost against one of the customer's goes, since it would win now;
//  - versions of others that the customer's ended keep their customer, amount and instants, which
//    decide what the fold does with them, and lose the texts that describe the purchase.
// The rows of others are to be changed first: an erasure that is interrupted finds the customer's
// own rows again and comes to the same end.
#ifndef CLV_SERVICES_INGEST_LOG_REMOVAL_H_
#define CLV_SERVICES_INGEST_LOG_REMOVAL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/domain/records.h"
#include "common/storage/storage.h"
#include "common/wire/log_codec.h"

namespace clv::ingest {

// What is done with one row of a record.
struct RowEdit {
  enum class Kind : uint8_t {
    kDrop,        // the row goes
    kEndVersion,  // only its key stays
    kBlank,       // its texts go
  };
  uint32_t row = 0;  // index in the record's list
  Kind kind = Kind::kDrop;
  uint32_t mark = 0;  // of kBlank: keeps versions that differed different

  bool operator==(const RowEdit&) const = default;
};

// Rows by the position of their record.
using LogEdits = std::map<storage::LogPosition, std::vector<RowEdit>>;

// Finds what must change. Show it all records before the erasure twice, in order: to Survey, then
// to Follow. Thread-compatible.
class LogRemoval {
 public:
  // `reporting_currency`: what the fold gives to a purchase without one.
  LogRemoval(std::string customer_id, std::string reporting_currency)
      : customer_id_(std::move(customer_id)), reporting_currency_(std::move(reporting_currency)) {}

  // Whether a payload can hold the id; a cheap look before Survey. Follow needs all records of
  // purchases and all commands besides those.
  bool MayName(std::string_view payload) const {
    return payload.find(customer_id_) != std::string_view::npos;
  }
  void Survey(const wire::LogRows& rows);

  // Whether Follow must see records that do not hold the id.
  bool NeedsAllPurchases() const { return !versions_.empty(); }
  void Follow(storage::LogPosition position, const wire::LogRows& rows);
  void Finish();

  // Known after Survey: names and e-mails of the customer's rows, and how many rows there are.
  const std::set<std::string>& texts() const { return texts_; }
  uint64_t rows() const { return rows_; }

  // Known after Finish. Those of the customer's own rows count the rows of a record as they are
  // when those of others are carried out.
  const LogEdits& edits_of_others() const { return others_; }
  const LogEdits& edits_of_own() const { return own_; }
  // Earlier erasures of the same customer, whose records hold the id.
  const std::vector<storage::LogPosition>& earlier_erasures() const { return earlier_erasures_; }

 private:
  struct Place {
    storage::LogPosition position = 0;
    uint32_t row = 0;
  };
  struct Won {
    Place place;
    bool judged = false;  // a deletion looked at it, perhaps at its texts
  };
  // The versions of one purchase since its key was last free.
  struct Versions {
    std::optional<domain::Purchase> winner;
    std::vector<Won> won;     // versions of others that were the winner, not edited yet
    std::vector<Place> lost;  // versions of others that never were
    uint32_t marks = 0;

    void Free() {
      winner.reset();
      won.clear();
      lost.clear();
    }
  };
  struct Staged {
    Place place;
    domain::Purchase row;
  };

  void FollowCommand(storage::LogPosition position, const wire::LogCommand& command);
  void Delete(const wire::RowDeletion& deletion);
  void Meet(const Place& place, domain::Purchase row);
  void EndOthers(Versions* versions);
  bool IsOwn(const domain::Purchase& row) const { return row.customer_id == customer_id_; }
  void EditOwn(const Place& place, RowEdit::Kind kind) {
    own_[place.position].push_back({.row = place.row, .kind = kind});
  }
  void EditOther(const Place& place, RowEdit::Kind kind, uint32_t mark = 0) {
    others_[place.position].push_back({.row = place.row, .kind = kind, .mark = mark});
  }

  const std::string customer_id_;
  const std::string reporting_currency_;
  std::set<std::string> texts_;
  uint64_t rows_ = 0;
  std::unordered_map<std::string, Versions> versions_;  // of purchases that were the customer's
  std::unordered_map<std::string, std::vector<Staged>> staged_;  // by load
  LogEdits others_;
  LogEdits own_;
  std::vector<storage::LogPosition> earlier_erasures_;
};

// Carries the edits of one record out; how many rows went or lost all but their key.
uint64_t ApplyEdits(const std::vector<RowEdit>& edits, wire::LogRows* rows);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_LOG_REMOVAL_H_
