// Case mapping without a locale.
//
// ICU's own ucasemap_utf8ToLower and its kin open a case map on the heap and go through a string
// iterator; ICU's per-code-point functions are table look-ups. So the strings are walked here: in
// steps of 16 bytes while they are ASCII, by a table up to U+017F, by ICU's properties beyond. What
// depends on neighbours or changes the number of code points (SpecialCasing.txt: final sigma, sharp
// s, dotted I, ligatures, Greek with iota) is done by hand. The tests compare every code point, and
// random strings of the difficult ones, with ICU's case maps.

#include <unicode/uchar.h>
#include <unicode/ustring.h>

#include <cstring>

#include "core/text/bytes16.h"
#include "core/text/case_mapping.h"
#include "core/text/code_points.h"
#include "core/text/text.h"

namespace core::text {
namespace {

constexpr char32_t kSharpS = 0xDF;
constexpr char32_t kDottedI = 0x130;
constexpr char32_t kApostropheN = 0x149;
constexpr char32_t kSigma = 0x3A3;
constexpr char32_t kFinalSigma = 0x3C2;
constexpr char32_t kSmallSigma = 0x3C3;

UChar32 icu(char32_t c) noexcept { return static_cast<UChar32>(c); }

/// A cased letter comes next before `at`, case-ignorable code points aside (Unicode 3.13, table
/// 3-17, "before C" of Final_Sigma).
bool cased_before(const char* begin, const char* at) noexcept {
  while (at != begin) {
    const char* const end = at--;
    while (at != begin && (static_cast<unsigned char>(*at) & 0xC0) == 0x80) --at;
    const char32_t c = decode(at, end).value;
    if (is_ascii_letter(c)) return true;
    if (c == kNoCodePoint) return false;
    if (u_hasBinaryProperty(icu(c), UCHAR_CASE_IGNORABLE)) continue;
    return u_hasBinaryProperty(icu(c), UCHAR_CASED) != 0;
  }
  return false;
}

/// The same towards the end.
bool cased_after(const char* at, const char* end) noexcept {
  while (at != end) {
    const CodePoint point = decode(at, end);
    if (is_ascii_letter(point.value)) return true;
    if (point.value == kNoCodePoint) return false;
    at += point.size;
    if (u_hasBinaryProperty(icu(point.value), UCHAR_CASE_IGNORABLE)) continue;
    return u_hasBinaryProperty(icu(point.value), UCHAR_CASED) != 0;
  }
  return false;
}

/// Writes the small form of `c`, beyond ASCII, which stands at `at` in `text`.
char* write_small(char32_t c, std::string_view text, const char* at, DottedI dotted,
                  char* to) noexcept {
  if (in_table(c)) {
    if (c != kDottedI) return encode(latin(c).lower, to);
    *to++ = 'i';
    return dotted == DottedI::kUnicode ? encode(0x307, to) : to;
  }
  if (c == kSigma) {
    const bool final =
        cased_before(text.data(), at) && !cased_after(at + 2, text.data() + text.size());
    return encode(final ? kFinalSigma : kSmallSigma, to);
  }
  return encode(static_cast<char32_t>(u_tolower(icu(c))), to);
}

/// The one to three code points that are the capital form of a code point without a capital of its
/// own. Zero when there are none.
int find_long_upper(char32_t c, UChar (&upper)[8]) noexcept {
  if (u_toupper(icu(c)) != icu(c) && (c < 0x1F80 || c > 0x1FFC)) return 0;
  if (u_hasBinaryProperty(icu(c), UCHAR_CHANGES_WHEN_UPPERCASED) == 0) return 0;
  UChar from[2];
  int32_t size = 0;
  UErrorCode error = U_ZERO_ERROR;
  U16_APPEND_UNSAFE(from, size, icu(c));
  const int32_t written = u_strToUpper(upper, 8, from, size, "", &error);
  return U_SUCCESS(error) && written <= 8 ? written : 0;
}

char* write_upper(char32_t c, char* to) noexcept {
  if (in_table(c)) {
    if (c == kSharpS) {
      *to++ = 'S';
      *to++ = 'S';
      return to;
    }
    if (c == kApostropheN) {
      to = encode(0x2BC, to);
      *to++ = 'N';
      return to;
    }
    return encode(latin(c).upper, to);
  }
  UChar upper[8];
  const int size = find_long_upper(c, upper);
  if (size == 0) return encode(static_cast<char32_t>(u_toupper(icu(c))), to);
  // Every long form of the standard stays within the Basic Multilingual Plane.
  for (int i = 0; i < size; ++i) to = encode(upper[i], to);
  return to;
}

/// The form at the beginning of a word: the first letter of a long form stays a capital, the
/// others are small.
char* write_word_begin(char32_t c, char* to) noexcept {
  if (in_table(c)) {
    if (c != kSharpS) return write_upper(c, to);
    *to++ = 'S';
    *to++ = 's';
    return to;
  }
  const auto title = static_cast<char32_t>(u_totitle(icu(c)));
  UChar upper[8];
  if (title != c || u_istitle(icu(c)) != 0) return encode(title, to);
  const int size = find_long_upper(c, upper);
  if (size == 0) return encode(title, to);
  to = encode(upper[0], to);
  for (int i = 1; i < size; ++i) {
    const bool iota = upper[i] == 0x399 && c >= 0x1F80 && c <= 0x1FFC;  // written below the letter
    to = encode(iota ? 0x345 : static_cast<char32_t>(u_tolower(upper[i])), to);
  }
  return to;
}

struct LowerAscii {
  Bytes16 operator()(Bytes16 bytes) noexcept {
    return bytes | (bytes.within('A', 'Z') & Bytes16::all(0x20));
  }
};

struct UpperAscii {
  Bytes16 operator()(Bytes16 bytes) noexcept {
    return bytes.without(bytes.within('a', 'z') & Bytes16::all(0x20));
  }
};

/// A letter is a capital unless a letter or digit comes before it: sixteen at once.
class TitleAscii {
 public:
  Bytes16 operator()(Bytes16 bytes) noexcept {
    const Bytes16 bit = Bytes16::all(0x20);
    const Bytes16 letters = (bytes | bit).within('a', 'z');
    const Bytes16 words = letters | bytes.within('0', '9');
    const Bytes16 begins = letters.without(words.moved_up(before_));
    before_ = words;
    return (bytes | (letters & bit)).without(begins & bit);
  }

