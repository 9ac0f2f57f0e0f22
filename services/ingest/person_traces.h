// services/ingest/person_traces.h: finding a person in rows that were refused.
//
// A refused row may name a person in any way: in a column, in a key that no data source has, in
// text that is no JSON at all; so may the literals of a condition. A row holds a person when it
// holds the id, or a known name or e-mail, as a word of its own: not as a part of a longer word, id
// or address. Names and e-mails are found in either case of ASCII letters. A text that is too
// common to be looked for everywhere (shorter than 5 bytes, or fewer than 8 digits and nothing
// else) must be a whole value: of a text column, or in double quotes, or any word where the row is
// no JSON object.
#ifndef CLV_SERVICES_INGEST_PERSON_TRACES_H_
#define CLV_SERVICES_INGEST_PERSON_TRACES_H_

#include <string>
#include <string_view>
#include <vector>

#include "common/storage/storage.h"

namespace clv::ingest {

// What a person is known by. Thread-compatible.
class PersonTraces {
 public:
  explicit PersonTraces(std::string_view customer_id) { Add(customer_id, false); }

  // A name or an e-mail; "" is none.
  void AddText(std::string_view name_or_email) { Add(name_or_email, true); }

  // Whether a single value holds the person.
  bool HeldIn(std::string_view value) const;

  // Whether the row holds the person.
  bool HeldBy(const storage::QuarantinedRow& row) const;

 private:
  struct Trace {
    std::string text;  // in lower case where any_case
    bool any_case = false;
    bool is_common = false;
  };

  void Add(std::string_view text, bool any_case);
  static bool InValue(const Trace& trace, std::string_view value);

  std::vector<Trace> traces_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_PERSON_TRACES_H_
