// The habits of names.
//
// A name typed all small or all capital has lost its capitals; which ones it had is a guess. The
// published guessers (Lingua::EN::NameCase and its ports) were read for their cases. What was taken
// over, and where this one decides otherwise:
//
//   Mc        McDonald, McEvoy: always, there is no other reading.
//   Mac       left plain: Macdonald, Mackie, Machado. MacDonald and Macey cannot be told apart
//             without a list, and the plain form is a spelling that exists for nearly all of them.
//   O' D' L'  O'Neil, D'Angelo, Dell'Acqua, with any apostrophe. Small when one letter follows at
//             the end of the word (Yuri's, Te'o), between two vowels (Sa'id, Ka'iulani: a glottal
//             stop; after de, la and their like it stays: De'Andre), and in scripts other than
//             Latin after more than one letter (Лук'яненко, but О'Ніл).
//   't 's     small when they stand alone: Van 't Hoff, 's-Gravesande.
//   IJ        Dutch, where it is one letter and a consonant follows: IJsbrand, IJzerman. Before a
//             vowel it is none: Ijeoma, Ijaz.
//   particles small unless the first or the last word, because a surname often comes alone ("Van
//             der Berg" is how the Dutch write it then) and because Van, Le and Do are surnames
//             elsewhere. Between hyphens too (Castelnau-le-Lez); before a single hyphen not, since
//             Korean and French given names are written so (Choi Da-eun would suffer).
//             "van" between two words is taken for the Dutch one, also in a Vietnamese name.
//   al-       Arabic articles are small only with their hyphen: Omar al-Farsi, Omar Al Fahim.
//   Ó h       after the Irish Ó an h before a vowel is put there by grammar and stays small: Ó
//   hUiginn. ı İ       a name with İ, ı or ğ in it is Turkish or Azeri, where I and ı, İ and i are
//   pairs:
//             İbrahim Yıldız. Without such a letter nothing tells (ISIL may be Işıl or Isil).
//   e         small only in a name that is Portuguese by another sign (da, do, das, dos, a tilde):
//             alone it is far more often the initial in "Mary E Smith".
//   II III    a roman numeral is one only as the last word. VI, XI, LI, DI, MI are names.
//
// Left as any word: titles and letters after a name (PhD), initials without full stops (JJ). Text
// in mixed case is not touched, so who minds can type the name as it is.

#include <algorithm>
#include <array>
#include <cstring>

#include "core/text/bytes16.h"
#include "core/text/case_mapping.h"
#include "core/text/code_points.h"
#include "core/text/text.h"

