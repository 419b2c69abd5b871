// What the text functions cost on what sign-ups bring: one question each. The arena is reset in
// every round, as it is after every request. Alone: claimgate_micro
// --benchmark_filter=Names.

#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "core/arena.h"
#include "core/text/email.h"
#include "core/text/json.h"
#include "core/text/locale.h"
#include "core/text/text.h"

namespace {

using core::Arena;

using Function = std::string_view (*)(std::string_view, Arena&) noexcept;

/// One call. An item is one text.
void BM_OneText(benchmark::State& state, Function function, std::string_view text) {
  Arena arena{1 << 16};
  for (auto _ : state) {
    arena.reset();
    benchmark::DoNotOptimize(text);
    benchmark::DoNotOptimize(function(text, arena));
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

/// A given name and a surname, the measure of docs/performance.md. An item is the pair.
void BM_TwoNames(benchmark::State& state, Function function, std::string_view given,
                 std::string_view surname) {
  Arena arena{1 << 12};
  for (auto _ : state) {
    arena.reset();
    benchmark::DoNotOptimize(given);
    benchmark::DoNotOptimize(surname);
    benchmark::DoNotOptimize(function(given, arena));
    benchmark::DoNotOptimize(function(surname, arena));
  }
  state.SetItemsProcessed(state.iterations());
}

using core::text::lower;
using core::text::name_case;
using core::text::normalise_domain;
using core::text::normalise_email;
using core::text::title_case;
using core::text::upper;

BENCHMARK_CAPTURE(BM_TwoNames, title_small, title_case, "anna-lena", "lindqvist");
BENCHMARK_CAPTURE(BM_TwoNames, title_capital, title_case, "ANNA-LENA", "O'NEIL LINDQVIST");
BENCHMARK_CAPTURE(BM_TwoNames, title_right_already, title_case, "Anna-Lena", "Lindqvist");
BENCHMARK_CAPTURE(BM_TwoNames, title_latin, title_case, "jos\u00E9", "N\u00DA\u00D1EZ");
BENCHMARK_CAPTURE(BM_TwoNames, title_cyrillic, title_case, "\u0438\u0432\u0430\u043D",
                  "\u041F\u0415\u0422\u0420\u041E\u0412");
BENCHMARK_CAPTURE(BM_TwoNames, name_mixed, name_case, "Anna-Lena", "Lindqvist");
BENCHMARK_CAPTURE(BM_TwoNames, name_small, name_case, "anna-lena", "lindqvist");
BENCHMARK_CAPTURE(BM_TwoNames, name_particles, name_case, "vincent", "VAN DER O'NEIL-MCDONALD");
BENCHMARK_CAPTURE(BM_TwoNames, name_latin, name_case, "jos\u00E9", "N\u00DA\u00D1EZ");

BENCHMARK_CAPTURE(BM_OneText, lower_capital_24, lower, "INES.MARQUES@EXAMPLE.COM");
BENCHMARK_CAPTURE(BM_OneText, lower_small_24, lower, "ines.marques@example.com");
BENCHMARK_CAPTURE(BM_OneText, lower_latin, lower, "J\u00D6RG M\u00DCLLER");
BENCHMARK_CAPTURE(BM_OneText, upper_latin, upper, "j\u00F6rg m\u00FCller");
BENCHMARK_CAPTURE(BM_OneText, domain_small, normalise_domain, "example.com");
BENCHMARK_CAPTURE(BM_OneText, domain_capital, normalise_domain, "Example.COM.");
BENCHMARK_CAPTURE(BM_OneText, domain_full_width, normalise_domain,
                  "\uFF45\uFF58\uFF41mple\u3002com");
BENCHMARK_CAPTURE(BM_OneText, domain_idn, normalise_domain, "m\u00FCnchen.example");
BENCHMARK_CAPTURE(BM_OneText, email_small, normalise_email, "ines.marques@example.com");
BENCHMARK_CAPTURE(BM_OneText, email_mixed, normalise_email, "Ines.Marques@Example.com");

/// The worst that normalise_domain lets through to libidn2.
void BM_DomainIdnLongest(benchmark::State& state) {
  std::string text;
  while (text.size() < 2040) text += "\u00E9\u00E8.";
  BM_OneText(state, normalise_domain, text);
}
BENCHMARK(BM_DomainIdnLongest);

void BM_JsonEscaped(benchmark::State& state, std::string_view text) {
  std::string to(core::text::json_escaped_max(text.size()) + 16, '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(text);
    benchmark::DoNotOptimize(core::text::write_json_escaped(to.data(), text));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(BM_JsonEscaped, name, "Anna-Lena");
BENCHMARK_CAPTURE(BM_JsonEscaped, message,
                  "Sign-up is not open to example.com. Please use the address of your company.");
BENCHMARK_CAPTURE(BM_JsonEscaped, quoted, "Enter \"Stra\u00DFe\" & <house number>\n");

void BM_FindInvalidUtf8(benchmark::State& state, std::string_view piece) {
  std::string text;
  while (text.size() < 1024) text += piece;
  for (auto _ : state) {
    benchmark::DoNotOptimize(text.data());
    benchmark::DoNotOptimize(core::text::find_invalid_utf8(text));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(BM_FindInvalidUtf8, ascii, "plain letters and no others ");
BENCHMARK_CAPTURE(BM_FindInvalidUtf8, latin, "Jos\u00E9 N\u00FA\u00F1ez, Malm\u00F6 ");
BENCHMARK_CAPTURE(BM_FindInvalidUtf8, chinese, "\u5C71\u7530\u592A\u90CE");

void BM_CountCodePoints(benchmark::State& state) {
  const std::string_view text = "Jos\u00E9 N\u00FA\u00F1ez de la Malm\u00F6";
  for (auto _ : state) {
    benchmark::DoNotOptimize(text.data());
    benchmark::DoNotOptimize(core::text::count_code_points(text));
  }
}
BENCHMARK(BM_CountCodePoints);

/// Twelve languages; asked for one that is there in its second step, then for none that is.
void BM_LocaleChoose(benchmark::State& state, std::string_view ui_locales) {
  const core::text::LocaleChooser chooser{
      {"en", "sv", "de", "fr", "es", "pt-BR", "pt", "nl", "it", "pl", "ja", "zh-Hant"}, "en"};
  for (auto _ : state) {
    benchmark::DoNotOptimize(ui_locales);
    benchmark::DoNotOptimize(chooser.choose(ui_locales));
  }
}
BENCHMARK_CAPTURE(BM_LocaleChoose, second_step, "nl-NL");
BENCHMARK_CAPTURE(BM_LocaleChoose, none, "fi-FI");

}  // namespace
