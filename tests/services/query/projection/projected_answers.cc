#include "tests/services/query/projection/projected_answers.h"

#include <google/protobuf/util/field_comparator.h>
#include <google/protobuf/util/message_differencer.h>

#include <map>
#include <utility>
#include <variant>

#include "common/rpc/parameter_binding.h"
#include "common/rpc/v0_parameters.h"
#include "common/storage/sqlite/customer_details.h"
#include "common/storage/sqlite/projection_source.h"
#include "common/storage/sqlite/reports/sqlite_reports.h"
#include "services/query/pipe_face.h"

namespace clv::query {
namespace {

const rpc::Caller& Admin() {
  static const auto* const admin = new rpc::Caller{"admin", {"ADMIN"}};
  return *admin;
}

class SteppedWatch final : public storage::ChangeWatch {
 public:
  explicit SteppedWatch(std::shared_ptr<Steps> steps) : steps_(std::move(steps)) {}

  absl::StatusOr<int64_t> Version() override { return steps_->Version(); }
  // Whatever is committed.
  absl::StatusOr<storage::AnnouncedState> Announced() override {
    return storage::AnnouncedState{.folded_position = UINT64_MAX, .last_change = 0, .scoring = {}};
  }
  void WaitBeyond(int64_t seen, std::chrono::milliseconds timeout) override {
    steps_->WaitBeyond(seen, timeout);
  }

 private:
  const std::shared_ptr<Steps> steps_;
};

rpc::V0Parameters ParametersOf(const properties::Question& question) {
  return {"/v0/pipes/" + question.endpoint + ".json?" + question.QueryString(), ""};
}

std::string ProtoDifference(const google::protobuf::Message& expected,
                            const google::protobuf::Message& actual) {
  google::protobuf::util::DefaultFieldComparator comparator;
  comparator.set_float_comparison(google::protobuf::util::DefaultFieldComparator::APPROXIMATE);
  comparator.set_treat_nan_as_equal(false);
  comparator.SetDefaultFractionAndMargin(1e-12, 1e-300);
  google::protobuf::util::MessageDifferencer differencer;
  differencer.set_field_comparator(&comparator);
  std::string difference;
  differencer.ReportDifferencesToString(&difference);
  if (differencer.Compare(expected, actual)) return "";
  return difference.empty() ? "they differ" : difference;
}

template <auto kHandler, typename Request>
std::string DifferenceOf(ReportHandlers& expected, ReportHandlers& actual,
                         const rpc::V0Parameters& parameters) {
  const absl::StatusOr<Request> request = rpc::BindRequest<Request>(parameters);
  if (!request.ok()) return "";  // neither is asked
  auto expected_response = (expected.*kHandler)({Admin()}, *request);
  auto actual_response = (actual.*kHandler)({Admin()}, *request);
  if (!expected_response.ok() || !actual_response.ok()) {
    return expected_response.status() == actual_response.status()
               ? ""
               : expected_response.status().ToString() + " and " +
                     actual_response.status().ToString();
  }
  expected_response->mutable_context()->clear_statistics();
  actual_response->mutable_context()->clear_statistics();
  return ProtoDifference(*expected_response, *actual_response);
}

using Compare = std::string (*)(ReportHandlers&, ReportHandlers&, const rpc::V0Parameters&);

const std::map<std::string, Compare>& Comparisons() {
  using Handlers = ReportHandlers;
  static const auto* const comparisons = new std::map<std::string, Compare>{
      {"customer_retention",
       &DifferenceOf<&Handlers::GetCustomerRetention, v1::GetCustomerRetentionRequest>},
      {"clv_by_segment", &DifferenceOf<&Handlers::GetClvBySegment, v1::GetClvBySegmentRequest>},
      {"clv_by_acquisition_source",
       &DifferenceOf<&Handlers::GetClvByAcquisitionSource, v1::GetClvByAcquisitionSourceRequest>},
      {"purchase_frequency_analysis", &DifferenceOf<&Handlers::GetPurchaseFrequencyAnalysis,
                                                    v1::GetPurchaseFrequencyAnalysisRequest>},
      {"clv_prediction", &DifferenceOf<&Handlers::GetClvPrediction, v1::GetClvPredictionRequest>},
      {"customer_segmentation",
       &DifferenceOf<&Handlers::GetCustomerSegmentation, v1::GetCustomerSegmentationRequest>},
      {"total_customer_value",
       &DifferenceOf<&Handlers::GetTotalCustomerValue, v1::GetTotalCustomerValueRequest>},
  };
  return *comparisons;
}

}  // namespace

void Steps::Advance() {
  std::lock_guard lock(mutex_);
  ++version_;
  moved_.notify_all();
}

void Steps::End() {
  std::lock_guard lock(mutex_);
  has_ended_ = true;
  moved_.notify_all();
}

int64_t Steps::Version() {
  std::lock_guard lock(mutex_);
  return version_;
}

void Steps::WaitBeyond(int64_t seen, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  moved_.wait_for(lock, timeout, [&] { return has_ended_ || version_ != seen; });
}

AskedReports::AskedReports(std::unique_ptr<storage::Reports> reports, std::shared_ptr<Steps> steps,
                           const std::string& clv_path, const Clock& clock)
    : steps_(std::move(steps)),
      reports_(std::move(reports)),
      quarantine_(clv_path + "-no-log"),
      handlers_(*reports_, quarantine_, clock) {}

AskedReports::~AskedReports() { steps_->End(); }

std::unique_ptr<AskedReports> AskedReports::OfSql(const std::string& clv_path, const Clock& clock) {
  return std::unique_ptr<AskedReports>(
      new AskedReports(storage::SqliteReports::Create({.clv_db_path = clv_path}),
                       std::make_shared<Steps>(), clv_path, clock));
}

std::unique_ptr<AskedReports> AskedReports::OfProjection(const std::string& clv_path,
                                                         const Clock& clock,
                                                         const std::string& snapshot_path,
                                                         storage::ComingChanges* coming) {
  auto steps = std::make_shared<Steps>();
  auto reports = std::make_unique<ProjectionReports>(
      std::make_unique<Projection>(
          std::make_unique<storage::SqliteProjectionSource>(clv_path),
          std::make_unique<SteppedWatch>(steps),
          Projection::Options{
              .snapshot_path = snapshot_path, .coming = coming, .least_customers_in_snapshot = 0}),
      std::make_unique<storage::SqliteCustomerDetails>(clv_path));
  return std::unique_ptr<AskedReports>(
      new AskedReports(std::move(reports), std::move(steps), clv_path, clock));
}

std::string Difference(AskedReports& expected, AskedReports& actual,
                       const properties::Question& question) {
  return Comparisons().at(question.endpoint)(expected.handlers(), actual.handlers(),
                                             ParametersOf(question));
}

std::string Difference(const model::NaiveModel& expected, AskedReports& actual,
                       const properties::Question& question, int64_t now) {
  const auto reply = PipeFace(actual.handlers())
                         .Answer(question.endpoint + ".json", ParametersOf(question), {Admin()});
  const auto wanted = expected.Query(question.endpoint, question.parameters, now);
  if (const auto* error = std::get_if<model::Error>(&wanted)) {
    return absl::IsInvalidArgument(reply.status())
               ? ""
               : "no refusal of " + error->parameter + ": " + reply.status().ToString();
  }
  if (!reply.ok()) return reply.status().ToString();
  const auto served = model::ReadServedTable(reply->body);
  if (const auto* wrong = std::get_if<std::string>(&served)) return *wrong;
  return model::Compare(std::get<model::Table>(wanted), std::get<model::Table>(served));
}

}  // namespace clv::query
