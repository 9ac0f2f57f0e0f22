#include "tests/model/naive_model.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/model/ledger.h"
#include "tests/model/parameters.h"
#include "tests/model/reports.h"
#include "tests/model/row_parsing.h"

namespace clv::model {
namespace {

// Why a row is refused; nothing when it is not.
template <typename Row>
std::vector<std::string> Broken(const Ledger& ledger, const Parsed<Row>& parsed,
                                const Condition* only) {
  if (!parsed.broken_columns.empty()) return parsed.broken_columns;
  if (ledger.IsErased(parsed.row.customer_id)) return {"customer_id"};
  if (only != nullptr && !IsMetBy(*only, parsed.row)) return {""};
  return {};
}

template <typename Row>
std::vector<std::string> ApplyUnlessBroken(Ledger& ledger, const Parsed<Row>& parsed,
                                           int64_t received_at, const Condition* only) {
  std::vector<std::string> broken = Broken(ledger, parsed, only);
  if (broken.empty()) ledger.Apply(parsed.row, received_at);
  return broken;
}

}  // namespace

NaiveModel::NaiveModel() : NaiveModel(Options()) {}
NaiveModel::NaiveModel(Options options)
    : ledger_(std::make_unique<Ledger>(std::move(options.reporting_currency))) {}
NaiveModel::~NaiveModel() = default;
NaiveModel::NaiveModel(NaiveModel&&) noexcept = default;
NaiveModel& NaiveModel::operator=(NaiveModel&&) noexcept = default;

std::vector<std::string> NaiveModel::Send(const std::string& data_source,
                                          const std::string& json_value, int64_t received_at,
                                          const Condition* only) {
  if (data_source == "customers") {
    return ApplyUnlessBroken(*ledger_, ParseCustomer(json_value, received_at), received_at, only);
  }
  if (data_source == "purchases") {
    const std::string& currency = ledger_->reporting_currency();
    return ApplyUnlessBroken(*ledger_, ParsePurchase(json_value, received_at, currency),
                             received_at, only);
  }
  if (data_source == "customer_clv") {
    return ApplyUnlessBroken(*ledger_, ParseClv(json_value, received_at), received_at, only);
  }
  std::fprintf(stderr, "NaiveModel has no data source %s\n", data_source.c_str());
  std::abort();
}

bool NaiveModel::Accepts(const std::string& data_source, const std::string& json_value,
                         int64_t received_at, const Condition* only) const {
  if (data_source == "customers") {
    return Broken(*ledger_, ParseCustomer(json_value, received_at), only).empty();
  }
  if (data_source == "purchases") {
    const std::string& currency = ledger_->reporting_currency();
    return Broken(*ledger_, ParsePurchase(json_value, received_at, currency), only).empty();
  }
  return Broken(*ledger_, ParseClv(json_value, received_at), only).empty();
}

int64_t NaiveModel::Remove(const std::string& data_source, const Condition* condition) {
  return ledger_->Remove(data_source, condition);
}

void NaiveModel::Erase(const std::string& customer_id) { ledger_->Erase(customer_id); }

std::variant<Table, Error> NaiveModel::Query(
    const std::string& endpoint, const std::multimap<std::string, std::string>& parameters,
    int64_t now, bool full_emails) const {
  Parameters reader(parameters, now);
  if (endpoint == "customer_retention") return CustomerRetention(*ledger_, reader);
  if (endpoint == "clv_by_segment") return ClvBySegment(*ledger_, reader);
  if (endpoint == "clv_by_acquisition_source") return ClvByAcquisitionSource(*ledger_, reader);
  if (endpoint == "purchase_frequency_analysis") {
    return PurchaseFrequencyAnalysis(*ledger_, reader);
  }
  if (endpoint == "clv_prediction") return ClvPrediction(*ledger_, reader);
  if (endpoint == "customer_segmentation") return CustomerSegmentation(*ledger_, reader);
  if (endpoint == "total_customer_value") {
    return TotalCustomerValue(*ledger_, reader, full_emails);
  }
  return Error{""};
}

}  // namespace clv::model
