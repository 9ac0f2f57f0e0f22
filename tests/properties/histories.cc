#include "tests/properties/histories.h"

#include <algorithm>
#include <map>
#include <optional>

#include "common/base/instant.h"
#include "tests/properties/vocabulary.h"

namespace clv::properties {
namespace {

constexpr int64_t kHour = 3'600;

// JSON text of a string: the texts of these histories need no escapes but these.
std::string Quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json.push_back('\\');
    json.push_back(c);
  }
  return json + "\"";
}

// One purchase as it is meant; what is sent are its versions.
struct Sale {
  std::string purchase_id;
  std::string customer_id;
  std::string order_id;  // "" for none
  std::string amount;    // JSON
  int64_t date = 0;
  std::string currency;  // JSON or ""
};

class Maker {
 public:
  Maker(uint64_t seed, const HistoryOptions& options) : dice_(seed), options_(options) {}

  History Make();

 private:
  int64_t Instant();
  std::string InstantJson(int64_t seconds);
  std::string Amount();
  std::string Refund();
  std::string Attribute(const std::vector<std::string>& choices);
  std::string VersionJson(const std::string& key);
  std::optional<int64_t> NextVersion(const std::string& key);

  void AddCustomers();
  void AddSales();
  void AddImports();
  void AddRefused();
  std::string CustomerJson(const std::string& id);
  std::string SaleJson(const Sale& sale);
  std::string ImportJson(const std::string& id);
  void Send(const std::string& data_source, std::string json) {
    history_.rows.push_back({data_source, std::move(json)});
  }

  Dice dice_;
  const HistoryOptions options_;
  History history_;
  std::map<std::string, int64_t> versions_;  // given so far, by key
};

// Clusters around the edges of periods, with equal instants among them.
int64_t Maker::Instant() {
  static const std::vector<std::string> kEdges = {
      "2021-12-31 23:59:59", "2022-01-01 00:00:00", "2022-12-31 23:59:59", "2023-01-01 00:00:00",
      "2023-01-02 00:00:00", "2023-02-28 23:59:59", "2023-03-01 00:00:00", "2023-03-31 23:59:59",
      "2023-04-01 00:00:00", "2023-06-30 23:59:59", "2023-07-01 00:00:00", "2023-12-31 23:59:59",
      "2024-01-01 00:00:00", "2024-01-31 23:59:59", "2024-02-01 00:00:00", "2024-02-29 00:00:00",
      "2024-02-29 23:59:59", "2024-03-01 00:00:00", "2024-03-11 00:00:00", "2024-03-15 11:59:59"};
  if (!history_.instants.empty() && dice_.OneIn(6)) return dice_.Of(history_.instants);
  int64_t instant = ParseInstant(dice_.Of(kEdges))->seconds;
  switch (dice_.Below(5)) {
    case 0:
      break;
    case 1:
      instant += dice_.Below(3) - 1;
      break;
    case 2:
      instant += (dice_.Below(49) - 24) * kHour;
      break;
    case 3:
      instant += (dice_.Below(121) - 60) * kSecondsPerDay;
      break;
    default:
      instant += dice_.Below(60 * kSecondsPerDay);
  }
  if (dice_.OneIn(150)) instant = dice_.Below(3);
  instant = std::clamp<int64_t>(instant, 0, kNow + kSecondsPerDay - kHour);
  history_.instants.push_back(instant);
  return instant;
}

std::string Maker::InstantJson(int64_t seconds) {
  const std::string text = FormatInstant(seconds);
  std::string iso = text;
  iso[10] = 'T';
  switch (dice_.Below(8)) {
    case 0:
      return Quoted(iso + "Z");
    case 1:
      return Quoted(iso + ".999");
    case 2:
      return std::to_string(seconds);
    case 3: {
      std::string east = FormatInstant(seconds + 2 * kHour);
      east[10] = 'T';
      return Quoted(east + "+02:00");
    }
    case 4:
      if (seconds % kSecondsPerDay == 0) return Quoted(FormatDate(seconds));
      return Quoted(text);
    default:
      return Quoted(text);
  }
}

