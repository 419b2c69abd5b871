#include "core/rules/sampling.h"

#include <cmath>
#include <cstdint>

#include "core/sip_state.h"

namespace core::rules {
namespace {

class SipHash {
 public:
  void add(unsigned char byte) noexcept {
    word_ |= std::uint64_t{byte} << (8 * (count_ % 8));
    if (++count_ % 8 == 0) {
      state_.absorb<2>(word_);
      word_ = 0;
    }
  }
  std::uint64_t finish() noexcept {
    word_ |= count_ << 56;
    state_.absorb<2>(word_);
    state_.v2 ^= 0xFF;
    return state_.squeeze<4>();
  }

 private:
  static constexpr std::uint64_t kKey0 = 0x0706050403020100, kKey1 = 0x0F0E0D0C0B0A0908;
  SipState state_{kKey0, kKey1};
  std::uint64_t word_ = 0, count_ = 0;
};

}  // namespace

double share_of(std::string_view salt, std::string_view value) noexcept {
  SipHash hash;
  for (const char c : salt) hash.add(static_cast<unsigned char>(c));
  hash.add(0);
  for (const char c : value) hash.add(static_cast<unsigned char>(c));
  return std::ldexp(static_cast<double>(hash.finish() >> 11), -53);
}

}  // namespace core::rules