namespace core::text {
namespace {

using Word = std::uint64_t;  // up to eight small ASCII letters, the first in the lowest byte

constexpr Word word_of(std::string_view text) {
  Word word = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    word |= static_cast<Word>(static_cast<unsigned char>(text[i]) | 0x20) << (8 * i);
  }
  return word;
}

template <std::size_t N>
constexpr std::array<Word, N> words_of(const char* const (&texts)[N]) {
  std::array<Word, N> words{};
  for (std::size_t i = 0; i < N; ++i) words[i] = word_of(texts[i]);
  return words;
}

template <std::size_t N>
bool among(const std::array<Word, N>& words, Word word) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr auto kParticles = words_of({
    "van",   "von",   "vom",   "de",   "den", "der",   "het", "ten",   "ter", "te",  // Dutch,
    "zu",    "zum",   "zur",   "und",                                                // German
    "du",    "des",   "la",    "le",   "del", "las",   "los", "y",                   // French,
    "da",    "do",    "das",   "dos",  "di",  "della", "dei", "degli",               // Spanish,
    "delle", "dello", "lo",                                                          // Italian
    "bin",   "binti", "binte", "bint", "ibn", "bte",  // Arabic, Malay
    "af",    "av",    "ap",                           // Nordic, Welsh
});
/// Dutch prepositions, particles only before another one: "op den Akker", "in 't Veld".
constexpr auto kPrepositions = words_of({"aan", "bij", "in", "onder", "op", "over", "uit", "voor"});
/// Arabic articles with their assimilated forms; "an" is left out: Kim An-na is Korean.
constexpr auto kArticles =
    words_of({"al", "el", "ul", "ad", "ar", "as", "ash", "at", "az", "ud", "us", "ur"});
constexpr auto kPortuguese = words_of({"da", "do", "das", "dos"});
/// Before an apostrophe these keep the capital after it: De'Andre, La'Anthony.
constexpr auto kBeforeApostrophe = words_of({"da", "de", "di", "la", "le"});
constexpr auto kNumerals = words_of({"ii", "iii", "iv", "vii", "viii", "ix", "xii", "xiii", "xiv",
                                     "xv", "xvi", "xvii", "xviii", "xix", "xx"});

constexpr std::size_t kListedMax = 5;  // letters of the longest entry

constexpr bool is_vowel(char c) noexcept {
  const char small = static_cast<char>(c | 0x20);
  return small == 'a' || small == 'e' || small == 'i' || small == 'o' || small == 'u';
}

constexpr bool is_letter(char c) noexcept { return is_ascii_letter(static_cast<unsigned char>(c)); }

/// What stands between two runs of letters, or at the ends.
enum class Gap {
  kEdge,
  kSpace,
  kHyphen,
  kApostrophe,  // between letters
  kOpening,     // an apostrophe with no letter before it: 't
  kOther
};

enum class Kind { kLetter, kSpace, kHyphen, kApostrophe, kOther };
struct Piece {
  Kind kind;
  std::uint32_t size;
};

/// The piece at `at` < `end`. Beyond ASCII what is not punctuation counts as a letter.
Piece piece_at(const char* at, const char* end) noexcept {
  const auto byte = static_cast<unsigned char>(*at);
  if (byte < 0x80) {
    if (is_ascii_letter(byte) || is_ascii_digit(byte)) return {Kind::kLetter, 1};
    if (byte == ' ') return {Kind::kSpace, 1};
    if (byte == '-') return {Kind::kHyphen, 1};
    return {byte == '\'' || byte == '`' ? Kind::kApostrophe : Kind::kOther, 1};
  }
  const CodePoint point = decode(at, end);
  const char32_t c = point.value;
  if (c == 0xB4 || c == 0x2BC || c == 0x2018 || c == 0x2019 || c == 0x201B) {
    return {Kind::kApostrophe, point.size};
  }
  if (c >= 0x2010 && c <= 0x2015) return {Kind::kHyphen, point.size};
  if ((c >= 0x2000 && c <= 0x206F) || (c >= 0x80 && (traits_of(c) & (kWord | kInside)) == 0)) {
    const bool joins = c >= 0x200B && c <= 0x200D;
    return {joins ? Kind::kLetter : Kind::kOther, point.size};
  }
  return {Kind::kLetter, point.size};
}

/// A run of letters, and whether it is one code point.
struct Run {
  char* begin;
  char* end;
  bool single;
  std::size_t size() const noexcept { return static_cast<std::size_t>(end - begin); }
  std::string_view view() const noexcept { return {begin, size()}; }
  /// The run as a Word; 0 when it is longer than any listed one or not ASCII throughout.
  Word word() const noexcept {
    if (size() > kListedMax) return 0;
    Word word = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      if (!is_letter(begin[i])) return 0;
      word |= static_cast<Word>(begin[i] | 0x20) << (8 * i);
    }
    return word;
  }
};

Run run_at(char* at, char* end) noexcept {
  Run run{at, at, false};
  std::size_t count = 0;
  while (run.end != end) {
    const Piece piece = piece_at(run.end, end);
    if (piece.kind != Kind::kLetter) break;
    run.end += piece.size;
    ++count;
  }
  run.single = count == 1;
  return run;
}

/// The gap that begins at `at`, and where it ends. `after_letter` is false at the beginning.
struct GapAt {
  Gap gap;
  char* end;
};
GapAt gap_at(char* at, char* end, bool after_letter) noexcept {
  Kind first = Kind::kOther;
  Kind last = Kind::kOther;
  std::size_t count = 0;
  while (at != end) {
    const Piece piece = piece_at(at, end);
    if (piece.kind == Kind::kLetter) break;
    if (count++ == 0) first = piece.kind;
    last = piece.kind;
    at += piece.size;
  }
  if (count == 0) return {Gap::kEdge, at};
  if (last == Kind::kApostrophe && at != end && (count > 1 || !after_letter)) {
    return {Gap::kOpening, at};
  }
  if (count > 1) return {Gap::kOther, at};
  switch (first) {
    case Kind::kSpace:
      return {Gap::kSpace, at};
    case Kind::kHyphen:
      return {Gap::kHyphen, at};
    case Kind::kApostrophe:
      return {Gap::kApostrophe, at};
    default:
      return {Gap::kOther, at};
  }
}

void make_small(char* letter) noexcept { *letter = static_cast<char>(*letter | 0x20); }
void make_capital(char* letter) noexcept { *letter = static_cast<char>(*letter & ~0x20); }

/// McDonald and IJsbrand: `letters` begins a word of `size` bytes in title case.
void settle_word_begin(char* letters, std::size_t size) noexcept {
  if (size < 3 || !is_letter(letters[2])) return;
  if (letters[0] == 'M' && letters[1] == 'c' && size > 3) make_capital(letters + 2);
  if (letters[0] == 'I' && letters[1] == 'j' && !is_vowel(letters[2])) make_capital(letters + 1);
}

