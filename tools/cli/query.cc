#include "tools/cli/query.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "simdjson.h"
#include "tools/cli/server_json.h"
#include "tools/cli/text_format.h"

namespace clv::cli {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kLongestQueryString = 6000;  // servers and proxies stop at 8 KiB of target

bool IsNumberType(std::string_view type) {
  constexpr std::string_view kNullable = "Nullable(";
  if (type.starts_with(kNullable)) {
    type.remove_prefix(kNullable.size());
  }
  return type.starts_with("UInt") || type.starts_with("Int") || type.starts_with("Float") ||
         type.starts_with("Decimal");
}

std::optional<std::string> CellOf(ondemand::value value) {
  switch (value.type()) {
    case ondemand::json_type::null:
      return std::nullopt;
    case ondemand::json_type::string:
      return std::string(std::string_view(value.get_string()));
    default: {
      std::string text(std::string_view(simdjson::to_json_string(value)));
      text.erase(text.find_last_not_of(" \t\r\n") + 1);
      return text;
    }
  }
}

std::vector<TableColumn> ColumnsOf(ondemand::array meta) {
  std::vector<TableColumn> columns;
  for (ondemand::object column : meta) {
    TableColumn parsed;
    parsed.name = std::string(std::string_view(column["name"]));
    parsed.is_number = IsNumberType(std::string_view(column["type"]));
    columns.push_back(std::move(parsed));
  }
  return columns;
}

std::vector<std::optional<std::string>> RowOf(ondemand::object object,
                                              const std::vector<TableColumn>& columns) {
  std::vector<std::optional<std::string>> row(columns.size());
  size_t expected = 0;  // fields come in the order of the columns
  for (ondemand::field field : object) {
    const std::string_view name = field.unescaped_key();
    size_t index = expected;
    if (index >= columns.size() || columns[index].name != name) {
      index = static_cast<size_t>(
          std::find_if(columns.begin(), columns.end(),
                       [name](const TableColumn& column) { return column.name == name; }) -
          columns.begin());
    }
    if (index < columns.size()) {
      row[index] = CellOf(field.value());
    }
    expected = index + 1;
  }
  return row;
}

void ReadContext(ondemand::object context, Report& report) {
  for (ondemand::field field : context) {
    const std::string_view name = field.unescaped_key();
    if (name == "as_of") {
      report.as_of = CellOf(field.value()).value_or("");
    } else if (name == "reporting_currency") {
      report.reporting_currency = CellOf(field.value()).value_or("");
    } else if (name == "warnings") {
      for (ondemand::value warning : field.value().get_array()) {
        report.warnings.push_back(CellOf(warning).value_or(""));
      }
    }
  }
}

Report ReadReport(const simdjson::padded_string& json) {
  ondemand::parser parser;
  ondemand::document document = parser.iterate(json);
  Report report;
  for (ondemand::field field : document.get_object()) {
    const std::string_view name = field.unescaped_key();
    if (name == "meta") {
      report.table.columns = ColumnsOf(field.value());
    } else if (name == "data") {
      for (ondemand::object row : field.value().get_array()) {
        report.table.rows.push_back(RowOf(row, report.table.columns));
      }
    } else if (name == "rows_before_limit_at_least") {
      report.rows_before_limit = uint64_t{field.value()};
    } else if (name == "context") {
      ReadContext(field.value(), report);
    }
  }
  return report;
}

absl::StatusOr<HttpResponse> Ask(const Server& server, const QueryOptions& options,
                                 std::string_view extension) {
  CLV_ASSIGN_OR_RETURN(const Parameters parameters, ParseFilters(options.filters));
  const std::string encoded = EncodeParameters(parameters);
  HttpRequest request;
  request.target =
      absl::StrCat("/v0/pipes/", PercentEncode(options.endpoint), ".", std::string(extension));
  if (encoded.size() > kLongestQueryString) {
    request.method = "POST";
    request.content_type = "application/x-www-form-urlencoded";
    request.body = encoded;
  } else if (!encoded.empty()) {
    absl::StrAppend(&request.target, "?", encoded);
  }
  HttpClient client(server);
  CLV_ASSIGN_OR_RETURN(HttpResponse response, client.Send(request));
  CLV_RETURN_IF_ERROR(StatusOfResponse(response));
  return response;
}

absl::Status Print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return absl::UnavailableError("cannot write to standard output");
  }
  return absl::OkStatus();
}

absl::Status PrintReport(const Report& report, const std::vector<std::string>& columns) {
  CLV_ASSIGN_OR_RETURN(const Table table, SelectColumns(report.table, columns));
  CLV_RETURN_IF_ERROR(Print(RenderTable(table)));
  std::string footer = Counted(table.rows.size(), "row");
  if (report.rows_before_limit.value_or(0) > table.rows.size()) {
    absl::StrAppend(&footer, " of ", WithThousands(*report.rows_before_limit));
  }
  if (!report.as_of.empty()) {
    absl::StrAppend(&footer, ", as of ", report.as_of, ", ", report.reporting_currency);
  }
  std::fprintf(stderr, "(%s)\n", footer.c_str());
  for (const std::string& warning : report.warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Parameters> ParseFilters(const std::vector<std::string>& filters) {
  Parameters parameters;
  for (const std::string& filter : filters) {
    const size_t equals = filter.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat(filter, ": want key=value"));
    }
    parameters.emplace_back(filter.substr(0, equals), filter.substr(equals + 1));
  }
  return parameters;
}

absl::StatusOr<Report> ParseReport(std::string_view json) {
  try {
    return ReadReport(simdjson::padded_string(json));
  } catch (const simdjson::simdjson_error&) {
    return absl::UnknownError("the server's answer is no report; is the URL that of a CLV suite?");
  }
}

absl::StatusOr<Table> SelectColumns(const Table& table, const std::vector<std::string>& columns) {
  if (columns.empty()) {
    return table;
  }
  Table selected;
  selected.rows.resize(table.rows.size());
  for (const std::string& name : columns) {
    const auto column = std::find_if(table.columns.begin(), table.columns.end(),
                                     [&name](const TableColumn& c) { return c.name == name; });
    if (column == table.columns.end()) {
      return absl::InvalidArgumentError(absl::StrCat("--columns: the answer has no column ", name));
    }
    const auto index = static_cast<size_t>(column - table.columns.begin());
    selected.columns.push_back(*column);
    for (size_t i = 0; i < table.rows.size(); ++i) {
      selected.rows[i].push_back(table.rows[i][index]);
    }
  }
  return selected;
}

absl::Status RunQuery(const Server& server, const QueryOptions& options) {
  constexpr std::string_view kExtensions[] = {"json", "json", "csv", "ndjson"};
  CLV_ASSIGN_OR_RETURN(const HttpResponse response,
                       Ask(server, options, kExtensions[static_cast<size_t>(options.format)]));
  if (options.format != OutputFormat::kTable) {
    const bool ends_line = response.body.ends_with('\n') || response.body.empty();
    return Print(ends_line ? response.body : response.body + "\n");
  }
  CLV_ASSIGN_OR_RETURN(const Report report, ParseReport(response.body));
  return PrintReport(report, options.columns);
}

}  // namespace clv::cli
