#include "common/base/csv_parser.h"

#include <algorithm>
#include <array>

namespace clv {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr char kQuote = '"';

}  // namespace

void CsvParser::Feed(std::string_view piece) {
  buffer_.erase(0, position_);
  position_ = 0;
  buffer_.append(piece);
}

const CsvRecord* CsvParser::Next() {
  while (SkipMark() && FinishSkippedLine()) {
    const size_t rest = buffer_.size() - position_;
    if (rest == 0 || (!ended_ && rest < wanted_)) return nullptr;
    switch (ParseRecord()) {
      case Parsed::kRecord:
        wanted_ = 0;
        if (record_.text.empty()) continue;
        return &record_;
      case Parsed::kNeedsMore:
        // The next try begins at the record's beginning again: it waits for twice as much, so that
        // small pieces do not make it quadratic.
        wanted_ = std::min(2 * rest, dialect_.max_record_bytes + 1);
        return nullptr;
      case Parsed::kUnclosedQuote:
        RefuseLine(CsvRecord::Kind::kUnclosedQuote);
        return &record_;
      case Parsed::kTooLong:
        RefuseLine(CsvRecord::Kind::kTooLong);
        return &record_;
    }
  }
  return nullptr;
}

bool CsvParser::SkipMark() {
  if (begun_) return true;
  const std::string_view begin = std::string_view(buffer_).substr(0, kByteOrderMark.size());
  if (!ended_ && begin.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(begin)) {
    return false;
  }
  if (begin == kByteOrderMark) position_ = kByteOrderMark.size();
  begun_ = true;
  return true;
}

bool CsvParser::FinishSkippedLine() {
  if (!is_skipping_) return true;
  const size_t end = buffer_.find(dialect_.line_end, position_);
  is_skipping_ = end == std::string::npos;
  position_ = is_skipping_ ? buffer_.size() : end + 1;
  return !is_skipping_;
}

CsvParser::Parsed CsvParser::ParseRecord() {
  spans_.clear();
  scratch_.clear();
  at_ = position_;
  const size_t longest = position_ + dialect_.max_record_bytes + 1;
  limit_ = std::min(buffer_.size(), longest);
  is_cut_ = limit_ == longest;
  while (true) {
    Span span{.begin = at_};
    if (at_ < limit_ && buffer_[at_] == kQuote) {
      span = {.begin = scratch_.size(), .end = 0, .is_scratch = true};
      if (!ScanQuoted()) {
        return is_cut_ || ended_ ? Parsed::kUnclosedQuote : Parsed::kNeedsMore;
      }
    }
    const bool found = ScanUnquoted(span);
    spans_.push_back(span);
    if (!found) {
      if (is_cut_) return Parsed::kTooLong;
      if (!ended_) return Parsed::kNeedsMore;
      FinishRecord(limit_);
      position_ = limit_;
      return Parsed::kRecord;
    }
    if (buffer_[at_] == dialect_.line_end) {
      FinishRecord(at_);
      position_ = at_ + 1;
      return Parsed::kRecord;
    }
    ++at_;
  }
}

bool CsvParser::ScanQuoted() {
  ++at_;
  while (true) {
    const size_t begin = at_;
    while (at_ < limit_ && buffer_[at_] != kQuote && !IsEscape(buffer_[at_])) ++at_;
    scratch_.append(buffer_, begin, at_ - begin);
    const size_t left = limit_ - at_;
    if (left == 0) return false;
    const bool is_quote = buffer_[at_] == kQuote;
    if (left == 1) {
      // A quote at the very end of the file closes; else it may be the first of two.
      if (!is_quote || !ended_ || is_cut_) return false;
      ++at_;
      return true;
    }
    if (is_quote && buffer_[at_ + 1] != kQuote) {
      ++at_;
      return true;
    }
    scratch_ += buffer_[at_ + 1];
    at_ += 2;
  }
}

bool CsvParser::ScanUnquoted(Span& span) {
  while (true) {
    const size_t begin = at_;
    while (at_ < limit_ && buffer_[at_] != dialect_.delimiter &&
           buffer_[at_] != dialect_.line_end && !IsEscape(buffer_[at_])) {
      ++at_;
    }
    const bool is_escape = at_ < limit_ && IsEscape(buffer_[at_]);
    if (is_escape && !span.is_scratch) {
      const size_t written = span.begin;
      span = {.begin = scratch_.size(), .end = 0, .is_scratch = true};
      scratch_.append(buffer_, written, at_ - written);
    } else if (span.is_scratch) {
      scratch_.append(buffer_, begin, at_ - begin);
    }
    span.end = span.is_scratch ? scratch_.size() : at_;
    if (!is_escape) return at_ < limit_;
    if (at_ + 1 == limit_) return false;
    scratch_ += buffer_[at_ + 1];
    at_ += 2;
  }
}

void CsvParser::FinishRecord(size_t end) {
  // Behind the record's last quote, so it is part of the last field.
  if (dialect_.line_end == '\n' && end > position_ && buffer_[end - 1] == '\r') {
    --end;
    if (spans_.back().end > spans_.back().begin) --spans_.back().end;
  }
  record_.kind = CsvRecord::Kind::kRecord;
  record_.text = std::string_view(buffer_).substr(position_, end - position_);
  record_.fields.clear();
  for (const Span& span : spans_) {
    const std::string_view whole = span.is_scratch ? scratch_ : buffer_;
    record_.fields.push_back(whole.substr(span.begin, span.end - span.begin));
  }
}

void CsvParser::RefuseLine(CsvRecord::Kind kind) {
  const size_t cut = std::min(limit_, position_ + dialect_.max_record_bytes);
  size_t end = buffer_.find(dialect_.line_end, position_);
  size_t next = end + 1;
  if (end >= cut) {
    end = cut;
    next = cut;
    is_skipping_ = true;
  }
  record_.kind = kind;
  record_.fields.clear();
  record_.text = std::string_view(buffer_).substr(position_, end - position_);
  if (dialect_.line_end == '\n' && record_.text.ends_with('\r')) record_.text.remove_suffix(1);
  position_ = next;
  wanted_ = 0;
}

char DetectCsvDelimiter(std::string_view line) {
  constexpr std::array<char, 4> kDelimiters = {',', ';', '\t', '|'};
  std::array<size_t, kDelimiters.size()> counts{};
  bool is_quoted = false;
  for (const char c : line) {
    if (c == kQuote) is_quoted = !is_quoted;
    if (is_quoted) continue;
    for (size_t i = 0; i < kDelimiters.size(); ++i) counts[i] += c == kDelimiters[i] ? 1 : 0;
  }
  return kDelimiters[std::max_element(counts.begin(), counts.end()) - counts.begin()];
}

}  // namespace clv
