#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSSE3__)
#include <immintrin.h>
#endif

/// The character classes of RFC 9110 and 9112 and the searches the readers are made of. The inner
/// loops look at 16 or 32 bytes at a time and therefore read, but do not use, up to 31 bytes behind
/// their range: every range lies in a read buffer, which has 32 bytes of padding. Thread: any.
namespace core::http {

/// A set of ASCII characters. Row r holds the characters whose low four bits are r, one bit for
/// each value of the high ones: two table look-ups decide 16 bytes at once.
class CharSet {
 public:
  constexpr explicit CharSet(std::string_view members) {
    for (const char c : members) add(static_cast<unsigned char>(c));
  }
  /// With every character from `first` to `last`, both included.
  constexpr CharSet with(unsigned char first, unsigned char last) const {
    CharSet wider = *this;
    for (unsigned c = first; c <= last; ++c) wider.add(static_cast<unsigned char>(c));
    return wider;
  }
  constexpr CharSet without(char member) const {
    CharSet narrower = *this;
    const auto c = static_cast<unsigned char>(member);
    narrower.rows_[c & 15u] &= static_cast<std::uint8_t>(~(1u << (c >> 4)));
    return narrower;
  }
  constexpr bool contains(char member) const noexcept {
    const auto c = static_cast<unsigned char>(member);
    return c < 0x80 && ((rows_[c & 15u] >> (c >> 4)) & 1u) != 0;
  }

  /// How many of the `size` bytes belong to the set, counted up to the first that does not.
  std::size_t prefix(const char* bytes, std::size_t size) const noexcept {
#if defined(__SSSE3__)
    const __m128i rows = _mm_load_si128(reinterpret_cast<const __m128i*>(rows_.data()));
    // The bit of a high half byte; none for 0x80 and above.
    const __m128i bits = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i nibble = _mm_set1_epi8(15);
    for (std::size_t at = 0; at < size; at += 16) {
      const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + at));
      const __m128i row = _mm_shuffle_epi8(rows, _mm_and_si128(text, nibble));
      const __m128i bit = _mm_shuffle_epi8(bits, _mm_and_si128(_mm_srli_epi16(text, 4), nibble));
      const __m128i outside = _mm_cmpeq_epi8(_mm_and_si128(row, bit), _mm_setzero_si128());
      const auto mask = static_cast<unsigned>(_mm_movemask_epi8(outside));
      if (mask != 0) {
        const std::size_t found = at + static_cast<unsigned>(__builtin_ctz(mask));
        return found < size ? found : size;
      }
    }
    return size;
#else
    std::size_t at = 0;
    while (at < size && contains(bytes[at])) ++at;
    return at;
#endif
  }
  bool holds_all(std::string_view text) const noexcept {
    return prefix(text.data(), text.size()) == text.size();
  }

 private:
  constexpr void add(unsigned char c) {
    rows_[c & 15u] |= static_cast<std::uint8_t>(1u << (c >> 4));
  }

  alignas(16) std::array<std::uint8_t, 16> rows_{};
};

inline constexpr CharSet kDigit = CharSet("").with('0', '9');
inline constexpr CharSet kAlphanumeric = kDigit.with('A', 'Z').with('a', 'z');
/// tchar (RFC 9110, 5.6.2)
inline constexpr CharSet kToken =
    CharSet("!#$%&'*+-.^_`|~").with('0', '9').with('A', 'Z').with('a', 'z');
/// What a request target may consist of: every visible character but the one that begins a
/// fragment, which is never sent (RFC 9112, 3.2).
inline constexpr CharSet kTarget = CharSet("").with(0x21, 0x7e).without('#');
inline constexpr CharSet kTargetPath = kTarget.without('?');

#if defined(__SSSE3__)
/// One bit for each of the 16 bytes at `at`: set for a control byte.
inline unsigned control_mask(const char* at) noexcept {
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1f)), text);
  const __m128i hit = _mm_or_si128(low, _mm_cmpeq_epi8(text, _mm_set1_epi8(0x7f)));
  return static_cast<unsigned>(_mm_movemask_epi8(hit));
}
#endif

/// The place of the first control byte (below 0x20, or 0x7f) from `from` on; `end` when none is.
inline std::size_t find_control(const char* bytes, std::size_t from, std::size_t end) noexcept {
#if defined(__SSSE3__)
  for (std::size_t at = from; at < end; at += 32) {
    const unsigned mask = control_mask(bytes + at) | control_mask(bytes + at + 16) << 16;
    if (mask != 0) {
      const std::size_t found = at + static_cast<unsigned>(__builtin_ctz(mask));
      return found < end ? found : end;
    }
  }
  return end;
#else
  std::size_t at = from;
  while (at < end && static_cast<unsigned char>(bytes[at]) >= 0x20 && bytes[at] != 0x7f) ++at;
  return at;
#endif
}

/// SP or HTAB. Nearly every byte asked about is a visible one: decided by one comparison.
constexpr bool is_blank(char c) noexcept {
  return static_cast<unsigned char>(c) <= ' ' && (c == ' ' || c == '\t');
}

/// OWS (RFC 9110, 5.6.3) taken off both ends. Needs no padding.
constexpr std::string_view trim_blanks(std::string_view text) noexcept {
  const char* first = text.data();
  const char* last = first + text.size();
  while (first != last && is_blank(*first)) ++first;
  while (first != last && is_blank(last[-1])) --last;
  return {first, static_cast<std::size_t>(last - first)};
}

/// True when `text` is `lower` but for the case of ASCII letters. Needs no padding.
constexpr bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) != lower[i]) return false;
  }
  return true;
}

/// The same for a token of N-1 bytes, which the caller has measured: eight bytes at a time. Setting
/// bit 5 folds letters; the only byte it makes into '-' besides '-' is CR, which is in no token.
template <std::size_t N>
bool is_token_of(const char* token, const char (&lower)[N]) noexcept {
  constexpr std::size_t kSize = N - 1;
  constexpr std::size_t kStep = kSize >= 8 ? 8 : 4;
  static_assert(kSize >= 4);
  using Word = std::conditional_t<kStep == 8, std::uint64_t, std::uint32_t>;
  constexpr auto kFold = static_cast<Word>(0x2020202020202020u);
  const auto same = [&](std::size_t at) {
    Word given;
    Word wanted;
    std::memcpy(&given, token + at, kStep);
    std::memcpy(&wanted, lower + at, kStep);
    return (given | kFold) == (wanted | kFold);
  };
  for (std::size_t at = 0; at + kStep <= kSize; at += kStep) {
    if (!same(at)) return false;
  }
  return kSize % kStep == 0 || same(kSize - kStep);
}

/// uri-host [ ":" port ] (RFC 9110, 7.2). Refused although RFC 3986 has them in a reg-name: the
/// sub-delims, which are in no host name and, the comma above all, in many a forged list.
bool is_authority(std::string_view text) noexcept;

/// True for a non-empty list of tokens between commas and OWS, empty elements allowed
/// (RFC 9110, 5.6.1.2). Calls `element` with each.
template <typename Element>
bool for_each_token(std::string_view list, Element element) noexcept {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view token = trim_blanks(list.substr(0, comma));
    if (!kToken.holds_all(token)) return false;
    if (!token.empty()) element(token);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return true;
}

}  // namespace core::http
