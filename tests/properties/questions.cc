#include "tests/properties/questions.h"

#include <algorithm>
#include <utility>

#include "common/base/instant.h"
#include "common/domain/calendar_periods.h"
#include "tests/properties/dice.h"
#include "tests/properties/vocabulary.h"

namespace clv::properties {
namespace {

std::string PercentEncoded(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == ',' || c == ':';
    if (plain) {
      encoded.push_back(c);
    } else if (c == ' ') {
      encoded.push_back('+');
    } else {
      encoded.push_back('%');
      encoded.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
      encoded.push_back(kHex[static_cast<unsigned char>(c) & 15]);
    }
  }
  return encoded;
}

// Puts random parameters into questions.
class Asker {
 public:
  Asker(uint64_t seed, const History& history) : dice_(seed), history_(history) {}

  std::vector<Question> Ask(bool thorough);

 private:
  Question Start(const std::string& endpoint, bool has_window);
  std::string InstantText();
  // The first or the last day of the month of some instant.
  std::string MonthDayText(bool is_first);
  std::string IdText();
  void AddFilters(Question* question);
  void AddPaging(Question* question);
  void AddMistake(Question* question);
  Question Retention(const std::string& granularity, const std::string& cohort_by,
                     const std::string& mode);
  Question Frequency(const std::string& view);
  Question Prediction();
  Question Segmentation(const std::string& level);
  Question TotalValue(const std::string& sort);

