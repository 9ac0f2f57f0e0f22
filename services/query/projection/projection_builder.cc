#include "services/query/projection/projection_builder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "services/query/projection/projected_orders.h"

namespace clv::query {
namespace {

// Orders wait until their blocks are packed, so that a block is packed once for many customers.
constexpr size_t kMostPendingBlocks = 1'024;

std::shared_ptr<IdTable> TableFor(const ProjectionVersion& version, size_t capacity) {
  auto table = std::make_shared<IdTable>(capacity);
  for (uint32_t number = 0; number < version.customers; ++number) {
    table->Add(version.IdOf(number), number);
  }
  return table;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ProjectionVersion>> ProjectionBuilder::Advance(
    storage::ProjectionReading& reading) {
  if (version_ != nullptr && version_->last_change == reading.last_change() &&
      version_->folded_position == reading.folded_position() &&
      version_->reporting_currency == reading.reporting_currency()) {
    return version_;
  }
  absl::Status status = absl::OutOfRangeError("");
  if (version_ != nullptr && version_->reporting_currency == reading.reporting_currency()) {
    status = Catch(reading);
  }
  if (absl::IsOutOfRange(status)) status = Load(reading);
  if (!status.ok()) {
    pending_.clear();
    version_.reset();
    next_.reset();
    return status;
  }
  Finish(reading);
  return version_;
}

void ProjectionBuilder::BeginNext() {
  if (version_ == nullptr) {
    next_ = std::make_shared<ProjectionVersion>();
    texts_ = std::make_shared<ProjectionTexts>();
    texts_->categories.Append("");
    ids_ = std::make_shared<IdTable>(kChunkCustomers);
    attribute_sets_.clear();
    categories_.clear();
  } else {
    next_ = std::make_shared<ProjectionVersion>(*version_);
  }
  pending_.clear();
  open_.assign(next_->chunks.size(), nullptr);
}

absl::Status ProjectionBuilder::Load(storage::ProjectionReading& reading) {
  version_.reset();
  BeginNext();
  return reading.ScanFrom(
      0,
      [&](const storage::ProjectedFacts& facts) {
        Put(facts);
        return absl::OkStatus();
      },
      [](std::string_view /*customer_id*/) { return absl::OkStatus(); });
}

absl::Status ProjectionBuilder::Catch(storage::ProjectionReading& reading) {
  BeginNext();
  CLV_ASSIGN_OR_RETURN(const std::optional<std::vector<std::string>> changed,
                       reading.ChangedAfter(version_->last_change));
  return changed ? ApplyNamed(reading, *changed) : ApplyScanned(reading);
}

absl::Status ProjectionBuilder::ApplyNamed(storage::ProjectionReading& reading,
                                           const std::vector<std::string>& customer_ids) {
  for (const std::string& id : customer_ids) {
    CLV_ASSIGN_OR_RETURN(const bool is_there,
                         reading.Find(id, [&](const storage::ProjectedFacts& facts) {
                           Put(facts);
                           return absl::OkStatus();
                         }));
    if (is_there) continue;
    if (const std::optional<uint32_t> number = NumberOf(id)) Remove(*number);
  }
  return absl::OkStatus();
}

absl::Status ProjectionBuilder::ApplyScanned(storage::ProjectionReading& reading) {
  uint32_t known_before = 0;
  for (size_t c = 0; c < version_->chunks.size(); ++c) {
    const CustomerChunk& chunk = *version_->chunks[c];
    known_before += static_cast<uint32_t>(
        std::count(chunk.known.begin(), chunk.known.begin() + version_->SizeOf(c), 1));
  }
  uint32_t still_there = 0;
  const auto count = [&](std::string_view id) {
    if (version_->Find(id)) ++still_there;
  };
  CLV_RETURN_IF_ERROR(reading.ScanFrom(
      version_->folded_position,
      [&](const storage::ProjectedFacts& facts) {
        count(facts.value.customer_id);
        Put(facts);
        return absl::OkStatus();
      },
      [&](std::string_view id) {
        count(id);
        return absl::OkStatus();
      }));
  if (still_there < known_before) {
    // They may have been erased: their ids are not to stay in memory either.
    return absl::OutOfRangeError("customers have vanished");
  }
  return absl::OkStatus();
}

void ProjectionBuilder::Finish(const storage::ProjectionReading& reading) {
  PackOrders();
  next_->folded_position = reading.folded_position();
  next_->last_change = reading.last_change();
  next_->reporting_currency = reading.reporting_currency();
  next_->horizon_seconds = reading.horizon_seconds();
  next_->attribute_sets = static_cast<uint32_t>(texts_->attribute_sets.size());
  next_->texts = texts_;
  next_->ids = ids_;
  version_ = std::move(next_);
}

std::optional<uint32_t> ProjectionBuilder::NumberOf(std::string_view customer_id) const {
  return ids_->Find(customer_id, next_->customers,
                    [&](uint32_t number) { return next_->IdOf(number) == customer_id; });
}

uint32_t ProjectionBuilder::GiveNumber(std::string_view customer_id) {
  const uint32_t number = next_->customers;
  if (number % kChunkCustomers == 0) {
    auto chunk = std::make_shared<CustomerChunk>();
    open_.push_back(chunk.get());
    next_->chunks.push_back(std::move(chunk));
  }
  CustomerChunk& chunk = Open(number / kChunkCustomers);
  const size_t i = number % kChunkCustomers;
  const std::string_view id = texts_->ids.Keep(customer_id);
  chunk.id[i] = id.data();
  chunk.id_size[i] = static_cast<uint16_t>(id.size());
  if (number == ids_->capacity()) ids_ = TableFor(*next_, size_t{number} * 2);
  ids_->Add(id, number);
  ++next_->customers;
  return number;
}

CustomerChunk& ProjectionBuilder::Open(size_t chunk) {
  if (open_[chunk] == nullptr) {
    auto copy = std::make_shared<CustomerChunk>(*next_->chunks[chunk]);
    open_[chunk] = copy.get();
    next_->chunks[chunk] = std::move(copy);
  }
  return *open_[chunk];
}

uint32_t ProjectionBuilder::AttributeSetOf(const domain::CustomerAttributes& attributes) {
  const std::string key =
      absl::StrCat(attributes.country, absl::string_view("\0", 1), attributes.customer_segment,
                   absl::string_view("\0", 1), attributes.acquisition_source);
  const auto [entry, is_new] = attribute_sets_.try_emplace(key, 0);
  if (is_new) entry->second = static_cast<uint32_t>(texts_->attribute_sets.Append(attributes));
  return entry->second;
}

uint32_t ProjectionBuilder::CategoryOf(std::string_view text) {
  if (text.empty()) return 0;
  const auto [entry, is_new] = categories_.try_emplace(std::string(text), 0);
  if (is_new) entry->second = static_cast<uint32_t>(texts_->categories.Append(std::string(text)));
  return entry->second;
}

void ProjectionBuilder::Put(const storage::ProjectedFacts& facts) {
  const std::optional<uint32_t> known = NumberOf(facts.value.customer_id);
  const uint32_t number = known ? *known : GiveNumber(facts.value.customer_id);
  CustomerChunk& chunk = Open(number / kChunkCustomers);
  const size_t i = number % kChunkCustomers;
  OrdersOfCustomer projected = ProjectOrders(facts);
  PutColumns(facts, chunk, i);
  PutRare(chunk, i, std::move(projected.rare));
  PutOrders(number, std::move(projected.orders));
}

void ProjectionBuilder::Remove(uint32_t number) {
  CustomerChunk& chunk = Open(number / kChunkCustomers);
  const size_t i = number % kChunkCustomers;
  PutColumns({}, chunk, i);
  chunk.known[i] = 0;
  PutRare(chunk, i, nullptr);
  PutOrders(number, {});
}

void ProjectionBuilder::PutColumns(const storage::ProjectedFacts& facts, CustomerChunk& chunk,
                                   size_t i) {
  const domain::CustomerSummary& summary = facts.value.summary;
  StateColumns& state = chunk.state;
  state.spend_micros[i] = summary.total_spend_micros;
  state.refunded_micros[i] = summary.refunded_micros;
  state.purchase_count[i] = summary.purchase_count;
  state.repeat_order_days[i] = summary.repeat_order_days;
  state.first[i] = ToInstant(summary.first_purchase_date.value_or(0));
  state.last[i] = ToInstant(summary.last_purchase_date.value_or(0));
  state.visible_rows[i] =
      static_cast<uint32_t>(std::min<int64_t>(summary.visible_rows, UINT32_MAX));
  state.imported[i] = facts.imported.has_value();
  chunk.known[i] = 1;
  chunk.described[i] = facts.value.described;
  chunk.attributes[i] = AttributeSetOf(facts.value.attributes);
  chunk.signup[i] = ToInstant(facts.value.signup_date);
  chunk.updated_at[i] = ToInstant(facts.value.updated_at);
  chunk.distinct_products[i] = static_cast<uint32_t>(facts.purchases.products.distinct_products);
  chunk.favorite_category[i] = CategoryOf(facts.purchases.products.favorite_category);
}

void ProjectionBuilder::PutRare(CustomerChunk& chunk, size_t i,
                                std::shared_ptr<const RareFacts> rare) {
  const auto at = std::lower_bound(chunk.rare.begin(), chunk.rare.end(), i,
                                   [](const auto& entry, size_t key) { return entry.first < key; });
  const bool is_there = at != chunk.rare.end() && at->first == i;
  if (is_there) chunk.unconverted_rows -= at->second->unconverted_dates.size();
  if (rare != nullptr) chunk.unconverted_rows += rare->unconverted_dates.size();
  if (is_there && rare != nullptr) {
    at->second = std::move(rare);
  } else if (is_there) {
    chunk.rare.erase(at);
  } else if (rare != nullptr) {
    chunk.rare.emplace(at, static_cast<uint16_t>(i), std::move(rare));
  }
}

void ProjectionBuilder::PutOrders(uint32_t number, std::vector<ProjectedOrder> orders) {
  pending_[number / kBlockCustomers].emplace_back(number % kBlockCustomers, std::move(orders));
  if (pending_.size() >= kMostPendingBlocks) PackOrders();
}

void ProjectionBuilder::PackOrders() {
  for (auto& [block, changes] : pending_) {
    CustomerChunk& chunk = Open(block / kChunkBlocks);
    std::shared_ptr<const OrderBlock>& packed = chunk.orders[block % kChunkBlocks];
    OrderBlock::Orders orders;
    if (packed != nullptr) {
      for (size_t i = 0; i < kBlockCustomers; ++i) orders[i] = packed->OrdersOf(i);
    }
    for (auto& [i, of_customer] : changes) orders[i] = std::move(of_customer);
    packed = std::make_shared<const OrderBlock>(orders);
  }
  pending_.clear();
}

}  // namespace clv::query