/// Puts the habits of names over `name`, which is in title case, in place: letters change their
/// case and never their size.
class Habits {
 public:
  Habits(char* begin, char* end, bool turkish) noexcept
      : begin_(begin), end_(end), turkish_(turkish) {}

  void apply() noexcept {
    GapAt before = gap_at(begin_, end_, false);
    Run earlier{begin_, begin_, false};
    for (bool first = true; before.end != end_; first = false) {
      const Run run = run_at(before.end, end_);
      const GapAt after = gap_at(run.end, end_, true);
      const bool last = after.end == end_;
      settle(run, earlier, before.gap, after, first, last);
      earlier = run;
      before = after;
    }
  }

 private:
  void settle(const Run& run, const Run& earlier, Gap before, const GapAt& after, bool first,
              bool last) noexcept {
    if (before == Gap::kOpening) {
      if (run.single && (*run.begin == 'T' || *run.begin == 'S')) make_small(run.begin);
    } else if (before == Gap::kApostrophe) {
      settle_after_apostrophe(run, earlier, after.gap);
    } else if (!first && !last && is_small_word(run, before, after)) {
      make_small(run.begin);
      return;
    } else if (last && before == Gap::kSpace && after.gap == Gap::kEdge &&
               among(kNumerals, run.word())) {
      for (char* at = run.begin; at != run.end; ++at) make_capital(at);
      return;
    }
    if (before == Gap::kSpace && follows_irish_o(run, earlier)) {
      settle_irish_h(run);
      return;
    }
    settle_word_begin(run.begin, run.size());
  }

  static bool follows_irish_o(const Run& run, const Run& earlier) noexcept {
    return *run.begin == 'H' && earlier.view() == "\u00D3";
  }

  /// "Huiginn" to "hUiginn" when a vowel follows, with an acute accent or without.
  static void settle_irish_h(const Run& run) noexcept {
    if (run.size() < 3) return;
    const auto second = static_cast<unsigned char>(run.begin[1]);
    const auto third = static_cast<unsigned char>(run.begin[2]);
    // U+00E1, U+00E9, U+00ED, U+00F3, U+00FA: their capitals are 0x20 below, in the second byte.
    const bool acute = second == 0xC3 && (third == 0xA1 || third == 0xA9 || third == 0xAD ||
                                          third == 0xB3 || third == 0xBA);
    if (!acute && !(is_letter(run.begin[1]) && is_vowel(run.begin[1]))) return;
    make_small(run.begin);
    make_capital(run.begin + (acute ? 2 : 1));
  }

  void settle_after_apostrophe(const Run& run, const Run& earlier, Gap after) const noexcept {
    char* const letter = run.begin;
    if (!is_letter(*letter)) {
      if (!earlier.single) lower_foreign(run);
      return;
    }
    // After U+02BC, a letter to Unicode, it is small by now; a dotted capital has no room there.
    if (!turkish_ || *letter != 'i') make_capital(letter);
    if (earlier.single) return;
    const bool ends = run.single && after != Gap::kApostrophe;
    const bool stop =
        is_vowel(earlier.end[-1]) && is_vowel(*letter) && !among(kBeforeApostrophe, earlier.word());
    if (ends || stop) make_small(letter);
  }

  /// The letter after an apostrophe in Cyrillic and other scripts; Latin keeps its capital.
  static void lower_foreign(const Run& run) noexcept {
    constexpr char32_t kLatinEnd = 0x250;
    const CodePoint point = decode(run.begin, run.end);
    if (point.value < kLatinEnd || point.value == kNoCodePoint) return;
    char small[8];
    const std::string_view letter{run.begin, point.size};
    const char* const end = write_lower(letter, small);
    if (end - small == static_cast<std::ptrdiff_t>(point.size)) {
      std::memcpy(run.begin, small, point.size);
    }
  }

  bool is_small_word(const Run& run, Gap before, const GapAt& after) noexcept {
    if (before != Gap::kSpace && before != Gap::kHyphen) return false;
    const Word word = run.word();
    if (word == 0) return false;
    if (after.gap == Gap::kHyphen) {
      return among(kArticles, word) || (before == Gap::kHyphen && among(kParticles, word));
    }
    if (after.gap == Gap::kOpening) {  // "van 't"
      return among(kParticles, word) || among(kPrepositions, word);
    }
    if (after.gap != Gap::kSpace) return false;
    if (among(kParticles, word)) return true;
    if (word == word_of("e")) return is_portuguese();
    return among(kPrepositions, word) && among(kParticles, run_at(after.end, end_).word());
  }