 private:
  Bytes16 before_ = Bytes16::all(0);
};

enum class Walk { kUnchanged, kChanged, kForeign, kFull };

/// Maps ASCII text into `arena`, from the first sixteen bytes that change on; `text` becomes the
/// result. kForeign as soon as another byte is met: nothing was done, the caller takes the long
/// way.
template <typename Map>
Walk map_ascii(std::string_view& text, Arena& arena) noexcept {
  const char* const from = text.data();
  const std::size_t size = text.size();
  char* to = nullptr;
  Map map;
  for (std::size_t i = 0; i < size; i += 16) {
    const std::size_t part = size - i;
    const Bytes16 bytes = part >= 16 ? Bytes16::load(from + i) : Bytes16::load_part(from + i, part);
    if (bytes.top_bits() != 0) {
      if (to != nullptr) arena.give_back(size);
      return Walk::kForeign;
    }
    const Bytes16 mapped = map(bytes);
    if (to == nullptr) {
      if ((mapped ^ bytes).equal(0).top_bits() == 0xFFFF) continue;
      to = arena.allocate(size);
      if (to == nullptr) return Walk::kFull;
      std::memcpy(to, from, i);
    }
    if (part >= 16) {
      mapped.store(to + i);
    } else {
      mapped.store_part(to + i, part);
    }
  }
  if (to == nullptr) return Walk::kUnchanged;
  text = {to, size};
  return Walk::kChanged;
}

/// The whole of a case function: the short way, and `write`, which answers the end of what it
/// wrote, into at most `worst` bytes, for the rest.
template <typename Map, typename Write>
std::string_view mapped(std::string_view text, Arena& arena, std::size_t worst,
                        Write write) noexcept {
  std::string_view result = text;
  switch (map_ascii<Map>(result, arena)) {
    case Walk::kUnchanged:
    case Walk::kChanged:
      return result;
    case Walk::kFull:
      return {};
    case Walk::kForeign:
      break;
  }
  char* const to = arena.allocate(worst);
  if (to == nullptr) return {};
  const auto size = static_cast<std::size_t>(write(to) - to);
  if (std::string_view{to, size} == text) {
    arena.give_back(worst);
    return text;
  }
  arena.give_back(worst - size);
  return {to, size};
}

/// Calls `each(c, at, to)` for the code points beyond ASCII and `ascii(byte)` for the others. Bytes
/// that are no UTF-8 are copied.
template <typename Ascii, typename Each>
char* write_points(std::string_view text, char* to, Ascii ascii, Each each) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (static_cast<unsigned char>(*at) < 0x80) {
      *to++ = ascii(*at++);
      continue;
    }
    const CodePoint point = decode(at, end);
    if (point.value == kNoCodePoint) {
      *to++ = *at++;
      continue;
    }
    to = each(point.value, at, to);
    at += point.size;
  }
  return to;
}

