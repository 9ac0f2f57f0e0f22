#include "services/query/projection/question_key.h"

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/byte_codec.h"

namespace clv::query {
namespace {

void Write(const std::vector<std::string>& texts, ByteWriter* key) {
  key->Number(texts.size());
  for (const std::string& text : texts) key->Text(text);
}

template <typename Number>
void Write(const std::optional<Number>& number, ByteWriter* key) {
  key->Byte(number ? 1 : 0);
  if (number) key->Signed(static_cast<uint64_t>(*number));
}

void Write(double number, ByteWriter* key) { key->Number(std::bit_cast<uint64_t>(number)); }

template <typename Enum>
void WriteEnum(Enum value, ByteWriter* key) {
  key->Number(static_cast<uint64_t>(value));
}

void Write(const storage::ReportScope& scope, ByteWriter* key) {
  Write(scope.filters.country, key);
  Write(scope.filters.customer_segment, key);
  Write(scope.filters.acquisition_source, key);
  Write(scope.as_of_seconds, key);
  key->Byte(scope.window ? 1 : 0);
  if (scope.window) {
    Write(scope.window->start, key);
    Write(scope.window->end, key);
  }
  Write(scope.range.limit, key);
  key->Number(scope.range.offset);
}

}  // namespace

std::string KeyOf(const storage::ReportScope& scope) {
  ByteWriter key;
  Write(scope, &key);
  return key.Take();
}

std::string KeyOf(const storage::SegmentQuery& query) { return KeyOf(query.scope); }

std::string KeyOf(const storage::RetentionQuery& query) {
  ByteWriter key;
  Write(query.scope, &key);
  WriteEnum(query.granularity, &key);
  WriteEnum(query.cohort_by, &key);
  key.Number(query.periods);
  WriteEnum(query.retention, &key);
  return key.Take();
}

std::string KeyOf(const storage::FrequencyQuery& query) {
  ByteWriter key;
  Write(query.scope, &key);
  for (const uint32_t bound : query.buckets) key.Number(bound);
  return key.Take();
}

std::string KeyOf(const storage::PredictionQuery& query) {
  ByteWriter key;
  Write(query.scope, &key);
  Write(query.customer_ids, &key);
  key.Number(query.horizon_days);
  Write(query.discount_rate, &key);
  Write(query.margin, &key);
  WriteEnum(query.model, &key);
  Write(query.interval, &key);
  Write(query.min_p_alive, &key);
  return key.Take();
}

std::string KeyOf(const storage::SegmentationQuery& query) {
  ByteWriter key;
  Write(query.scope, &key);
  Write(query.rfm_segments, &key);
  return key.Take();
}

std::string KeyOf(const storage::CustomerValueQuery& query) {
  ByteWriter key;
  Write(query.scope, &key);
  Write(query.customer_ids, &key);
  WriteEnum(query.sort, &key);
  return key.Take();
}

}  // namespace clv::query
