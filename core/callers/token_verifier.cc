#include "core/callers/token_verifier.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace core::callers {
namespace {

/// Of a counter that one thread writes.
void bump(std::atomic<std::uint64_t>& counter) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

bool same_keys(const KeyTable* a, const KeyTable* b) noexcept {
  if (a == nullptr || b == nullptr) return a == b;
  return std::equal(a->begin(), a->end(), b->begin(), b->end(),
                    [](const KeySlot& x, const KeySlot& y) { return x.keys == y.keys; });
}

}  // namespace

TokenVerifier::TokenVerifier(const Options& options) : options_(options) {}

std::size_t TokenVerifier::bucket_count(const Options& options) noexcept {
  if (options.remembered_max == 0) return 0;
  return std::bit_ceil((options.remembered_max + kEntriesPerBucket - 1) / kEntriesPerBucket);
}

std::size_t TokenVerifier::bytes(const Options& options) noexcept {
  return bucket_count(options) * sizeof(Bucket) + TokenReader::bytes(options.token_bytes_max);
}

void TokenVerifier::adopt(std::shared_ptr<const KeyTable> keys) {
  if (keys != nullptr && !keys->empty() && reader_ == nullptr) {
    reader_ = std::make_unique<TokenReader>(options_.token_bytes_max);
    buckets_.resize(bucket_count(options_));
  }
  if (!same_keys(keys_.get(), keys.get())) forget();
  keys_ = std::move(keys);
}

void TokenVerifier::forget() noexcept {
  for (Bucket& bucket : buckets_) bucket = {};
}

TokenFault TokenVerifier::verify(std::string_view text, const TokenPolicy& policy,
                                 std::int64_t now_s, Token& token) noexcept {
  blames_caller_ = true;
  if (const TokenFault fault = reader_->read(text, token); fault != TokenFault::kNone) return fault;
  const KeySlot& slot = (*keys_)[policy.slot(token.version)];
  if (slot.keys == nullptr) {
    blames_caller_ = false;
    return TokenFault::kNoKeys;
  }
  // Before the signature, which is a hundred times the work of all the rest.
  if (const TokenFault fault = check_claims(token, policy, slot.keys->issuer(), now_s);
      fault != TokenFault::kNone) {
    return fault;
  }
  if (!slot.keys->has(token.key_id)) {
    blames_caller_ = slot.request == nullptr || !slot.request->want(now_s);
    return TokenFault::kUnknownKey;
  }
  return slot.keys->verify(token.key_id, token.signed_part, token.signature) ? TokenFault::kNone
                                                                             : TokenFault::kSignature;
}

TokenFault TokenVerifier::check(std::string_view text, const TokenPolicy& policy,
                                std::int64_t now_s) noexcept {
  fault_ = TokenFault::kNone;
  if (reader_ == nullptr || keys_ == nullptr ||
      policy.slot(TokenVersion::kV2) >= keys_->size()) {  // nobody fetches keys here
    blames_caller_ = false;
    fault_ = TokenFault::kNoKeys;
  } else if (text.size() > options_.token_bytes_max) {
    blames_caller_ = true;
    fault_ = TokenFault::kTooLarge;
  }
  if (fault_ != TokenFault::kNone) {
    bump(counters_.faults[static_cast<std::size_t>(fault_)]);
    return fault_;
  }
  Bucket* bucket = nullptr;
  decisions::Key hash;
  if (!buckets_.empty()) {
    decisions::KeyHash sip(options_.seed);
    sip.write(text);
    hash = sip.finish();
    bucket = &buckets_[hash.low & (buckets_.size() - 1)];
    for (const Entry& entry : *bucket) {
      if (entry.policy == &policy && entry.hash == hash && now_s < entry.until_s) {
        bump(counters_.remembered);
        return TokenFault::kNone;
      }
    }
  }
  Token token;
  fault_ = verify(text, policy, now_s, token);
  if (fault_ != TokenFault::kNone) {
    bump(counters_.faults[static_cast<std::size_t>(fault_)]);
    return fault_;
  }
  bump(counters_.verified);
  if (bucket != nullptr) {
    // In place of a free one, or of the one that ends first.
    Entry& entry = *std::min_element(
        bucket->begin(), bucket->end(),
        [](const Entry& a, const Entry& b) { return a.until_s < b.until_s; });
    entry = {hash, &policy, token.expires_s + policy.skew_s};
  }
  return TokenFault::kNone;
}

}  // namespace core::callers
