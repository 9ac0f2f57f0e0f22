#include "common/storage/fitted_models_codec.h"

#include <bit>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "common/base/byte_codec.h"

namespace clv::storage {
namespace {

constexpr uint8_t kFormat = 1;

// One function visits all members in their order, for writing and for reading.
class Packer {
 public:
  void Real(const double& value) {
    const auto bits = std::bit_cast<uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) writer_.Byte(static_cast<uint8_t>(bits >> shift));
  }
  template <typename Integer>
  void Number(const Integer& value) {
    writer_.Signed(static_cast<uint64_t>(static_cast<int64_t>(value)));
  }
  void Text(const std::string& text) { writer_.Text(text); }
  template <typename Value, typename Visit>
  void Optional(const std::optional<Value>& value, Visit visit) {
    Number(value ? 1 : 0);
    if (value) visit(*this, *value);
  }
  template <typename List, typename Visit>
  void Each(const List& list, Visit visit) {
    Number(list.size());
    for (const auto& one : list) visit(*this, one);
  }
  std::string Take() { return writer_.Take(); }

 private:
  ByteWriter writer_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : reader_(bytes) {}

  void Real(double& value) {
    uint64_t bits = 0;
    for (int shift = 0; shift < 64; shift += 8) bits |= uint64_t{reader_.Byte()} << shift;
    value = std::bit_cast<double>(bits);
  }
  template <typename Integer>
  void Number(Integer& value) {
    value = static_cast<Integer>(static_cast<int64_t>(reader_.Signed()));
  }
  void Text(std::string& text) { text = std::string(reader_.Text()); }
  template <typename Value, typename Visit>
  void Optional(std::optional<Value>& value, Visit visit) {
    int has_value = 0;
    Number(has_value);
    value.reset();
    if (has_value != 0 && reader_.ok()) visit(*this, value.emplace());
  }
  template <typename List, typename Visit>
  void Each(List& list, Visit visit) {
    size_t size = 0;
    Number(size);
    if (size > reader_.size()) reader_.Fail();
    if (!reader_.ok()) return;
    if constexpr (requires { list.resize(size); }) {
      list.resize(size);
    } else if (size != list.size()) {
      reader_.Fail();
      return;
    }
    for (auto& one : list) visit(*this, one);
  }
  bool IsWhole() const { return reader_.ok() && reader_.at_end(); }

 private:
  ByteReader reader_;
};

constexpr auto kReal = [](auto& coder, auto& value) { coder.Real(value); };
constexpr auto kText = [](auto& coder, auto& value) { coder.Text(value); };

template <typename Coder, typename Fit>
void VisitFamily(Coder& coder, Fit& fit) {
  coder.Number(fit.family);
  coder.Each(fit.parameters, kReal);
  coder.Optional(fit.standard_errors, [](auto& c, auto& errors) { c.Each(errors, kReal); });
  coder.Real(fit.log_likelihood);
  coder.Real(fit.slope_norm);
  coder.Number(fit.converged);
  coder.Number(fit.at_boundary);
  coder.Number(fit.drop_out_identified);
  coder.Number(fit.evaluations);
  coder.Real(fit.log_score);
}

template <typename Coder, typename Fit>
void VisitSpend(Coder& coder, Fit& fit) {
  coder.Real(fit.parameters.p);
  coder.Real(fit.parameters.q);
  coder.Real(fit.parameters.v);
  coder.Optional(fit.standard_errors, [](auto& c, auto& errors) { c.Each(errors, kReal); });
  coder.Real(fit.log_likelihood);
  coder.Number(fit.customers);
  coder.Real(fit.correlation);
  coder.Real(fit.slope_norm);
  coder.Number(fit.converged);
  coder.Number(fit.at_boundary);
}

template <typename Coder, typename Errors>
void VisitErrors(Coder& coder, Errors& errors) {
  coder.Real(errors.predicted_total);
  coder.Real(errors.bias);
  coder.Real(errors.mean_absolute_error);
  coder.Real(errors.root_mean_square_error);
}

template <typename Coder, typename Backtest>
void VisitBacktest(Coder& coder, Backtest& backtest) {
  coder.Number(backtest.cut_day);
  coder.Number(backtest.end_day);
  coder.Number(backtest.customers);
  coder.Number(backtest.actual_total);
  VisitErrors(coder, backtest.model);
  VisitErrors(coder, backtest.rate);
  VisitErrors(coder, backtest.zero);
  coder.Real(backtest.log_score);
  coder.Real(backtest.coverage_50);
  coder.Real(backtest.coverage_80);
  coder.Real(backtest.coverage_90);
  coder.Each(backtest.deciles, [](auto& c, auto& decile) {
    c.Number(decile.customers);
    c.Real(decile.predicted);
    c.Number(decile.actual);
  });
  coder.Real(backtest.top_decile_capture);
  coder.Each(backtest.weeks, [](auto& c, auto& week) {
    c.Number(week.first_day);
    c.Real(week.expected);
    c.Number(week.actual);
  });
}

template <typename Coder, typename Models>
void VisitModels(Coder& coder, Models& models) {
  coder.Each(models.families, [](auto& c, auto& fit) { VisitFamily(c, fit); });
  coder.Number(models.chosen);
  coder.Text(models.choice_reason);
  coder.Optional(models.spend, [](auto& c, auto& fit) { VisitSpend(c, fit); });
  coder.Real(models.mean_order_value);
  coder.Number(models.customers);
  coder.Number(models.repeat_customers);
  coder.Number(models.horizon_day);
  coder.Optional(models.backtest, [](auto& c, auto& backtest) { VisitBacktest(c, backtest); });
  coder.Each(models.warnings, kText);
}

}  // namespace

std::string PackFittedModels(const domain::FittedModels& models) {
  Packer packer;
  packer.Number(kFormat);
  VisitModels(packer, models);
  return packer.Take();
}

absl::StatusOr<domain::FittedModels> UnpackFittedModels(std::string_view bytes) {
  Unpacker unpacker(bytes);
  uint8_t format = 0;
  unpacker.Number(format);
  domain::FittedModels models;
  if (format == kFormat) VisitModels(unpacker, models);
  if (format != kFormat || !unpacker.IsWhole()) {
    return absl::DataLossError("a stored model cannot be read");
  }
  return models;
}

}  // namespace clv::storage
