// services/query/projection/question_key.h: questions as texts, equal where the answers are.
#ifndef CLV_SERVICES_QUERY_PROJECTION_QUESTION_KEY_H_
#define CLV_SERVICES_QUERY_PROJECTION_QUESTION_KEY_H_

#include <string>

#include "common/storage/reports.h"

namespace clv::query {

// For questions to one version and of one report. Everything counts but the deadline, and `now`,
// which only reports without data look at.
std::string KeyOf(const storage::RetentionQuery& query);
std::string KeyOf(const storage::SegmentQuery& query);
std::string KeyOf(const storage::FrequencyQuery& query);
std::string KeyOf(const storage::ReportScope& scope);
std::string KeyOf(const storage::PredictionQuery& query);
std::string KeyOf(const storage::SegmentationQuery& query);
std::string KeyOf(const storage::CustomerValueQuery& query);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_QUESTION_KEY_H_
