#include <algorithm>
#include <set>
#include <tuple>

#include "tests/model/reports.h"

namespace clv::model {
namespace {

// By R - 1 and FM - 1.
const char* const kSegments[5][5] = {
    {"Lost", "Hibernating", "At Risk", "Can't Lose Them", "Can't Lose Them"},
    {"About To Sleep", "Needs Attention", "Needs Attention", "At Risk", "At Risk"},
    {"Promising", "Needs Attention", "Potential Loyalists", "Loyal Customers", "Loyal Customers"},
    {"Promising", "Potential Loyalists", "Potential Loyalists", "Loyal Customers", "Champions"},
    {"New Customers", "Potential Loyalists", "Loyal Customers", "Champions", "Champions"},
};

// min(5, 1 + floor(5 * c / N)), c = how many of `all` (rising) are strictly smaller.
template <typename T>
int Score(const std::vector<T>& all, const T& value) {
  const int64_t worse = std::lower_bound(all.begin(), all.end(), value) - all.begin();
  const auto n = static_cast<int64_t>(all.size());
  return static_cast<int>(std::min<int64_t>(5, 1 + 5 * worse / n));
}

// A customer that passes all filters, with its scores.
struct Scored {
  const Customer* customer;
  RfmScores scores;
};

// Sums over one segment or cell.
std::vector<Cell> GroupCells(const std::string& segment, const std::vector<Scored>& members,
                             const std::vector<Scored>& all, int64_t as_of) {
  std::vector<const Customer*> customers, everyone;
  for (const Scored& scored : members) customers.push_back(scored.customer);
  for (const Scored& scored : all) everyone.push_back(scored.customer);
  BigInt recency_seconds;
  for (const Customer* customer : customers) recency_seconds += as_of - *customer->lifetime.last;
  const BigInt count = customers.size();
  const BigInt revenue = TotalSpend(customers);
  return {Cell::Text(segment),
          Cell::Integer(static_cast<int64_t>(customers.size())),
          Share(count, everyone.size()),
          Amount(revenue),
          Share(revenue, TotalSpend(everyone)),
          MeanDays(recency_seconds, count),
          Share(PurchaseCount(customers), count),
          MeanAmount(revenue, count)};
}

const std::vector<std::string> kGroupColumns = {
    "rfm_segment",      "customers",        "share_of_customers", "revenue",
    "share_of_revenue", "avg_recency_days", "avg_frequency",      "avg_monetary"};

Table ByCustomer(const Scene& scene, std::vector<Scored> scored) {
  Table table = TableFor(
      scene, {"customer_id", "name", "country", "customer_segment", "acquisition_source",
              "last_purchase_date", "recency_days", "frequency", "monetary", "avg_order_value",
              "r_score", "f_score", "m_score", "rfm_score", "rfm_segment"});
  std::sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) {
    const int a_sum = a.scores.r + a.scores.f + a.scores.m;
    const int b_sum = b.scores.r + b.scores.f + b.scores.m;
    return std::tie(b_sum, b.customer->lifetime.total_spend, a.customer->id) <
           std::tie(a_sum, a.customer->lifetime.total_spend, b.customer->id);
  });
  for (const auto& [customer, scores] : scored) {
    const Figures& figures = customer->lifetime;
    const std::string digits =
        std::to_string(scores.r) + std::to_string(scores.f) + std::to_string(scores.m);
    table.rows.push_back(
        {Cell::Text(customer->id),
         customer->described == nullptr ? Cell() : TextOrNull(customer->described->name),
         Cell::Text(customer->country), Cell::Text(customer->customer_segment),
         Cell::Text(customer->acquisition_source), InstantOrNull(figures.last),
         MeanDays(scene.as_of - *figures.last, 1), Cell::Integer(figures.purchase_count),
         Amount(figures.total_spend), MeanAmount(figures.total_spend, figures.purchase_count),
         Cell::Integer(scores.r), Cell::Integer(scores.f), Cell::Integer(scores.m),
         Cell::Text(digits), Cell::Text(scores.segment)});
  }
  return table;
}