std::string Maker::Amount() {
  static const std::vector<std::string> kAmounts = {
      "10",           "99.99",      "\"5.50\"",   "0",      "1e2",
      "0.000001",     "33.3333335", "33.3333345", "250.25", "12.5",
      "\"7.100000\"", "1000000000", "20",         "20.0",   "0.1",
      "0.2",          "100",        "49.95",      "3"};
  return dice_.OneIn(40) ? "1000000000" : dice_.Of(kAmounts);
}

std::string Maker::Refund() {
  static const std::vector<std::string> kRefunds = {
      "-5", "-10", "-99.99", "\"-5.5\"", "-0.000001", "-20", "-100", "-12.5", "-33.333333"};
  return dice_.Of(kRefunds);
}

// JSON: a text, "", null; or "" to leave the key out.
std::string Maker::Attribute(const std::vector<std::string>& choices) {
  switch (dice_.Below(8)) {
    case 0:
      return "";
    case 1:
      return dice_.OneIn(2) ? "null" : "\"\"";
    default:
      return Quoted(dice_.Of(choices));
  }
}

// Versions rise and fall, repeat where the order may matter, and may be missing there.
std::optional<int64_t> Maker::NextVersion(const std::string& key) {
  int64_t& given = versions_[key];
  if (!options_.order_matters) {
    // Distinct: a permutation of 0..100 by key.
    given = (given * 7 + 31) % 101;
    return kNow - 200 * kSecondsPerDay + given;
  }
  if (dice_.OneIn(3)) return std::nullopt;
  given = std::max<int64_t>(0, given + dice_.Below(4) - 1);
  return kNow - 200 * kSecondsPerDay + given;
}

std::string Maker::VersionJson(const std::string& key) {
  const std::optional<int64_t> version = NextVersion(key);
  if (!version.has_value()) return dice_.OneIn(2) ? "" : ",\"created_at\":null";
  return ",\"created_at\":" + InstantJson(*version);
}

void Append(const std::string& key, const std::string& value, std::string* json) {
  if (!value.empty()) *json += "," + Quoted(key) + ":" + value;
}

std::string Maker::CustomerJson(const std::string& id) {
  std::string json = "{\"customer_id\":" + (id == "7" && dice_.OneIn(2) ? id : Quoted(id));
  Append("name", Attribute({"Ann", "Bob \\ \"B\"", "Zo\u00eb"}), &json);
  Append("email", Attribute({"ann@example.com", "a@b@c", "nobody", "\u00e4@x"}), &json);
  if (!dice_.OneIn(4)) Append("signup_date", InstantJson(Instant()), &json);
  Append("country", Attribute(kCountries), &json);
  Append("customer_segment", Attribute(kSegments), &json);
  Append("acquisition_source", Attribute(kSources), &json);
  Append("active", dice_.Of<std::string>({"", "0", "1", "true", "false", "null"}), &json);
  json += VersionJson("customers " + id);
  if (dice_.OneIn(5)) json += ",\"extra\":{\"customer_id\":[1,2]}";
  return json + "}";
}

std::string Maker::SaleJson(const Sale& sale) {
  std::string json = "{\"purchase_id\":" + Quoted(sale.purchase_id) +
                     ",\"customer_id\":" + Quoted(sale.customer_id) +
                     ",\"purchase_amount\":" + sale.amount +
                     ",\"purchase_date\":" + InstantJson(sale.date);
  Append("currency", sale.currency, &json);
  Append("product_id", Attribute(kProducts), &json);
  Append("product_name", Attribute({"Book"}), &json);
  Append("product_category", Attribute(kCategories), &json);
  Append("payment_method", Attribute({"Card"}), &json);
  if (!sale.order_id.empty()) Append("order_id", Quoted(sale.order_id), &json);
  return json + VersionJson("purchases " + sale.purchase_id) + "}";
}

