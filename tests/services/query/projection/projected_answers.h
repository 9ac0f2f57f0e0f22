// tests/services/query/projection/projected_answers.h: what a projection answers, beside what SQL
// answers.
#ifndef CLV_TESTS_SERVICES_QUERY_PROJECTION_PROJECTED_ANSWERS_H_
#define CLV_TESTS_SERVICES_QUERY_PROJECTION_PROJECTED_ANSWERS_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "common/storage/projection_source.h"
#include "common/storage/sqlite/quarantine_reader.h"
#include "services/query/projection/projection_reports.h"
#include "services/query/report_handlers.h"
#include "tests/model/naive_model.h"
#include "tests/properties/questions.h"
#include "tests/properties/suite_fixture.h"

namespace clv::query {

// The number of a state that moves when the test says so, for any number of watches. Thread-safe.
class Steps {
 public:
  void Advance();
  // Nobody waits any more.
  void End();

  int64_t Version();
  void WaitBeyond(int64_t seen, std::chrono::milliseconds timeout);

 private:
  std::mutex mutex_;
  std::condition_variable moved_;
  int64_t version_ = 0;
  bool has_ended_ = false;
};

// Reports behind handlers, as the service has them.
class AskedReports {
 public:
  // From SQL.
  static std::unique_ptr<AskedReports> OfSql(const std::string& clv_path, const Clock& clock);
  // From a projection that looks at the store when it is made, and at the first question after each
  // LookAgain; and at folds that are under way, if it is told of them. It starts from the snapshot,
  // if there is one, and leaves one when it ends; an empty path: neither.
  static std::unique_ptr<AskedReports> OfProjection(const std::string& clv_path, const Clock& clock,
                                                    const std::string& snapshot_path = "",
                                                    storage::ComingChanges* coming = nullptr);
  ~AskedReports();

  void LookAgain() { steps_->Advance(); }

  ReportHandlers& handlers() { return handlers_; }
  storage::Reports& reports() { return *reports_; }

 private:
  AskedReports(std::unique_ptr<storage::Reports> reports, std::shared_ptr<Steps> steps,
               const std::string& clv_path, const Clock& clock);

  const std::shared_ptr<Steps> steps_;
  const std::unique_ptr<storage::Reports> reports_;
  storage::SqliteQuarantineReader quarantine_;
  ReportHandlers handlers_;
};

// "" when both answer a question alike: the same refusal, or responses that agree in every field
// but the statistics (doubles within 1e-12, relative), else what differs.
std::string Difference(AskedReports& expected, AskedReports& actual,
                       const properties::Question& question);

// "" when the answer is what the model says, else what differs.
std::string Difference(const model::NaiveModel& expected, AskedReports& actual,
                       const properties::Question& question, int64_t now);

}  // namespace clv::query

#endif  // CLV_TESTS_SERVICES_QUERY_PROJECTION_PROJECTED_ANSWERS_H_
