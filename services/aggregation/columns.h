// services/aggregation/columns.h: facts and values as named texts, so that two of them can be
// compared column by column.
#ifndef CLV_SERVICES_AGGREGATION_COLUMNS_H_
#define CLV_SERVICES_AGGREGATION_COLUMNS_H_

#include <string>
#include <utility>
#include <vector>

#include "common/domain/records.h"
#include "common/storage/clv_store.h"

namespace clv::aggregation {

// Column names and values; an absent value reads `null`.
using Columns = std::vector<std::pair<std::string, std::string>>;

Columns ColumnsOf(const domain::Customer& row);
Columns ColumnsOf(const domain::Purchase& row);
Columns ColumnsOf(const domain::ImportedClv& row);
// Without updated_at and folded_position, which do not follow from the facts.
Columns ColumnsOf(const storage::CustomerValue& row);
// Without dead letters, which are not kept counted.
Columns ColumnsOf(const storage::FactCounts& counts);

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_COLUMNS_H_