std::string Maker::ImportJson(const std::string& id) {
  int64_t first = Instant();
  int64_t last = dice_.OneIn(3) ? first : Instant();
  if (first > last) std::swap(first, last);
  // The version of an import is its updated_at.
  int64_t updated = std::max(last, Instant());
  if (!options_.order_matters) {
    int64_t& given = versions_["customer_clv " + id];
    given = (given * 7 + 31) % 101;
    last = std::min(last, kNow - 200);
    first = std::min(first, last);
    updated = std::max(last, kNow - 150 + given);
  }
  std::string json = "{\"customer_id\":" + Quoted(id) + ",\"total_spend\":" +
                     dice_.Of<std::string>({"500.25", "0", "\"1000000000000\"", "-20", "75"}) +
                     ",\"purchase_count\":" + dice_.Of<std::string>({"1", "5", "\"2\"", "1", "3"}) +
                     ",\"first_purchase_date\":" + InstantJson(first) +
                     ",\"last_purchase_date\":" + InstantJson(last) +
                     ",\"updated_at\":" + InstantJson(updated);
  Append("customer_segment", Attribute(kSegments), &json);
  Append("country", Attribute(kCountries), &json);
  Append("acquisition_source", Attribute(kSources), &json);
  return json + "}";
}

void Maker::AddCustomers() {
  static const std::vector<std::string> kOddIds = {"7", "\u00c4", "a,b", "C1", "c 1"};
  const int64_t count = 5 + dice_.Below(options_.max_customers - 4);
  for (int64_t i = 0; i < count; ++i) {
    const bool odd = dice_.OneIn(4) && i < static_cast<int64_t>(kOddIds.size());
    history_.customer_ids.push_back(odd ? kOddIds[static_cast<size_t>(i)]
                                        : "c" + std::to_string(i + 1));
  }
  for (const std::string& id : history_.customer_ids) {
    if (dice_.OneIn(5)) continue;
    for (int64_t versions = dice_.OneIn(3) ? 3 : 1; versions > 0; --versions) {
      Send("customers", CustomerJson(id));
      if (dice_.OneIn(6)) Send("customers", history_.rows.back().json);
    }
  }
}

void Maker::AddSales() {
  std::vector<Sale> sales;
  const int64_t count = 5 + dice_.Below(options_.max_purchases - 4);
  for (int64_t i = 0; i < count; ++i) {
    Sale sale{.purchase_id = "p" + std::to_string(i + 1),
              .customer_id = dice_.Of(history_.customer_ids),
              .amount = Amount(),
              .date = Instant()};
    if (dice_.OneIn(4)) sale.order_id = "o" + std::to_string(dice_.Below(8));
    if (dice_.OneIn(9))
      sale.currency = dice_.Of<std::string>({"\"EUR\"", "\"usd\"", "\"USD\"", "null"});
    if (!sales.empty() && dice_.OneIn(4)) {
      // A refund: of an earlier purchase (whole, part, or more than it), or of nothing known.
      const Sale& original = dice_.Of(sales);
      sale.amount = dice_.OneIn(3) && original.amount.find_first_of("-\"e") == std::string::npos &&
                            original.amount != "0"
                        ? "-" + original.amount
                        : Refund();
      if (!dice_.OneIn(4)) {
        sale.customer_id = original.customer_id;
        sale.order_id = original.order_id.empty() ? original.purchase_id : original.order_id;
        sale.date = std::max(sale.date, original.date);
      }
    }
    sales.push_back(sale);
    Send("purchases", SaleJson(sale));
    if (dice_.OneIn(8)) Send("purchases", history_.rows.back().json);
    for (; dice_.OneIn(5);) {
      // A correction of anything.
      Sale corrected = dice_.Of(sales);
      if (dice_.OneIn(3)) corrected.customer_id = dice_.Of(history_.customer_ids);
      if (dice_.OneIn(3)) corrected.amount = dice_.OneIn(3) ? Refund() : Amount();
      if (dice_.OneIn(3)) corrected.date = Instant();
      if (dice_.OneIn(4)) corrected.order_id = "o" + std::to_string(dice_.Below(8));
      if (dice_.OneIn(8)) corrected.currency = dice_.OneIn(2) ? "\"EUR\"" : "\"USD\"";
      Send("purchases", SaleJson(corrected));
    }
  }
}

void Maker::AddImports() {
  for (const std::string& id : history_.customer_ids) {
    if (!dice_.OneIn(4)) continue;
    for (int64_t versions = 1 + dice_.Below(2); versions > 0; --versions) {
      Send("customer_clv", ImportJson(id));
      if (dice_.OneIn(4)) Send("customer_clv", history_.rows.back().json);
    }
  }
}

