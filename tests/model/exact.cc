#include "tests/model/exact.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace clv::model {
namespace {

BigInt PowerOfTen(int64_t exponent) {
  BigInt power = 1;
  for (int64_t i = 0; i < exponent; ++i) power *= 10;
  return power;
}

bool AllDigits(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

BigInt FromDigits(const std::string& digits) {
  BigInt value = 0;
  for (char c : digits) value = value * 10 + (c - '0');
  return value;
}

// `digits` * 10^scale, to the nearest integer, ties to the even one.
BigInt ScaledHalfEven(const std::string& digits, int64_t scale) {
  if (scale >= 0) return FromDigits(digits) * PowerOfTen(scale);
  if (-scale > static_cast<int64_t>(digits.size())) return 0;  // Below one tenth.
  const BigInt divisor = PowerOfTen(-scale);
  const BigInt value = FromDigits(digits);
  BigInt quotient = value / divisor;
  const BigInt twice_rest = (value % divisor) * 2;
  if (twice_rest > divisor || (twice_rest == divisor && quotient % 2 == 1)) quotient += 1;
  return quotient;
}

}  // namespace

std::optional<BigInt> MicrosOfNumber(const std::string& json_number) {
  std::string text = json_number;
  const bool negative = text[0] == '-';
  if (negative) text.erase(0, 1);

  int64_t exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != std::string::npos) {
    std::string exponent_text = text.substr(e + 1);
    text.resize(e);
    const bool minus = exponent_text[0] == '-';
    if (minus || exponent_text[0] == '+') exponent_text.erase(0, 1);
    for (char c : exponent_text) {
      exponent = std::min<int64_t>(exponent * 10 + (c - '0'), int64_t{1} << 50);
    }
    if (minus) exponent = -exponent;
  }
  if (const size_t point = text.find('.'); point != std::string::npos) {
    exponent -= static_cast<int64_t>(text.size() - point - 1);
    text.erase(point, 1);
  }
  text.erase(0, text.find_first_not_of('0'));  // All of it when there is no other digit.
  if (text.empty()) return BigInt(0);

  const int64_t integer_digits = static_cast<int64_t>(text.size()) + exponent;
  if (integer_digits > 20) return std::nullopt;
  const BigInt micros = ScaledHalfEven(text, exponent + 6);
  return negative ? BigInt(-micros) : micros;
}

std::optional<BigInt> MicrosOfString(const std::string& text) {
  std::string integer = text;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) integer.erase(0, 1);
  std::string fraction;
  if (const size_t point = integer.find('.'); point != std::string::npos) {
    fraction = integer.substr(point + 1);
    integer.resize(point);
    if (!AllDigits(fraction)) return std::nullopt;
  }
  if (!AllDigits(integer)) return std::nullopt;
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  if (fraction.size() > 6) return std::nullopt;
  fraction.resize(6, '0');
  const BigInt micros = FromDigits(integer + fraction);
  return negative ? BigInt(-micros) : micros;
}

std::string DecimalText(const BigInt& micros) {
  const BigInt magnitude = micros < 0 ? BigInt(-micros) : micros;
  const std::string units = BigInt(magnitude / kMicros).str();
  std::string fraction = BigInt(magnitude % kMicros + kMicros).str().substr(1);  // Six digits.
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  std::string text = micros < 0 ? "-" : "";
  text += units;
  if (!fraction.empty()) text += "." + fraction;
  return text;
}

double ToDouble(const Ratio& value) {
  const BigReal quotient = BigReal(boost::multiprecision::numerator(value)) /
                           BigReal(boost::multiprecision::denominator(value));
  return quotient.convert_to<double>();
}

Cell Amount(const BigInt& micros) { return Cell::Decimal(DecimalText(micros)); }

Cell Amount(const std::optional<BigInt>& micros) {
  return micros.has_value() ? Amount(*micros) : Cell();
}

Cell Days(const std::optional<Ratio>& days) {
  return days.has_value() ? Cell::Real(ToDouble(*days)) : Cell();
}

Cell Share(const BigInt& numerator, const BigInt& denominator) {
  return denominator > 0 ? Cell::Real(ToDouble(Ratio(numerator, denominator))) : Cell();
}

Cell MeanAmount(const BigInt& micros, const BigInt& count) {
  return Share(micros, count * kMicros);
}

Cell MeanDays(const BigInt& seconds, const BigInt& count) {
  return Share(seconds, count * kSecondsPerDay);
}

}  // namespace clv::model