  /// Looked for once, when an "e" asks for it.
  bool is_portuguese() noexcept {
    if (portuguese_ == Answer::kUnknown) portuguese_ = find_portuguese();
    return portuguese_ == Answer::kYes;
  }

  enum class Answer { kUnknown, kNo, kYes };

  Answer find_portuguese() const noexcept {
    const std::string_view name{begin_, static_cast<std::size_t>(end_ - begin_)};
    for (const std::string_view tilde : {"\u00C3", "\u00E3", "\u00D5", "\u00F5"}) {
      if (name.find(tilde) != std::string_view::npos) return Answer::kYes;
    }
    for (GapAt gap = gap_at(begin_, end_, false); gap.end != end_;) {
      const Run run = run_at(gap.end, end_);
      if (among(kPortuguese, run.word())) return Answer::kYes;
      gap = gap_at(run.end, end_, true);
    }
    return Answer::kNo;
  }

  char* begin_;
  char* end_;
  bool turkish_;
  Answer portuguese_ = Answer::kUnknown;
};

/// What the letters of a text tell about the habit of who typed it.
struct Evidence {
  bool ascii = true;
  bool one_run = true;  // of ASCII letters, nothing else
  bool capital = false;
  bool small = false;
  bool one_case() const noexcept { return capital != small; }
};

Evidence look_at(std::string_view text) noexcept {
  Evidence seen;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && !(seen.capital && seen.small)) {
    const auto left = static_cast<std::size_t>(end - at);
    const std::size_t size = left < 16 ? left : 16;
    const Bytes16 bytes = size == 16 ? Bytes16::load(at) : Bytes16::load_part(at, size);
    seen.capital |= bytes.within('A', 'Z').top_bits() != 0;
    seen.small |= bytes.within('a', 'z').top_bits() != 0;
    seen.one_run &= (bytes | Bytes16::all(0x20)).within('a', 'z').top_bits() == (1U << size) - 1;
    if (bytes.top_bits() == 0) {
      at += size;
      continue;
    }
    seen.ascii = false;
    for (const char* const stop = at + size; at < stop;) {
      const CodePoint point = decode(at, end);
      at += point.size;
      if (point.value < 0x80) continue;
      const std::uint8_t traits = traits_of(point.value);
      seen.capital |= (traits & kCapital) != 0;
      seen.small |= (traits & kSmall) != 0;
    }
  }
  return seen;
}

bool is_turkish(std::string_view name) noexcept {
  for (const std::string_view sign : {"\u0130", "\u0131", "\u011E", "\u011F"}) {
    if (name.find(sign) != std::string_view::npos) return true;
  }
  return false;
}

/// `name`, in one case, with the letters that the Turkish pairs make of I and i: dotless where a
/// small letter is wanted, dotted where a capital is. Null data() when the arena is full.
std::string_view with_turkish_pairs(std::string_view name, Arena& arena) noexcept {
  char* const begin = arena.allocate(2 * name.size());
  if (begin == nullptr) return {};
  char* to = begin;
  for (const char c : name) {
    const std::string_view pair = c == 'I'   ? "\u0131"
                                  : c == 'i' ? "\u0130"
                                             : std::string_view{&c, 1};
    to += pair.copy(to, pair.size());
  }
  const auto size = static_cast<std::size_t>(to - begin);
  arena.give_back(2 * name.size() - size);
  return {begin, size};
}

}  // namespace

std::string_view name_case(std::string_view text, Arena& arena) noexcept {
  const std::string_view name = collapse_spaces(text, arena);
  const Evidence seen = look_at(name);
  if (!seen.one_case()) return name;

  std::string_view typed = name;
  const bool turkish = !seen.ascii && is_turkish(name);
  if (turkish) {
    typed = with_turkish_pairs(name, arena);
    if (typed.data() == nullptr) return {};
  }
  const std::size_t worst = seen.ascii ? name.size() : raised_max(typed.size());
  char* const begin = arena.allocate(worst);
  if (begin == nullptr) return {};
  char* end = begin + name.size();
  if (seen.ascii) {
    write_title_ascii(name.data(), begin, name.size());
  } else {
    end = write_title(typed, DottedI::kPlain, begin);
  }
  if (seen.one_run) {  // most names
    settle_word_begin(begin, name.size());
  } else {
    Habits(begin, end, turkish).apply();
  }
  const std::string_view cased{begin, static_cast<std::size_t>(end - begin)};
  if (cased == name) {
    arena.give_back(worst);
    return name;
  }
  arena.give_back(worst - cased.size());
  return cased;
}

}  // namespace core::text