Table Summary(const Scene& scene, const std::vector<Scored>& scored) {
  Table table = TableFor(scene, kGroupColumns);
  std::map<std::string, std::vector<Scored>> by_segment;
  for (const auto& by_fm : kSegments) {
    for (const char* segment : by_fm) by_segment[segment];
  }
  for (const Scored& one : scored) by_segment[one.scores.segment].push_back(one);

  std::vector<std::pair<BigInt, std::string>> order;  // Minus the revenue, then the name.
  for (const auto& [segment, members] : by_segment) {
    BigInt revenue;
    for (const Scored& one : members) revenue += one.customer->lifetime.total_spend;
    order.emplace_back(-revenue, segment);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [revenue, segment] : order) {
    table.rows.push_back(GroupCells(segment, by_segment[segment], scored, scene.as_of));
  }
  return table;
}

Table Matrix(const Scene& scene, const std::vector<Scored>& scored) {
  std::vector<std::string> columns = {"r_score", "fm_score"};
  columns.insert(columns.end(), kGroupColumns.begin(), kGroupColumns.end());
  Table table = TableFor(scene, columns);
  for (int r = 5; r >= 1; --r) {
    for (int fm = 1; fm <= 5; ++fm) {
      std::vector<Scored> members;
      for (const Scored& one : scored) {
        if (one.scores.r == r && one.scores.fm == fm) members.push_back(one);
      }
      std::vector<Cell> row = {Cell::Integer(r), Cell::Integer(fm)};
      const std::vector<Cell> cells =
          GroupCells(kSegments[r - 1][fm - 1], members, scored, scene.as_of);
      row.insert(row.end(), cells.begin(), cells.end());
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

}  // namespace

std::map<std::string, RfmScores> ScoreRfm(const std::vector<const Customer*>& everyone) {
  std::vector<int64_t> lasts, counts;
  std::vector<BigInt> spends;
  for (const Customer* customer : everyone) {
    lasts.push_back(*customer->lifetime.last);
    counts.push_back(customer->lifetime.purchase_count);
    spends.push_back(customer->lifetime.total_spend);
  }
  std::sort(lasts.begin(), lasts.end());
  std::sort(counts.begin(), counts.end());
  std::sort(spends.begin(), spends.end());
  std::map<std::string, RfmScores> scores;
  for (const Customer* customer : everyone) {
    RfmScores score;
    score.r = Score(lasts, *customer->lifetime.last);
    score.f = Score(counts, customer->lifetime.purchase_count);
    score.m = Score(spends, customer->lifetime.total_spend);
    score.fm = (score.f + score.m + 1) / 2;
    score.segment = kSegments[score.r - 1][score.fm - 1];
    scores[customer->id] = score;
  }
  return scores;
}

Answer CustomerSegmentation(const Ledger& ledger, Parameters& parameters) {
  const Filters filters = parameters.ReadFilters();
  const int64_t as_of = parameters.AsOf().value_or(DefaultAsOf(ledger, parameters.now()));
  const std::string level = parameters.Choice("level", {"customer", "summary", "matrix"});
  const std::set<std::string> segments = parameters.List("rfm_segment");
  const Paging paging = parameters.ReadPaging();
  if (parameters.error().has_value()) return *parameters.error();

  const Scene scene(ledger, as_of, filters);
  const std::map<std::string, RfmScores> scores = ScoreRfm(scene.everyone);
  std::vector<Scored> scored;
  for (const Customer* customer : scene.population) {
    const RfmScores& score = scores.at(customer->id);
    if (segments.empty() || segments.count(score.segment) > 0) scored.push_back({customer, score});
  }
  if (level == "customer") {
    Table table = ByCustomer(scene, std::move(scored));
    Cut(table, paging, 100);
    return table;
  }
  Table table = level == "summary" ? Summary(scene, scored) : Matrix(scene, scored);
  Cut(table, paging, std::nullopt);
  return table;
}

}  // namespace clv::model