  Dice dice_;
  const History& history_;
};

std::string Asker::InstantText() {
  if (history_.instants.empty() || dice_.OneIn(12)) {
    return dice_.Of<std::string>({"2030-01-01", "1969-12-31 00:00:00", "2023-06-30", "1970-01-01"});
  }
  int64_t instant = std::max<int64_t>(0, dice_.Of(history_.instants) + dice_.Below(3) - 1);
  // The ages at which customers enter the means of the first days.
  if (dice_.OneIn(4)) instant += dice_.Of<int64_t>({30, 90, 180, 365}) * kSecondsPerDay;
  std::string text = FormatInstant(instant);
  switch (dice_.Below(5)) {
    case 0:
      return FormatDate(instant);
    case 1:
      text[10] = 'T';
      return text + ".5Z";
    case 2:
      text = FormatInstant(instant + 90 * 60);
      text[10] = 'T';
      // The `+` that a query string ate.
      return text + (dice_.OneIn(2) ? "+01:30" : " 01:30");
    default:
      return text;
  }
}

std::string Asker::MonthDayText(bool is_first) {
  constexpr auto kMonth = domain::CalendarPeriod::kMonth;
  const int64_t instant = history_.instants.empty() ? kNow : dice_.Of(history_.instants);
  const int64_t month = domain::PeriodNumber(kMonth, std::max<int64_t>(0, instant));
  return FormatDate(is_first ? domain::PeriodStart(kMonth, month)
                             : domain::PeriodLastSecond(kMonth, month));
}

std::string Asker::IdText() {
  if (dice_.OneIn(5)) return "nobody";
  if (dice_.OneIn(3))
    return dice_.Of(history_.customer_ids) + ", " + dice_.Of(history_.customer_ids);
  return dice_.Of(history_.customer_ids);
}

void Asker::AddFilters(Question* question) {
  const auto add = [&](const std::string& name, const std::vector<std::string>& values) {
    if (!dice_.OneIn(4)) return;
    for (int64_t count = 1 + dice_.Below(2); count > 0; --count) {
      std::string value = dice_.OneIn(4) ? "(unknown)" : dice_.Of(values);
      if (dice_.OneIn(4)) value += (dice_.OneIn(2) ? "," : " , ") + dice_.Of(values);
      if (dice_.OneIn(10)) value = dice_.OneIn(2) ? "" : "nothing like it";
      question->parameters.emplace(name, value);
    }
  };
  add("country", kCountries);
  add("customer_segment", kSegments);
  add("acquisition_source", kSources);
}

void Asker::AddPaging(Question* question) {
  const auto add = [&](const std::string& name, const std::vector<std::string>& values,
                       int one_in) {
    if (dice_.OneIn(one_in)) question->parameters.emplace(name, dice_.Of(values));
  };
  add("limit", {"0", "1", "3", "5", "50", "100000", ""}, 3);
  add("page", {"0", "1", "2", "7"}, 6);
  add("page_size", {"1", "2", "4", "100"}, 6);
}

// At most one, so that there is one to blame.
void Asker::AddMistake(Question* question) {
  static const std::vector<std::pair<std::string, std::string>> kMistakes = {
      {"limit", "-1"},         {"limit", "1.5"},
      {"limit", "100001"},     {"page", "x"},
      {"page_size", "1e3"},    {"as_of", "yesterday"},
      {"as_of", "2023-02-30"}, {"as_of", "2023-01-01 25:00:00"}};
  const auto& [name, value] = dice_.Of(kMistakes);
  question->parameters.erase(name);
  question->parameters.emplace(name, value);
}

Question Asker::Start(const std::string& endpoint, bool has_window) {
  Question question{endpoint, {}};
  AddFilters(&question);
  // Of a parameter given twice the last counts.
  if (dice_.OneIn(15)) question.parameters.emplace("limit", "2");
  if (dice_.OneIn(15)) question.parameters.emplace("as_of", InstantText());
  AddPaging(&question);
  if (dice_.OneIn(2)) {
    question.parameters.emplace("as_of", dice_.OneIn(6) ? "now" : InstantText());
  }
  if (has_window && dice_.OneIn(2)) {
    const int64_t sides = dice_.Below(4);
    const bool is_months = dice_.OneIn(2);
    const auto bound = [&](bool is_first) {
      return is_months ? MonthDayText(is_first) : InstantText();
    };
    if (sides != 1) question.parameters.emplace("start_date", bound(true));
    if (sides != 2) question.parameters.emplace("end_date", bound(false));
  }
  if (dice_.OneIn(10)) question.parameters.emplace("from", "ts-sdk");
  if (dice_.OneIn(25)) AddMistake(&question);
  return question;
}

Question Asker::Retention(const std::string& granularity, const std::string& cohort_by,
                          const std::string& mode) {
  Question question = Start("customer_retention", true);
  question.parameters.emplace("granularity", granularity);
  question.parameters.emplace("cohort_by", cohort_by);
  question.parameters.emplace("retention", mode);
  if (granularity == "day" || dice_.OneIn(2)) {
    question.parameters.emplace("periods", dice_.Of<std::string>({"0", "1", "5", "30"}));
  }
  return question;
}

Question Asker::Frequency(const std::string& view) {
  Question question = Start("purchase_frequency_analysis", false);
  question.parameters.emplace("view", view);
  if (dice_.OneIn(3)) {
    const bool from_zero = view == "interval" || view == "recency";
    question.parameters.emplace(
        "buckets", from_zero ? dice_.Of<std::string>({"0", "0,1,2", "0,30,365", "0,1000"})
                             : dice_.Of<std::string>({"1", "1,2", "1,4,5,100"}));
  } else if (dice_.OneIn(20) && view != "order_number") {
    question.parameters.erase("limit");
    question.parameters.erase("page");
    question.parameters.erase("page_size");
    question.parameters.erase("as_of");
    question.parameters.emplace("buckets",
                                dice_.Of<std::string>({"2,3", "0,5,5", "a", "1,,2", "-1"}));
  }
  return question;
}

Question Asker::Prediction() {
  Question question = Start("clv_prediction", false);
  const auto add = [&](const std::string& name, const std::vector<std::string>& values) {
    if (dice_.OneIn(3)) question.parameters.emplace(name, dice_.Of(values));
  };
  if (dice_.OneIn(4)) question.parameters.emplace("customer_id", IdText());
  add("horizon_days", {"1", "30", "365", "3650"});
  add("discount_rate", {"0", "0.1", "0.25", "10"});
  add("margin", {"1", "0.3", "0", "2.5"});
  add("model", {"auto", "bgnbd", "average", "nbd", "paretonbd", "mbgnbd"});
  add("interval", {"0.8", "0.5", "0.99"});
  if (dice_.OneIn(8)) {
    question.parameters.emplace("min_p_alive", dice_.Of<std::string>({"0", "0.5"}));
  }
  return question;
}

Question Asker::Segmentation(const std::string& level) {
  Question question = Start("customer_segmentation", false);
  question.parameters.emplace("level", level);
  if (dice_.OneIn(3)) {
    question.parameters.emplace(
        "rfm_segment", dice_.Of<std::string>({"Champions", "Lost,Hibernating", "Can't Lose Them",
                                              "At Risk , Loyal Customers", "Nobody"}));
  }
  return question;
}

Question Asker::TotalValue(const std::string& sort) {
  Question question = Start("total_customer_value", true);
  if (!sort.empty()) question.parameters.emplace("sort", sort);
  if (dice_.OneIn(2)) {
    question.parameters.emplace("customer_id", IdText());
    if (dice_.OneIn(3)) question.parameters.emplace("customer_id", IdText());
  }
  return question;
}

std::vector<Question> Asker::Ask(bool thorough) {
  static const std::vector<std::string> kGranularities = {"month", "week", "quarter", "year",
                                                          "day"};
  static const std::vector<std::string> kBases = {"first_purchase", "signup"};
  static const std::vector<std::string> kModes = {"period", "rolling", "cumulative"};
  static const std::vector<std::string> kSorts = {"",
                                                  "total_spend",
                                                  "purchase_count",
                                                  "avg_order_value",
                                                  "refunded_amount",
                                                  "first_purchase_date",
                                                  "last_purchase_date",
                                                  "predicted_clv",
                                                  "customer_id"};
  std::vector<Question> questions;
  if (thorough) {
    for (const std::string& granularity : kGranularities) {
      for (const std::string& basis : kBases) {
        for (const std::string& mode : kModes) {
          questions.push_back(Retention(granularity, basis, mode));
        }
      }
    }
    for (const std::string& sort : kSorts) questions.push_back(TotalValue(sort));
  } else {
    for (int i = 0; i < 3; ++i) {
      questions.push_back(Retention(dice_.Of(kGranularities), dice_.Of(kBases), dice_.Of(kModes)));
    }
    for (int i = 0; i < 3; ++i) questions.push_back(TotalValue(dice_.Of(kSorts)));
  }
  questions.push_back(Start("clv_by_segment", true));
  questions.push_back(Start("clv_by_acquisition_source", true));
  for (const char* view : {"orders", "interval", "recency", "order_number"}) {
    questions.push_back(Frequency(view));
  }
  questions.push_back(Prediction());
  for (const char* level : {"customer", "summary", "matrix"}) {
    questions.push_back(Segmentation(level));
  }
  return questions;
}

}  // namespace

std::string Question::QueryString() const {
  std::string text;
  for (const auto& [name, value] : parameters) {
    text += (text.empty() ? "" : "&") + PercentEncoded(name) + "=" + PercentEncoded(value);
  }
  return text;
}

std::vector<Question> RandomQuestions(uint64_t seed, const History& history, bool thorough) {
  return Asker(seed, history).Ask(thorough);
}

const std::vector<std::string>& Endpoints() {
  static const std::vector<std::string> endpoints = {
      "customer_retention",          "clv_by_segment", "clv_by_acquisition_source",
      "purchase_frequency_analysis", "clv_prediction", "customer_segmentation",
      "total_customer_value"};
  return endpoints;
}

}  // namespace clv::properties
