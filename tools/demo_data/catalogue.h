// tools/demo_data/catalogue.h: the fixed inventory of the demo shop: segments, countries, names,
// products.
//
// Everything here is immutable after its first use and thread-safe.
#ifndef CLV_TOOLS_DEMO_DATA_CATALOGUE_H_
#define CLV_TOOLS_DEMO_DATA_CATALOGUE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tools/demo_data/purchase_process.h"

namespace clv::demo_data {

constexpr size_t kSourceCount = 7;

// A customer segment: its share of all customers, how its customers behave and where they come
// from.
struct Segment {
  std::string_view name;
  double weight;
  BehaviourParams behaviour;
  double source_weights[kSourceCount];  // aligned with Sources()
};

struct Country {
  std::string_view name;
  double weight;
  std::string_view currency;
  std::string_view given_names[8];
  std::string_view family_names[8];
};

struct Product {
  std::string id;
  std::string name;
  std::string_view category;
};

std::span<const Segment> Segments();
std::span<const std::string_view> Sources();
std::span<const Country> Countries();
std::span<const std::string_view> PaymentMethods();

// Weights of Segments(), Countries() and PaymentMethods(), for SampleIndex.
std::span<const double> SegmentWeights();
std::span<const double> CountryWeights();
std::span<const double> PaymentMethodWeights();

constexpr size_t kCategoryCount = 10;
constexpr size_t kProductsPerCategory = 8;  // in each of the price tiers

// A product of a category (0 .. kCategoryCount - 1), one of kProductsPerCategory, in the tier of
// its price.
const Product& ProductAt(size_t category, size_t position, int64_t amount_cents);

// Lower-case ASCII form of a name for an e-mail address: accents dropped, German umlauts spelled
// out, everything that is no letter removed.
std::string EmailPart(std::string_view name);

}  // namespace clv::demo_data

#endif  // CLV_TOOLS_DEMO_DATA_CATALOGUE_H_
