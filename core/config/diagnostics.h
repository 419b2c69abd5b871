#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace core::config {

/// A place in a configuration file. Lines and columns count from 1, columns in bytes.
struct Mark {
  std::uint32_t file = 0;  // index into Diagnostics' files
  std::uint32_t line = 0;  // 0: no place in a file (a command-line mistake, say)
  std::uint32_t column = 0;
};

enum class Severity : std::uint8_t { kError, kWarning };

struct Diagnostic {
  Severity severity;
  Mark mark;
  std::size_t length;      // bytes to underline; at least 1
  std::string message;     // one line, no full stop at the end
  std::string suggestion;  // "did you mean "email.domain"?", or what to write instead; may be empty
};

/// Everything that was found wrong in one run, with the files it was found in. The loader and the
/// compiler add to it; nothing stops at the first mistake.
class Diagnostics {
 public:
  /// Remembers a file's text for the excerpts; the result is Mark::file.
  std::uint32_t add_file(std::string path, std::string text);

  /// Keeps the bytes [begin, end) of a file out of every excerpt: a password is written there.
  void hide(std::uint32_t file, std::size_t begin, std::size_t end);

  void error(Mark mark, std::size_t length, std::string message, std::string suggestion = {});
  void warning(Mark mark, std::size_t length, std::string message, std::string suggestion = {});

  bool has_errors() const noexcept { return errors_ != 0; }
  std::size_t errors() const noexcept { return errors_; }
  /// In the order they were found; the first kKeptMax. errors() counts all.
  const std::vector<Diagnostic>& all() const noexcept { return all_; }
  std::string_view path(std::uint32_t file) const noexcept { return files_[file].path; }
  /// The views of path() and text() are good as long as the Diagnostics.
  std::string_view text(std::uint32_t file) const noexcept { return files_[file].text; }

  /// From a byte of a file to its place and back. Both accept the end of the text.
  Mark mark_at(std::uint32_t file, std::size_t offset) const noexcept;
  std::size_t offset_of(Mark mark) const noexcept;

  static constexpr std::size_t kKeptMax = 1000;

  /// As a compiler prints them, in the order of the files:
  ///     claimgate.yaml:12:17: error: unknown derived value "emial.domain"
  ///        12 |         when: { emial.domain: { in_list: blocked_domains } }
  ///           |                 ^~~~~~~~~~~~ did you mean "email.domain"?
  /// Long lines are cut around the mark. What hide() named, and whatever stands behind a key that
  /// names a password, is printed as ****. Said twice is printed once.
  std::string render() const;

 private:
  struct Range {
    std::size_t begin, end;
  };
  struct File {
    std::string path;
    std::string text;
    std::vector<std::size_t> line_begins;
    std::vector<Range> hidden;
  };
  void add(Diagnostic diagnostic);
  void render_excerpt(const Diagnostic& diagnostic, std::string& out) const;

  std::deque<File> files_;  // a deque: views of its texts outlive the next add_file()
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
  std::size_t dropped_ = 0;
};

/// True for a key behind which a password is likely to stand, misspelt or not: "passwrod".
bool names_a_secret(std::string_view key);

/// The candidate nearest to `word` (Damerau-Levenshtein, at most a third of its length away), or
/// empty. For "did you mean".
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

/// `did you mean "X"?` for the nearest candidate, else `one of: a, b, c` when there are at most 12.
std::string suggest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace core::config
