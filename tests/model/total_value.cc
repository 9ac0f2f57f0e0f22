#include <algorithm>
#include <set>

#include "tests/model/json_reader.h"
#include "tests/model/reports.h"

namespace clv::model {
namespace {

// One row to be: a customer with the figures of the request's window.
struct Listed {
  const Customer* customer = nullptr;
  Figures figures;
  std::optional<BigReal> predicted_clv;
};

// Scores at the default scoring as_of, or at the request's.
struct Scores {
  std::map<std::string, RfmScores> rfm;  // Of those who bought.
  std::optional<BigReal> predicted_clv;  // The same for all of them.
};

std::string Mask(const std::string& email) {
  const size_t at = email.rfind('@');
  if (at == std::string::npos) return "***";
  size_t first_length = 1;  // Bytes of the first character.
  while (CodePoints(email.substr(0, first_length)).empty()) ++first_length;
  return email.substr(0, first_length) + "***" + email.substr(at);
}

std::optional<Ratio> MeanOrderValue(const Figures& figures) {
  if (figures.purchase_count < 1) return std::nullopt;
  return Ratio(figures.total_spend, BigInt(figures.purchase_count));
}

// -1, 0, 1 for a descending order in which nullopt comes last.
template <typename T>
int Descending(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a.has_value() || !b.has_value())
    return static_cast<int>(b.has_value()) - static_cast<int>(a.has_value());
  if (*a == *b) return 0;
  return *a > *b ? -1 : 1;
}

int CompareBy(const std::string& sort, const Listed& a, const Listed& b) {
  const Figures& x = a.figures;
  const Figures& y = b.figures;
  const auto wrap = [](const auto& value) { return std::make_optional(value); };
  if (sort == "total_spend") return Descending(wrap(x.total_spend), wrap(y.total_spend));
  if (sort == "purchase_count") return Descending(wrap(x.purchase_count), wrap(y.purchase_count));
  if (sort == "avg_order_value") return Descending(MeanOrderValue(x), MeanOrderValue(y));
  if (sort == "refunded_amount")
    return Descending(wrap(x.refunded_amount), wrap(y.refunded_amount));
  if (sort == "first_purchase_date") return Descending(x.first, y.first);
  if (sort == "last_purchase_date") return Descending(x.last, y.last);
  if (sort == "predicted_clv") return Descending(a.predicted_clv, b.predicted_clv);
  return 0;  // customer_id: the tie-break does it.
}

// Everyone listed without filters, ids and limit: what ranks and shares are over.
class Ranking {
 public:
  void Add(const Customer* customer, const BigInt& total_spend) {
    listed_.insert(customer);
    spends_.push_back(total_spend);
    sum_ += total_spend;
  }

  bool Lists(const Customer* customer) const { return listed_.count(customer) > 0; }

  // value_rank, value_percentile, share_of_revenue.
  std::vector<Cell> Cells(const Listed& row) const {
    if (!Lists(row.customer)) return {Cell(), Cell(), Cell()};
    const BigInt& spend = row.figures.total_spend;
    const auto greater = std::count_if(spends_.begin(), spends_.end(),
                                       [&](const BigInt& other) { return other > spend; });
    const auto smaller = std::count_if(spends_.begin(), spends_.end(),
                                       [&](const BigInt& other) { return other < spend; });
    return {Cell::Integer(1 + greater), Share(smaller, spends_.size()), Share(spend, sum_)};
  }

