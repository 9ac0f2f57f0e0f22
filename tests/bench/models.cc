// clv-bench-models: how long fits and scores of a made-up shop take, and how much memory.
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "common/domain/customer_prediction.h"
#include "common/domain/model_choice.h"
#include "tests/common/domain/simulated_shop.h"

namespace clv::domain {
namespace {

using std::chrono::steady_clock;

// Time since it was made, and processor time of all threads, which others on the machine disturb
// less.
class Stopwatch {
 public:
  double wall() const {
    return std::chrono::duration<double>(steady_clock::now() - begin_).count();
  }
  double processor() const {
    return static_cast<double>(std::clock() - processor_begin_) / CLOCKS_PER_SEC;
  }

 private:
  const steady_clock::time_point begin_ = steady_clock::now();
  const std::clock_t processor_begin_ = std::clock();
};

double PeakMegabytes() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void Print(const char* what, const Stopwatch& watch, double target, const std::string& more) {
  std::printf("%-48s %8.3f s, processor %.3f s (target %g s)  %s\n", what, watch.wall(),
              watch.processor(), target, more.c_str());
}

std::vector<HistoryGroup> Histories(const OrderHistories& orders, int32_t day) {
  std::vector<HistoryGroup> histories;
  histories.reserve(orders.customers());
  for (size_t customer = 0; customer < orders.customers(); ++customer) {
    const auto days = orders.DaysOf(customer);
    histories.push_back({.frequency = static_cast<uint32_t>(days.size()) - 1,
                         .recency_days = static_cast<uint32_t>(days.back() - days.front()),
                         .tenure_days = static_cast<uint32_t>(day - days.front()),
                         .customers = 1});
  }
  return histories;
}

void FitBgNbd(const OrderHistories& orders, int32_t day) {
  std::vector<HistoryGroup> histories = Histories(orders, day);
  const Stopwatch watch;
  const HistoryGroups groups = GroupHistories(std::move(histories));
  const double grouped = watch.processor();
  const FamilyFit fit = FitFamily(ModelFamily::kBgNbd, groups, {});
  Print("BG/NBD: grouping and fit, one core", watch, 1,
        std::to_string(groups.groups.size()) + " distinct, grouping " + std::to_string(grouped) +
            " s, " + (fit.converged ? "converged" : "NOT converged"));
}

void FitGammaGamma(const OrderHistories& orders, int32_t day) {
  const Stopwatch watch;
  const std::optional<SpendFit> fit = FitSpend(orders.SpendAt(day), std::nullopt);
  Print("Gamma-Gamma: sums and fit, one core", watch, 1,
        fit && fit->converged ? std::to_string(fit->customers) + " customers" : "NOT converged");
}

FittedModels FitEverything(const OrderHistories& orders, int32_t day) {
  const Stopwatch watch;
  const std::optional<FittedModels> models =
      FitAndChoose(orders, day, nullptr, [](double) { return true; });
  Print("All models, choice, spend and backtest, one core", watch, 10, models->choice_reason);
  return *models;
}

void ScoreEverybody(const OrderHistories& orders, const FittedModel& model, int32_t day,
                    int threads) {
  std::vector<CustomerHistory> histories;
  for (const HistoryGroup& one : Histories(orders, day)) {
    histories.push_back({.frequency = one.frequency,
                         .recency_days = one.recency_days,
                         .tenure_days = one.tenure_days,
                         .spend_days = one.frequency,
                         .spend_micros = int64_t{50'000'000} * one.frequency});
  }
  const Stopwatch watch;
  const CustomerScorer scorer(model, {});
  std::vector<double> sums(threads);
  std::vector<std::thread> workers;
  for (int worker = 0; worker < threads; ++worker) {
    workers.emplace_back([&, worker] {
      double sum = 0;
      for (size_t i = worker; i < histories.size(); i += threads) {
        sum += scorer.Score(histories[i]).predicted_clv;
      }
      sums[worker] = sum;
    });
  }
  for (std::thread& worker : workers) worker.join();
  const std::string name(NameOf(model.family));
  Print(("Scoring everybody, " + name + ", two threads").c_str(), watch, 2, "");

  constexpr size_t kRows = 2'000;
  const Stopwatch details_watch;
  double highest = 0;
  for (size_t i = 0; i < kRows; ++i) {
    const PredictionDetails details = scorer.Details(histories[i * histories.size() / kRows]);
    highest = std::max(highest, *details.predicted_clv_high);
  }
  std::printf("%-48s %8.1f us, processor %.1f us (target 20 us)\n",
              ("Details of a row, " + name).c_str(), details_watch.wall() / kRows * 1e6,
              details_watch.processor() / kRows * 1e6);
}

int Run(int argc, char** argv) {
  ShopSize size{.customers = 1'000'000, .acquisition_days = 365, .days = 730};
  CLI::App app("Times the fits and scores of a made-up shop that follows BG/NBD and Gamma-Gamma.");
  app.add_option("--customers", size.customers, "Customers");
  app.add_option("--days", size.days, "Days of history; first orders come in the first half");
  CLI11_PARSE(app, argc, argv);
  size.acquisition_days = size.days / 2;
  const SpendParameters spend{5, 4, 60};
  const OrderHistories orders =
      SimulateOrders(ModelFamily::kBgNbd, {.55, 40, .8, 2.5}, size, /*seed=*/1, &spend);
  const double before = PeakMegabytes();
  std::printf("%zu customers, %d days\n", orders.customers(), size.days);
  FitBgNbd(orders, size.days);
  FitGammaGamma(orders, size.days);
  const FittedModels models = FitEverything(orders, size.days);
  std::printf("%-48s %8.0f MB  (target 500 MB; the orders alone %.0f MB)\n", "Peak memory",
              PeakMegabytes(), before);
  for (const ModelFamily family : {ModelFamily::kBgNbd, ModelFamily::kParetoNbd}) {
    ScoreEverybody(orders, ModelToServe(models, family), size.days, 2);
  }
  return 0;
}

}  // namespace
}  // namespace clv::domain

int main(int argc, char** argv) { return clv::domain::Run(argc, argv); }
