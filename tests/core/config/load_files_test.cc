// Several files, what they bring in from outside, and how much of it.
#include <gtest/gtest.h>

#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/load.h"
#include "core/config/yaml_tree.h"
#include "tests/core/config/memory_source.h"

namespace core::config {
namespace {

constexpr std::string_view kListeners = "listeners: [ { address: 127.0.0.1:0 } ]\n";
constexpr std::string_view kConnectors = "connectors: { a: { path: /a, dialect: b2c-userflow } }\n";

class LoadFiles : public testing::Test {
 protected:
  Config load_main(std::string text) {
    source.files["/etc/gate/main.yaml"] = std::move(text);
    return load("/etc/gate/main.yaml", source, diagnostics);
  }
  std::string base() const { return std::string(kListeners) + std::string(kConnectors); }

  MemorySource source;
  Diagnostics diagnostics;
};

TEST_F(LoadFiles, SaysWhyAFileCannotBeRead) {
  load("/etc/gate/none.yaml", source, diagnostics);
  EXPECT_EQ(diagnostics.render(), "error: cannot read /etc/gate/none.yaml: no such file\n");
}

TEST_F(LoadFiles, ReportsAnExceptionOfTheSource) {
  struct Throwing final : Source {
    Result<std::string, Failure> read_file(const std::string&) override { throw std::bad_alloc(); }
    std::optional<std::string> environment(const std::string&) override { return {}; }
  } throwing;
  load("a.yaml", throwing, diagnostics);
  EXPECT_TRUE(diagnostics.has_errors());
  EXPECT_TRUE(diagnostics.render().starts_with("error: cannot load a.yaml: "));
}

TEST_F(LoadFiles, MergesIncludedFiles) {
  source.files["/etc/gate/parts/connectors.yaml"] =
      "include: [ ../lists.yaml ]\nworkers: 3\n"
      "connectors: { b: { path: /b, dialect: b2c-userflow } }\n"
      "messages: { n: b }\n";
  source.files["/etc/gate/parts/../lists.yaml"] =
      "lists: { l: { file: l.txt } }\nlisteners: [ { address: 127.0.0.1:1 } ]\n";
  const Config config =
      load_main("include: [ parts/connectors.yaml ]\nmessages: { m: a }\n" + base());
  ASSERT_EQ(diagnostics.render(), "");
  EXPECT_EQ(config.workers, 3);
  EXPECT_EQ(config.listeners.size(), 2u);
  ASSERT_EQ(config.connectors.size(), 2u);
  EXPECT_EQ(config.connectors[1].name.value, "b");
  EXPECT_EQ(config.messages.size(), 2u);
  ASSERT_EQ(config.lists.size(), 1u);
  // Looked for beside the file that names it.
  EXPECT_EQ(diagnostics.path(config.lists[0].file.mark.file), "/etc/gate/parts/../lists.yaml");
}

TEST_F(LoadFiles, TakesTheRequiredSectionsFromAnyFile) {
  source.files["/etc/gate/rest.yaml"] = base();
  load_main("include: [ rest.yaml ]\n");
  EXPECT_EQ(diagnostics.render(), "");
}

TEST_F(LoadFiles, RefusesWhatTwoFilesDefine) {
  source.files["/etc/gate/b.yaml"] =
      "workers: 2\nmessages: { m: b }\nlists: { l: { values: [b] } }\n"
      "connectors: { a: { path: /b, dialect: b2c-userflow }, c: { path: /a, dialect: b2c-userflow "
      "} }\n";
  load_main("include: [ b.yaml ]\nworkers: 1\nmessages: { m: a }\nlists: { l: { values: [a] } }\n" +
            base());
  EXPECT_EQ(diagnostics.render(),
            "/etc/gate/b.yaml:1:1: error: the section \"workers\" is defined twice\n"
            "    1 | workers: 2\n"
            "      | ^~~~~~~ the first is at /etc/gate/main.yaml:2:1\n"
            "/etc/gate/b.yaml:2:13: error: the message \"m\" is defined twice\n"
            "    2 | messages: { m: b }\n"
            "      |             ^ the first is at /etc/gate/main.yaml:3:13\n"
            "/etc/gate/b.yaml:3:10: error: the list \"l\" is defined twice\n"
            "    3 | lists: { l: { values: [b] } }\n"
            "      |          ^ the first is at /etc/gate/main.yaml:4:10\n"
            "/etc/gate/b.yaml:4:15: error: the connector \"a\" is defined twice\n"
            "    4 | connectors: { a: { path: /b, dialect: b2c-userflow }, c: { path: /a, dialect: "
            "b2c-userflow } }\n"
            "      |               ^ the first is at /etc/gate/main.yaml:6:15\n"
            "/etc/gate/b.yaml:4:66: error: the connectors \"a\" and \"c\" have the same path\n"
            "    4 | connectors: { a: { path: /b, dialect: b2c-userflow }, c: { path: /a, dialect: "
            "b2c-userflow } }\n"
            "      |                                                                  ^~ the first "
            "is at /etc/gate/main.yaml:6:26\n");
}

TEST_F(LoadFiles, RefusesCyclesAndRepetitions) {
  source.files["/etc/gate/b.yaml"] = "include: [ ./main.yaml, b.yaml ]\n";
  source.files["/etc/gate/c.yaml"] = "messages: { m: a }\n";
  load_main("include: [ b.yaml, c.yaml, x/../c.yaml, none.yaml, \"\", 5 ]\n" + base());
  EXPECT_EQ(diagnostics.render(),
            "/etc/gate/main.yaml:1:28: error: this file is included twice\n"
            "    1 | include: [ b.yaml, c.yaml, x/../c.yaml, none.yaml, \"\", 5 ]\n"
            "      |                            ^~~~~~~~~~~ the first time at "
            "/etc/gate/main.yaml:1:20\n"
            "/etc/gate/main.yaml:1:41: error: cannot read /etc/gate/none.yaml: no such file\n"
            "    1 | include: [ b.yaml, c.yaml, x/../c.yaml, none.yaml, \"\", 5 ]\n"
            "      |                                         ^~~~~~~~~\n"
            "/etc/gate/main.yaml:1:52: error: expected the name of a file\n"
            "    1 | include: [ b.yaml, c.yaml, x/../c.yaml, none.yaml, \"\", 5 ]\n"
            "      |                                                    ^~ write include: "
            "[connectors.yaml]\n"
            "/etc/gate/main.yaml:1:56: error: expected a string, found the integer 5\n"
            "    1 | include: [ b.yaml, c.yaml, x/../c.yaml, none.yaml, \"\", 5 ]\n"
            "      |                                                        ^ put it in quotation "
            "marks: \"5\"\n"
            "/etc/gate/b.yaml:1:12: error: this file includes itself\n"
            "    1 | include: [ ./main.yaml, b.yaml ]\n"
            "      |            ^~~~~~~~~~~ by way of /etc/gate/b.yaml\n"
            "/etc/gate/b.yaml:1:25: error: this file includes itself\n"
            "    1 | include: [ ./main.yaml, b.yaml ]\n"
            "      |                         ^~~~~~\n");
}

TEST_F(LoadFiles, StopsALongChainOfIncludes) {
  for (int i = 0; i < 100; ++i) {
    source.files["/etc/gate/" + std::to_string(i) + ".yaml"] =
        "include: [ " + std::to_string(i + 1) + ".yaml ]\n";
  }
  load_main("include: [ 0.yaml ]\n" + base());
  EXPECT_EQ(diagnostics.errors(), 1u);
  EXPECT_NE(diagnostics.render().find("includes more than 64 deep"), std::string::npos);
}

TEST_F(LoadFiles, SaysNothingAboutMissingSectionsWhenAFileIsBroken) {
  source.files["/etc/gate/b.yaml"] = "connectors: [\n";
  load_main("include: [ b.yaml ]\n" + std::string(kListeners));
  EXPECT_EQ(diagnostics.errors(), 1u);
}

TEST_F(LoadFiles, ReplacesReferences) {
  source.variables = {{"HOST", "example.com"}, {"EMPTY", ""}, {"NESTED", "${env:HOST}"}};
  source.files["/etc/gate/secret"] = "line\r\n";
  source.files["/run/two-lines"] = "a\n\n";
  struct Case {
    std::string_view written, value;
    bool secret;
  };
  constexpr Case kCases[] = {
      {"\"plain\"", "plain", false},
      {"\"$ $a {x} $$ $}\"", "$ $a {x} $$ $}", false},
      {"\"$${env:HOST}\"", "${env:HOST}", false},
      {"\"$$${env:HOST}\"", "$${env:HOST}", false},
      {"\"${env:HOST}\"", "example.com", true},
      {"\"a ${env:HOST}, ${env:HOST} b\"", "a example.com, example.com b", true},
      {"\"x${env:EMPTY}\"", "x", true},
      {"\"${env:NESTED}\"", "${env:HOST}", true},  // not searched again
      {"\"${file:secret}\"", "line", true},
      {"\"${file:/run/two-lines}\"", "a\n", true},
      {"a ${env:HOST} b", "a example.com b", true},
      {"'${env:HOST}'", "example.com", true},
      {"|\n  ${env:HOST}", "example.com\n", true},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.written);
    diagnostics = {};
    const Config config = load_main(base() + "messages:\n m: " + std::string(c.written) + "\n");
    ASSERT_EQ(diagnostics.render(), "");
    const Text& text = config.messages.at(0).texts.at(0).second;
    EXPECT_EQ(text.value, c.value);
    EXPECT_EQ(text.secret, c.secret);
  }
}

TEST_F(LoadFiles, LetsReferencesStandForOtherTypes) {
  source.variables = {{"WORKERS", "4"},
                      {"DEADLINE", "2s"},
                      {"ADDRESS", "127.0.0.1:80"},
                      {"DIALECT", "b2c-userflow"},
                      {"SHARE", "0.5"},
                      {"BODY", "64KiB"},
                      {"YES", "true"}};
  const Config config = load_main(
      "listeners: [ { address: \"${env:ADDRESS}\" } ]\nworkers: ${env:WORKERS}\n"
      "limits: { body_bytes: \"${env:BODY}\" }\naccess_log: { sample: \"${env:SHARE}\" }\n"
      "connectors:\n  a: { path: /a, dialect: \"${env:DIALECT}\", deadline: \"${env:DEADLINE}\",\n"
      "       rules: [ { name: r, continue: {}, when: { c: { exists: \"${env:YES}\" } } } ] }\n");
  ASSERT_EQ(diagnostics.render(), "");
  EXPECT_EQ(config.workers, 4);
  EXPECT_EQ(config.listeners.at(0).address.port, 80);
  EXPECT_EQ(config.limits.body_bytes, 64 << 10);
  EXPECT_EQ(config.access_log.sample, 0.5);
  EXPECT_EQ(config.connectors.at(0).deadline, milliseconds{2000});
}

TEST_F(LoadFiles, RefusesWhatCannotBePartOfAConfiguration) {
  source.variables = {{"BINARY", "\xff"},
                      {"LONG", std::string((64 << 10) + 1, 'a')},
                      {"FITS", std::string(64 << 10, 'a')}};
  source.files["/etc/gate/zero"] = std::string("a\0b", 3);
  load_main(base() +
            "messages: { a: \"${env:BINARY}\", b: \"${env:LONG}\", c: \"${file:zero}\", "
            "d: \"${env:FITS}\" }\n");
  const std::string rendered = diagnostics.render();
  EXPECT_EQ(diagnostics.errors(), 3u) << rendered;
  EXPECT_NE(rendered.find("BINARY is not UTF-8"), std::string::npos);
  EXPECT_NE(rendered.find("LONG is larger than 64 KiB"), std::string::npos);
  EXPECT_NE(rendered.find("/etc/gate/zero has a zero byte in it"), std::string::npos);
}

TEST_F(LoadFiles, NeverPrintsASecret) {
  source.variables = {{"S", "sesame open"}};
  const std::string s = "\"${env:S}\"";
  load_main("listeners: [ { address: " + s + " } ]\nworkers: " + s + "\nfallback_locale: " + s +
            "\nlimits: { body_bytes: " + s + ", idle_timeout: " + s + ", json_depth: " + s +
            " }\naccess_log: { sample: " + s +
            " }\ninclude: [ \"a${env:S}\" ]\n"
            "lists: { l: { file: x, match: " +
            s +
            " } }\n"
            "connectors:\n  a: { path: " +
            s + ", dialect: " + s + ", deadline: " + s +
            ", auth: { basic: { username: \"${env:S}:\", password: " + s + " } } }\n");
  const std::string rendered = diagnostics.render();
  EXPECT_GE(diagnostics.errors(), 12u) << rendered;
  // The name of an included file is shown: it cannot be found otherwise.
  std::size_t shown = 0;
  for (std::size_t at = rendered.find("sesame"); at != std::string::npos;
       at = rendered.find("sesame", at + 1)) {
    ++shown;
  }
  EXPECT_EQ(shown, 1u) << rendered;
}

TEST_F(LoadFiles, RefusesNestingAboveTheLimit) {
  const auto nested = [](std::size_t depth) {
    return "x: " + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "\n";
  };
  load_main(nested(kDepthMax) + base());
  EXPECT_EQ(diagnostics.render().find("nested more than"), std::string::npos);
  diagnostics = {};
  load_main(nested(kDepthMax + 1) + base());
  EXPECT_NE(diagnostics.render().find("nested more than 64 levels deep"), std::string::npos);
  for (const std::string_view unit : {"[", "{a: ", "- ", "? ", "- [", "a:\n"}) {
    SCOPED_TRACE(unit);
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += unit;
    diagnostics = {};
    load_main(text);
    EXPECT_TRUE(diagnostics.has_errors());
  }
}

TEST_F(LoadFiles, RefusesNestingThatAliasesMake) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 80; ++i) {
    const std::string n = std::to_string(i);
    text += "a" + n + ": &a" + n + " [*a" + std::to_string(i - 1) + "]\n";
  }
  load_main(text);
  EXPECT_NE(diagnostics.render().find("nested more than 64 levels deep"), std::string::npos);
}

TEST_F(LoadFiles, DefusesABillionLaughs) {
  std::string text = "lists:\n  l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string above = "*l" + std::to_string(i - 1);
    text += "  l" + std::to_string(i) + ": &l" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += (k == 0 ? "" : ", ") + above;
    text += "]\n";
  }
  load_main(text);
  EXPECT_EQ(diagnostics.errors(), 1u);
  EXPECT_NE(diagnostics.render().find("aliases make more than 1000000 values"), std::string::npos);
}

TEST_F(LoadFiles, RefusesAFileThatIsTooLarge) {
  load_main(std::string(kFileBytesMax + 1, '#'));
  EXPECT_NE(diagnostics.render().find("the file is larger than 8 MiB"), std::string::npos);
}

TEST_F(LoadFiles, ReadsALargeFileInOneGo) {
  std::string text = base() + "lists:\n  l:\n    values:\n";
  for (int i = 0; i < 50'000; ++i) text += "      - person" + std::to_string(i) + "@example.com\n";
  const Config config = load_main(std::move(text));
  ASSERT_EQ(diagnostics.render(), "");
  EXPECT_EQ(config.lists.at(0).values.size(), 50'000u);
}

}  // namespace
}  // namespace core::config