char lower_byte(char c) noexcept { return static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c); }
char upper_byte(char c) noexcept { return static_cast<char>(c >= 'a' && c <= 'z' ? c & ~0x20 : c); }

}  // namespace

std::uint8_t traits_of(char32_t c) noexcept {
  if (c < kTableFirst) {
    if (is_ascii_digit(c)) return kWord;
    if (!is_ascii_letter(c)) return 0;
    return static_cast<std::uint8_t>(kWord | ((c & 0x20) != 0 ? kSmall : kCapital));
  }
  if (in_table(c)) return latin(c).traits;
  if (c == kNoCodePoint) return 0;
  const std::uint32_t category = U_GET_GC_MASK(icu(c));
  if ((category & (U_GC_M_MASK | U_GC_CF_MASK)) != 0) return kInside;
  if ((category & U_GC_LM_MASK) != 0) {
    return static_cast<std::uint8_t>(u_hasBinaryProperty(icu(c), UCHAR_CASED) ? kWord
                                                                              : kWord | kModifier);
  }
  if ((category & (U_GC_L_MASK | U_GC_ND_MASK | U_GC_NL_MASK)) == 0) return 0;
  if ((category & (U_GC_LU_MASK | U_GC_LT_MASK)) != 0) return kWord | kCapital;
  if ((category & U_GC_LL_MASK) != 0 && u_toupper(icu(c)) != icu(c)) return kWord | kSmall;
  return kWord;
}

void write_title_ascii(const char* from, char* to, std::size_t size) noexcept {
  TitleAscii map;
  std::size_t i = 0;
  for (; i + 16 <= size; i += 16) map(Bytes16::load(from + i)).store(to + i);
  if (i < size) map(Bytes16::load_part(from + i, size - i)).store_part(to + i, size - i);
}

char* write_title(std::string_view text, DottedI dotted, char* to) noexcept {
  bool in_word = false;
  const auto ascii = [&in_word](char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_ascii_letter(byte)) {
      const bool begins = !in_word;
      in_word = true;
      return begins ? upper_byte(c) : lower_byte(c);
    }
    in_word = is_ascii_digit(byte);
    return c;
  };
  return write_points(text, to, ascii, [&](char32_t c, const char* at, char* target) {
    const std::uint8_t traits = traits_of(c);
    if ((traits & kInside) != 0) return encode(c, target);
    if ((traits & kWord) == 0) {
      in_word = false;
      return encode(c, target);
    }
    if (in_word) return write_small(c, text, at, dotted, target);
    in_word = (traits & kModifier) == 0;
    return write_word_begin(c, target);
  });
}

char* write_lower(std::string_view text, char* to) noexcept {
  return write_points(text, to, lower_byte, [text](char32_t c, const char* at, char* target) {
    return write_small(c, text, at, DottedI::kUnicode, target);
  });
}

std::string_view lower(std::string_view text, Arena& arena) noexcept {
  return mapped<LowerAscii>(text, arena, lowered_max(text.size()),
                            [text](char* to) { return write_lower(text, to); });
}

std::string_view upper(std::string_view text, Arena& arena) noexcept {
  return mapped<UpperAscii>(text, arena, raised_max(text.size()), [text](char* to) {
    return write_points(text, to, upper_byte, [](char32_t c, const char*, char* target) {
      return write_upper(c, target);
    });
  });
}

std::string_view title_case(std::string_view text, Arena& arena) noexcept {
  return mapped<TitleAscii>(text, arena, raised_max(text.size()),
                            [text](char* to) { return write_title(text, DottedI::kUnicode, to); });
}

}  // namespace core::text
