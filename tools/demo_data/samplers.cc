#include "tools/demo_data/samplers.h"

#include <algorithm>
#include <cmath>

#include "tools/demo_data/portable_math.h"

namespace clv::demo_data {

RandomStream::RandomStream(uint64_t seed, uint64_t purpose, uint64_t key)
    : state_(Mix(Mix(Mix(seed + 0x9e3779b97f4a7c15u) + purpose * 0xd1342543de82ef95u) +
                 key * 0x9e3779b97f4a7c15u)) {}

double SampleExponential(RandomStream& random) { return -Log(random.Uniform()); }

double SampleNormal(RandomStream& random) {
  // The second value of each pair is dropped: keeping it would make the stream's state depend on
  // history.
  while (true) {
    const double x = 2 * random.Uniform() - 1;
    const double y = 2 * random.Uniform() - 1;
    const double square = x * x + y * y;
    if (square < 1) {
      return x * std::sqrt(-2 * Log(square) / square);
    }
  }
}

double SampleGamma(RandomStream& random, double shape) {
  constexpr double kSmallestExponent = -700;
  if (shape < 1) {
    const double log_boost = Log(random.Uniform()) / shape;
    return SampleGamma(random, shape + 1) * Exp(std::max(log_boost, kSmallestExponent));
  }
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = SampleNormal(random);
    const double cube_root = 1 + c * x;
    if (cube_root <= 0) {
      continue;
    }
    const double v = cube_root * cube_root * cube_root;
    const double u = random.Uniform();
    const double x2 = x * x;
    if (u < 1 - 0.0331 * x2 * x2 || Log(u) < 0.5 * x2 + d * (1 - v + Log(v))) {
      return d * v;
    }
  }
}

double SampleBeta(RandomStream& random, BetaShape shape) {
  const double x = SampleGamma(random, shape.a);
  const double y = SampleGamma(random, shape.b);
  return x / (x + y);
}

int64_t SamplePoisson(RandomStream& random, double mean) {
  constexpr double kPiece = 16;
  int64_t count = 0;
  for (; mean > 0; mean -= kPiece) {
    const double limit = Exp(-std::min(mean, kPiece));
    for (double product = random.Uniform(); product > limit; product *= random.Uniform()) {
      ++count;
    }
  }
  return count;
}

size_t SampleIndex(RandomStream& random, std::span<const double> weights) {
  double sum = 0;
  for (const double weight : weights) {
    sum += weight;
  }
  double rest = random.Uniform() * sum;
  size_t last_possible = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0) {
      continue;
    }
    last_possible = i;
    rest -= weights[i];
    if (rest < 0) {
      break;
    }
  }
  return last_possible;
}

}  // namespace clv::demo_data
