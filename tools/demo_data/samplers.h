// tools/demo_data/samplers.h: random numbers that are the same on every machine.
//
// The standard library leaves the algorithms of its distributions open, so the same seed gives
// other values elsewhere. Here each sampler fixes its algorithm and uses portable_math.h. Nothing
// here is thread-safe on one stream; any number of streams may be used at once.
#ifndef CLV_TOOLS_DEMO_DATA_SAMPLERS_H_
#define CLV_TOOLS_DEMO_DATA_SAMPLERS_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace clv::demo_data {

// An endless stream of random bits named by (seed, purpose, key): streams of different names are
// independent, so any customer or row can be generated alone, in any order. SplitMix64 (Steele, Lea
// & Flood 2014), started at a hash of the name. Copying a stream forks it: both copies go on with
// the same values.
class RandomStream {
 public:
  RandomStream(uint64_t seed, uint64_t purpose, uint64_t key);

  // 64 random bits.
  uint64_t NextBits() {
    state_ += 0x9e3779b97f4a7c15u;
    return Mix(state_);
  }

  // Uniform strictly inside (0, 1), a multiple of 2^-53.
  double Uniform() { return (static_cast<double>(NextBits() >> 12) + 0.5) * 0x1p-52; }

  // Uniform in 0 .. bound - 1, for 1 <= bound <= 2^32. Its bias is below 2^-32.
  uint64_t Below(uint64_t bound) { return ((NextBits() >> 32) * bound) >> 32; }

  // True with the given probability; always false at 0, always true at 1. Takes one value from the
  // stream.
  bool Chance(double probability) { return Uniform() < probability; }

 private:
  static uint64_t Mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

// Exponential with mean 1.
double SampleExponential(RandomStream& random);

// Normal with mean 0 and variance 1 (Marsaglia's polar method).
double SampleNormal(RandomStream& random);

// Gamma with the given shape > 0 and scale 1, so mean = variance = shape (Marsaglia & Tsang 2000;
// for shapes below 1 boosted by a power of a uniform). May be as small as the smallest normal
// number, never 0.
double SampleGamma(RandomStream& random, double shape);

// The two positive parameters of a beta distribution; its mean is a / (a + b).
struct BetaShape {
  double a;
  double b;
};

// Beta by two gammas. Inside [0, 1].
double SampleBeta(RandomStream& random, BetaShape shape);

// Poisson with the given mean >= 0 (Knuth's products, in pieces of 16: time grows with the mean).
int64_t SamplePoisson(RandomStream& random, double mean);

// Index i with probability weights[i] / sum of weights. `weights` must not be empty, none negative,
// not all 0.
size_t SampleIndex(RandomStream& random, std::span<const double> weights);

}  // namespace clv::demo_data

#endif  // CLV_TOOLS_DEMO_DATA_SAMPLERS_H_
