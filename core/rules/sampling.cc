#include "core/rules/sampling.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace core::rules {
namespace {

class SipHash {
 public:
  void add(unsigned char byte) noexcept {
    word_ |= std::uint64_t{byte} << (8 * (count_ % 8));
    if (++count_ % 8 == 0) compress();
  }
  std::uint64_t finish() noexcept {
    word_ |= count_ << 56;
    compress();
    v2_ ^= 0xFF;
    for (int i = 0; i < 4; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void compress() noexcept {
    v3_ ^= word_;
    round();
    round();
    v0_ ^= word_;
    word_ = 0;
  }
  void round() noexcept {
    v0_ += v1_;
    v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_;
    v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }
  static constexpr std::uint64_t kKey0 = 0x0706050403020100, kKey1 = 0x0F0E0D0C0B0A0908;
  std::uint64_t v0_ = 0x736F6D6570736575 ^ kKey0, v1_ = 0x646F72616E646F6D ^ kKey1;
  std::uint64_t v2_ = 0x6C7967656E657261 ^ kKey0, v3_ = 0x7465646279746573 ^ kKey1;
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
