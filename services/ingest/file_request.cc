#include "services/ingest/file_request.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/rpc/status_conversion.h"
#include "common/rpc/v0_reply.h"

namespace clv::ingest {
namespace {

// Names of a face's parameters, and how its errors look.
class Face {
 public:
  virtual ~Face() = default;

  virtual absl::Status Error(std::string_view parameter, std::string_view phrase) const = 0;
  virtual absl::Status UnknownDataSource(const std::string& name) const = 0;
};

class GrpcFace final : public Face {
 public:
  absl::Status Error(std::string_view parameter, std::string_view phrase) const override {
    return rpc::FieldError(parameter, phrase);
  }
  absl::Status UnknownDataSource(const std::string& name) const override {
    return absl::NotFoundError(absl::StrCat("data_source: got ", Quoted(name),
                                            ", want customers, purchases or customer_clv"));
  }
};

class V0Face final : public Face {
 public:
  absl::Status Error(std::string_view parameter, std::string_view phrase) const override {
    return FileError(400, absl::StrCat(std::string(parameter), ": ", std::string(phrase)));
  }
  // Names of unknown data sources are cut: they come from outside.
  absl::Status UnknownDataSource(const std::string& name) const override {
    const std::string valid = ToValidUtf8(name);
    return rpc::V0Error(
        absl::StatusCode::kNotFound, 404,
        absl::StrCat("Data Source \"", std::string(CutUtf8(valid, 128)), "\" does not exist"),
        "files");
  }
};

std::string GotAndWant(const std::string& got, const std::string& want) {
  return absl::StrCat("got ", Quoted(got), ", want ", want);
}

absl::StatusOr<domain::DataSource> FindDataSource(const Face& face, const rpc::CallContext& call,
                                                  const std::string& name) {
  const std::optional<domain::DataSource> data_source = domain::DataSourceOfName(name);
  if (!data_source) return face.UnknownDataSource(name);
  CLV_RETURN_IF_ERROR(call.RequireAnyOf({absl::StrCat("DATASOURCES:APPEND:", name)}));
  return *data_source;
}

// `condition` empty: none.
absl::Status SetCondition(const Face& face, const std::string& condition, FileRequest& request) {
  if (condition.empty()) return absl::OkStatus();
  constexpr char kName[] = "replace_condition";
  if (!request.replaces)
    return face.Error(kName, "got a condition, want none without mode=replace");
  absl::StatusOr<domain::RowCondition> parsed =
      domain::ParseRowCondition(request.data_source, condition);
  if (!parsed.ok()) return face.Error(kName, std::string(parsed.status().message()));
  request.replace_condition = *std::move(parsed);
  return absl::OkStatus();
}

// One character of a dialect; absent when there is none.
absl::StatusOr<std::optional<char>> DialectCharacter(const Face& face, const std::string& name,
                                                     const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text == "\\t") return '\t';
  const bool is_character = text.size() == 1 && static_cast<unsigned char>(text[0]) < 0x80;
  if (!is_character || text[0] == '"' || text[0] == '\n' || text[0] == '\r' || text[0] == '\0') {
    return face.Error(name, GotAndWant(text, "one ASCII character other than a quote or line end"));
  }
  return text[0];
}

// Quotes are doubled anyway.
absl::StatusOr<std::optional<char>> EscapeCharacter(const Face& face, const std::string& name,
                                                    const std::string& text) {
  if (text == "\"") return std::nullopt;
  return DialectCharacter(face, name, text);
}

absl::Status CheckDialect(const Face& face, const std::string& escape_name, const CsvFormat& csv) {
  if (!csv.escape || csv.escape != csv.delimiter) return absl::OkStatus();
  return face.Error(
      escape_name, GotAndWant(std::string(1, *csv.escape), "another character than the delimiter"));
}

absl::Status SetLineEnd(const Face& face, const std::string& text, CsvFormat& csv) {
  if (text.empty() || text == "\n" || text == "\r\n" || text == "\\n" || text == "\\r\\n") {
    return absl::OkStatus();
  }
  if (text != "\r" && text != "\\r") {
    return face.Error("dialect_new_line", GotAndWant(text, "\\n, \\r\\n or \\r"));
  }
  csv.line_end = '\r';
  return absl::OkStatus();
}

absl::Status SetMode(const Face& face, const std::string& mode, FileRequest& request) {
  if (!mode.empty() && mode != "append" && mode != "replace") {
    return face.Error("mode", GotAndWant(mode, "append or replace"));
  }
  request.replaces = mode == "replace";
  return absl::OkStatus();
}

absl::Status SetFormat(const Face& face, const std::string& format, FileRequest& request) {
  if (format == "ndjson" || format == "json") {
    request.kind = FileKind::kJson;
  } else if (!format.empty() && format != "csv") {
    return face.Error("format", GotAndWant(format, "csv or ndjson"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FileRequest> ReadImportRequest(const rpc::CallContext& call,
                                              const v1::ImportFileRequest& first) {
  const GrpcFace face;
  FileRequest request{.waits = first.wait()};
  CLV_ASSIGN_OR_RETURN(request.data_source, FindDataSource(face, call, first.data_source()));
  if (!v1::ImportMode_IsValid(first.mode())) {
    return face.Error("mode", "got an unknown mode, want append or replace");
  }
  if (!v1::FileFormat_IsValid(first.format())) {
    return face.Error("format", "got an unknown format, want csv or ndjson");
  }
  request.replaces = first.mode() == v1::IMPORT_MODE_REPLACE;
  if (first.format() == v1::FILE_FORMAT_NDJSON) request.kind = FileKind::kJson;
  CLV_RETURN_IF_ERROR(SetCondition(face, first.replace_condition(), request));
  CLV_ASSIGN_OR_RETURN(request.csv.delimiter,
                       DialectCharacter(face, "delimiter", first.delimiter()));
  CLV_ASSIGN_OR_RETURN(request.csv.escape,
                       EscapeCharacter(face, "escape_character", first.escape_character()));
  CLV_RETURN_IF_ERROR(CheckDialect(face, "escape_character", request.csv));
  if (!first.compression().empty()) {
    request.body.compression = CompressionOfEncoding(first.compression());
    if (!request.body.compression) {
      return face.Error("compression", GotAndWant(first.compression(), "gzip, zstd or nothing"));
    }
  }
  request.body.content_encoding = call.content_encoding();
  request.body.content_type = first.body().content_type();
  return request;
}

absl::StatusOr<FileRequest> ReadAppendRequest(const rpc::CallContext& call,
                                              const std::string& content_type) {
  const V0Face face;
  const auto parameter = [&](const char* name) {
    return call.parameters().Last(name).value_or("");
  };
  const std::string name = parameter("name");
  if (name.empty()) {
    return face.Error("name",
                      "got nothing, want a data source (customers, purchases or customer_clv)");
  }
  FileRequest request{.waits = true};
  CLV_ASSIGN_OR_RETURN(request.data_source, FindDataSource(face, call, name));
  if (!parameter("url").empty()) {
    return face.Error("url", "files are not fetched, want the file itself in the body");
  }
  CLV_RETURN_IF_ERROR(SetMode(face, parameter("mode"), request));
  CLV_RETURN_IF_ERROR(SetFormat(face, parameter("format"), request));
  CLV_RETURN_IF_ERROR(SetCondition(face, parameter("replace_condition"), request));
  CLV_ASSIGN_OR_RETURN(request.csv.delimiter,
                       DialectCharacter(face, "dialect_delimiter", parameter("dialect_delimiter")));
  CLV_ASSIGN_OR_RETURN(request.csv.escape, EscapeCharacter(face, "dialect_escapechar",
                                                           parameter("dialect_escapechar")));
  CLV_RETURN_IF_ERROR(CheckDialect(face, "dialect_escapechar", request.csv));
  CLV_RETURN_IF_ERROR(SetLineEnd(face, parameter("dialect_new_line"), request.csv));
  request.body.content_encoding = call.content_encoding();
  request.body.content_type = content_type;
  return request;
}

}  // namespace clv::ingest
