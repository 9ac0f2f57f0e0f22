// services/ingest/condition_traces.h: persons in the conditions of commands that lie in the log.
//
// `customer_id = 'c123'` names a customer as a row does. When the customer is erased, the literal
// goes, and the condition is to meet the rows that are left as it did before. Equality with the
// person's literal becomes equality with a text that no row has. A comparison by order gets the
// next text in the log instead. (A name or e-mail that another person has, too, is not met any
// more: there is no way to say it without saying it.)
#ifndef CLV_SERVICES_INGEST_CONDITION_TRACES_H_
#define CLV_SERVICES_INGEST_CONDITION_TRACES_H_

#include <map>
#include <string>
#include <tuple>

#include "common/domain/row_condition.h"
#include "common/wire/log_codec.h"
#include "services/ingest/person_traces.h"

namespace clv::ingest {

// Thread-compatible. Show it every command that names the person, then all rows that stay if it
// wants them, then clean the commands.
class ConditionTraces {
 public:
  // `traces` must outlive it.
  explicit ConditionTraces(const PersonTraces* traces) : traces_(*traces) {}

  // Whether a condition of the command names the person; notes what Clean needs to know.
  bool Note(const wire::LogCommand& command);

  bool WantsRows() const { return !next_.empty(); }
  void Meet(const wire::LogRows& rows);

  void Clean(wire::LogCommand* command) const;

 private:
  // A literal that rows are compared with by their order: data source, place of the column, text.
  using Literal = std::tuple<domain::DataSource, size_t, std::string>;

  bool NoteCondition(domain::DataSource data_source, const domain::RowCondition& condition);
  void CleanCondition(domain::DataSource data_source, domain::RowCondition* condition) const;
  bool IsTrace(domain::DataSource data_source, const domain::RowCondition& condition) const;
  template <typename Row>
  void MeetRow(domain::DataSource data_source, const Row& row);

  const PersonTraces& traces_;
  std::map<Literal, std::string> next_;  // the least text in the log beyond the literal; "": none
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_CONDITION_TRACES_H_
