#ifndef CLV_TESTS_MODEL_NAIVE_MODEL_FIXTURE_H_
#define CLV_TESTS_MODEL_NAIVE_MODEL_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "tests/model/naive_model.h"

namespace clv::model {

inline constexpr int64_t kNow = 1'700'000'000;  // 2023-11-14 22:13:20

// One model, and short ways to fill and ask it.
class NaiveModelTest : public ::testing::Test {
 protected:
  using Parameters = std::multimap<std::string, std::string>;

  void Send(const std::string& data_source, const std::string& json) {
    EXPECT_THAT(model_.Send(data_source, json, kNow), ::testing::IsEmpty()) << json;
  }

  // `extra` begins with a comma.
  void Buy(const std::string& id, const std::string& customer, const std::string& amount,
           const std::string& date, const std::string& extra = "") {
    Send("purchases", R"({"purchase_id":")" + id + R"(","customer_id":")" + customer +
                          R"(","purchase_amount":)" + amount + R"(,"purchase_date":")" + date +
                          "\"" + extra + "}");
  }

  void Describe(const std::string& customer, const std::string& extra) {
    Send("customers", R"({"customer_id":")" + customer + "\"" + extra + "}");
  }

  Table Ask(const std::string& endpoint, const Parameters& parameters = {}) {
    const auto answer = model_.Query(endpoint, parameters, kNow);
    if (const auto* error = std::get_if<Error>(&answer)) {
      ADD_FAILURE() << endpoint << " refuses " << error->parameter;
      return Table();
    }
    return std::get<Table>(answer);
  }

  std::string Refused(const std::string& endpoint, const Parameters& parameters) {
    const auto answer = model_.Query(endpoint, parameters, kNow);
    return std::holds_alternative<Error>(answer) ? std::get<Error>(answer).parameter : "answered";
  }

  // The cells of one row, as text: "10|20|null".
  static std::string Cells(const Table& table, size_t row,
                           const std::vector<std::string>& columns) {
    std::string text;
    for (const std::string& column : columns) {
      text += (text.empty() ? "" : "|") + table.At(row, column).ToString();
    }
    return text;
  }

  static std::vector<std::string> Column(const Table& table, const std::string& column) {
    std::vector<std::string> texts;
    for (size_t row = 0; row < table.rows.size(); ++row) {
      texts.push_back(table.At(row, column).ToString());
    }
    return texts;
  }

  static void ExpectReal(const Table& table, size_t row, const std::string& column, double value) {
    const Cell cell = table.At(row, column);
    EXPECT_TRUE(Agree(cell, Cell::Real(value)))
        << column << " is " << cell.ToString() << ", not " << value;
  }

  NaiveModel model_;
};

}  // namespace clv::model

#endif  // CLV_TESTS_MODEL_NAIVE_MODEL_FIXTURE_H_