void Maker::AddRefused() {
  static const std::vector<SentRow> kRefused = {
      {"purchases", R"({"purchase_id":"x1","customer_id":"c1","purchase_amount":1})"},
      {"purchases",
       R"({"purchase_id":"x2","customer_id":"c1","purchase_amount":"1.0000001","purchase_date":"2023-01-01"})"},
      {"purchases",
       R"({"purchase_id":"x3","customer_id":"c1","purchase_amount":1e10,"purchase_date":"2023-01-01"})"},
      {"purchases",
       R"({"purchase_id":"p1","customer_id":"c1","purchase_amount":1,"purchase_date":"2023-02-30"})"},
      {"purchases",
       R"({"purchase_id":"p1","customer_id":"","purchase_amount":true,"purchase_date":1700000000000})"},
      {"purchases",
       R"({"purchase_id":"p1","customer_id":"c1","purchase_amount":1,"purchase_date":"2024-03-20","currency":"US"})"},
      {"purchases", R"({"purchase_id":"p1","customer_id":)"},
      {"purchases", "17"},
      {"purchases", "nonsense"},
      {"customers", R"({"customer_id":"c1","active":2,"signup_date":"yesterday"})"},
      {"customers", R"({"customer_id":["c1"],"country":5.5})"},
      {"customers", R"({"name":"nobody"})"},
      {"customers", "{\"customer_id\":\"c\\u0007\"}"},
      {"customers", "null"},
      {"customer_clv",
       R"({"customer_id":"c1","total_spend":1,"purchase_count":0,"first_purchase_date":"2023-01-02","last_purchase_date":"2023-01-01","updated_at":"2023-01-03"})"},
      {"customer_clv",
       R"({"customer_id":"c1","total_spend":1,"purchase_count":1,"first_purchase_date":"2023-01-01","last_purchase_date":"2023-01-02","updated_at":"2023-01-01"})"},
      {"customer_clv", R"({"customer_id":"c1","total_spend":"1e3","purchase_count":1.0})"},
  };
  for (int64_t count = dice_.Below(8); count > 0; --count) {
    history_.rows.push_back(dice_.Of(kRefused));
  }
}

History Maker::Make() {
  AddCustomers();
  AddSales();
  AddImports();
  AddRefused();
  switch (dice_.Below(3)) {
    case 0:
      dice_.Shuffle(&history_.rows);
      break;
    case 1:
      // Nearly in order: each row at most a few places away.
      for (size_t i = 0; i + 1 < history_.rows.size(); ++i) {
        const size_t j = i + static_cast<size_t>(dice_.Below(4));
        if (j < history_.rows.size()) std::swap(history_.rows[i], history_.rows[j]);
      }
      break;
    default:
      break;
  }
  return std::move(history_);
}

bool IsObject(const std::string& json) { return json.front() == '{' && json.back() == '}'; }

}  // namespace

History RandomHistory(uint64_t seed, const HistoryOptions& options) {
  return Maker(seed, options).Make();
}

std::vector<Batch> SplitIntoBatches(const std::vector<SentRow>& rows, int64_t max_rows,
                                    Dice* dice) {
  std::vector<Batch> batches;
  int64_t room = 0;
  for (const SentRow& row : rows) {
    if (room <= 0 || batches.back().data_source != row.data_source) {
      batches.push_back({row.data_source, {}});
      room = 1 + dice->Below(max_rows);
    }
    batches.back().values.push_back(row.json);
    --room;
  }
  return batches;
}

std::string BodyOf(const Batch& batch, Dice* dice) {
  const bool all_objects = std::all_of(batch.values.begin(), batch.values.end(), IsObject);
  const int64_t form = all_objects ? dice->Below(4) : 0;
  std::string body = form == 1 ? "[" : "";
  for (size_t i = 0; i < batch.values.size(); ++i) {
    if (i > 0) body += form == 1 ? " ,\n" : form == 2 ? "" : form == 3 ? " \r\n" : "\n";
    body += batch.values[i];
  }
  if (form == 1) body += "]";
  if (form == 0 && dice->OneIn(2)) body += "\n";
  return body;
}

}  // namespace clv::properties