 private:
  std::set<const Customer*> listed_;
  std::vector<BigInt> spends_;
  BigInt sum_;
};

// Whether a request by id shows the customer at all.
bool IsKnown(const Customer& customer) {
  return customer.described != nullptr || !customer.orders.empty() || customer.import != nullptr;
}

void AppendDescription(const Customer& customer, bool full_emails, std::vector<Cell>& row) {
  static const CustomerRow kNobody;
  const bool described = customer.described != nullptr;
  const CustomerRow& said = described ? *customer.described : kNobody;
  std::optional<std::string> email = said.email;
  if (email.has_value() && !full_emails) email = Mask(*email);
  const std::vector<Cell> cells = {Cell::Text(customer.id),
                                   TextOrNull(said.name),
                                   TextOrNull(email),
                                   Cell::Text(customer.country),
                                   Cell::Text(customer.customer_segment),
                                   Cell::Text(customer.acquisition_source),
                                   described ? Cell::Integer(said.active ? 1 : 0) : Cell(),
                                   InstantOrNull(said.signup_date)};
  row.insert(row.end(), cells.begin(), cells.end());
}

void AppendFigures(const Figures& figures, int64_t as_of, std::vector<Cell>& row) {
  const std::optional<int64_t> lifespan = figures.LifespanSeconds();
  const std::vector<Cell> cells = {
      InstantOrNull(figures.first),
      InstantOrNull(figures.last),
      Amount(figures.total_spend),
      Amount(figures.refunded_amount),
      Cell::Integer(figures.purchase_count),
      MeanAmount(figures.total_spend, figures.purchase_count),
      figures.last.has_value() ? MeanDays(as_of - *figures.last, 1) : Cell(),
      lifespan.has_value() ? MeanDays(*lifespan, 1) : Cell(),
      Days(figures.MeanGapDays()),
      Cell::Integer(figures.distinct_products),
      TextOrNull(figures.favorite_category)};
  row.insert(row.end(), cells.begin(), cells.end());
}

std::vector<Cell> RowOf(const Listed& listed, const Ranking& ranking, const Scores& scores,
                        int64_t as_of, bool full_emails) {
  std::vector<Cell> row;
  AppendDescription(*listed.customer, full_emails, row);
  AppendFigures(listed.figures, as_of, row);
  for (const Cell& cell : ranking.Cells(listed)) row.push_back(cell);
  const auto rfm = scores.rfm.find(listed.customer->id);
  row.push_back(rfm == scores.rfm.end() ? Cell() : Cell::Text(rfm->second.segment));
  row.push_back(Cell());  // p_alive
  row.push_back(listed.predicted_clv.has_value()
                    ? Cell::Real(listed.predicted_clv->convert_to<double>())
                    : Cell());
  row.push_back(InstantOrNull(listed.customer->updated_at));
  return row;
}

Scores ScoreAt(const Ledger& ledger, int64_t scoring_as_of) {
  const Scene scene(ledger, scoring_as_of, Filters());
  const AverageModel model = FitAverage(scene.everyone, scoring_as_of);
  return {ScoreRfm(scene.everyone), model.DiscountedValue(365, BigReal("0.10"), BigReal(1))};
}

}  // namespace

Answer TotalCustomerValue(const Ledger& ledger, Parameters& parameters, bool full_emails) {
  const Filters filters = parameters.ReadFilters();
  const std::set<std::string> ids = parameters.List("customer_id");
  const std::optional<int64_t> asked_as_of = parameters.AsOf();
  const int64_t as_of = asked_as_of.value_or(DefaultAsOf(ledger, parameters.now()));
  const Window window = parameters.ReadWindow();
  const std::string sort = parameters.Choice(
      "sort", {"total_spend", "purchase_count", "avg_order_value", "refunded_amount",
               "first_purchase_date", "last_purchase_date", "predicted_clv", "customer_id"});
  const Paging paging = parameters.ReadPaging();
  if (parameters.error().has_value()) return *parameters.error();

  const Scene scene(ledger, as_of, filters);
  const Scores scores =
      ScoreAt(ledger, asked_as_of.value_or(DefaultScoringAsOf(ledger, parameters.now())));
  Table table = TableFor(scene, {"customer_id",
                                 "name",
                                 "email",
                                 "country",
                                 "customer_segment",
                                 "acquisition_source",
                                 "active",
                                 "signup_date",
                                 "first_purchase_date",
                                 "last_purchase_date",
                                 "total_spend",
                                 "refunded_amount",
                                 "purchase_count",
                                 "avg_order_value",
                                 "days_since_last_purchase",
                                 "lifespan_days",
                                 "avg_days_between_purchases",
                                 "distinct_products",
                                 "favorite_category",
                                 "value_rank",
                                 "value_percentile",
                                 "share_of_revenue",
                                 "rfm_segment",
                                 "p_alive",
                                 "predicted_clv",
                                 "updated_at"});

  Ranking ranking;
  std::vector<Listed> rows;
  for (const Customer& customer : scene.customers) {
    Listed listed{&customer, customer.lifetime, std::nullopt};
    if (window.given) listed.figures = FiguresWithin(customer, window.start, window.end);
    if (scores.rfm.count(customer.id) > 0) listed.predicted_clv = scores.predicted_clv;
    const bool bought = listed.figures.purchase_count >= 1;
    if (bought) ranking.Add(&customer, listed.figures.total_spend);
    const bool wanted = ids.empty() ? bought : ids.count(customer.id) > 0 && IsKnown(customer);
    if (wanted && filters.Pass(customer) && !window.IsInverted()) rows.push_back(listed);
  }
  std::sort(rows.begin(), rows.end(), [&](const Listed& a, const Listed& b) {
    const int compared = CompareBy(sort, a, b);
    return compared != 0 ? compared < 0 : a.customer->id < b.customer->id;
  });
  for (const Listed& listed : rows) {
    table.rows.push_back(RowOf(listed, ranking, scores, as_of, full_emails));
  }
  Cut(table, paging, 100);
  return table;
}

}  // namespace clv::model
