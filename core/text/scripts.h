#pragma once

#include <bitset>
#include <cstddef>
#include <string_view>

/// Which scripts the letters of a text belong to, by the Unicode Character Database and UTS #39 as
/// ICU has them. All take valid UTF-8. Thread: any.
namespace core::text {

/// A set of scripts.
class ScriptSet {
 public:
  /// Adds a script by its name ("Latin") or its ISO 15924 code ("Latn"), in any letter case;
  /// "Jpan", "Kore", "Hanb", "Hans" and "Hant" add the scripts that they are written in. False when
  /// the name is unknown: nothing was added.
  [[nodiscard]] bool add(std::string_view name) noexcept;
  bool has(int script) const noexcept {
    return script >= 0 && script < static_cast<int>(kScriptsMax) &&
           scripts_[static_cast<std::size_t>(script)];
  }
  bool empty() const noexcept { return scripts_.none(); }

 private:
  static constexpr std::size_t kScriptsMax = 256;  // UScriptCode of ICU 72 ends at 200
  std::bitset<kScriptsMax> scripts_;
};

/// True when no code point of `text` belongs to a script outside `allowed`. What belongs to no
/// single script (Common: digits, punctuation, white space; Inherited: marks) is always allowed; a
/// code point that several scripts share (Script_Extensions) is allowed when one of them is. False
/// for unassigned code points and bytes that are no UTF-8. No heap.
bool letters_only_of(std::string_view text, const ScriptSet& allowed) noexcept;

/// A text longer than this mixes scripts unless it is ASCII, and looks like nothing but itself: no
/// answer costs more than this many bytes do.
inline constexpr std::size_t kSpoofBytesMax = 1024;

/// Opens ICU's tables for the two functions below, which takes some twenty milliseconds and the
/// heap: called while a configuration is compiled, it spares the first request that. False when ICU
/// has none: then every text beyond ASCII mixes scripts and only equal texts look alike.
bool load_scripts() noexcept;

/// True when `text` as a whole is beyond "Highly Restrictive" of UTS #39, 5.2: it has letters of
/// more than one script, where Latin beside the scripts of Japanese, Korean or Chinese counts as
/// one. ICU may reach the heap for texts longer than names are, here and in looks_like().
bool mixes_scripts(std::string_view text) noexcept;

/// True when both have the same skeleton (UTS #39, 4): a person can hardly tell them apart. Letter
/// case counts: compare texts of one case. Two equal texts look alike.
bool looks_like(std::string_view a, std::string_view b) noexcept;

}  // namespace core::text
