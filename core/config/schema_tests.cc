// The rows of conditions: what may be asked in `when`.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr Key kTestKeys[] = {
    {.name = "equals",
     .shape = Shape::kScalar,
     .example = "Sweden",
     .words = "The same value. `country: Sweden` is short for it."},
    {.name = "not_equals", .shape = Shape::kScalar, .example = "Sweden", .words = "Another value."},
    {.name = "in",
     .shape = Shape::kScalars,
     .example = "[Sweden, Norway]",
     .words = "One of these values."},
    {.name = "not_in",
     .shape = Shape::kScalars,
     .example = "[Sweden, Norway]",
     .words = "None of these values."},
    {.name = "in_list",
     .shape = Shape::kStringOrList,
     .example = "partners",
     .words = "In the list of that name, or in one of several."},
    {.name = "not_in_list",
     .shape = Shape::kStringOrList,
     .example = "partners",
     .words = "In none of these lists."},
    {.name = "starts_with",
     .shape = Shape::kStringOrList,
     .example = "\"+46\"",
     .words = "Begins with this text, or with one of several."},
    {.name = "ends_with",
     .shape = Shape::kStringOrList,
     .example = "\".gov\"",
     .words = "Ends with this text, or with one of several."},
    {.name = "contains",
     .shape = Shape::kStringOrList,
     .example = "test",
     .words = "Has this text in it, or one of several."},
    {.name = "matches",
     .shape = Shape::kStringOrList,
     .example = "'^\\d{3} ?\\d{2}$'",
     .words = "Matches this RE2 pattern, or one of several."},
    {.name = "not_matches",
     .shape = Shape::kStringOrList,
     .example = "'^\\d{3} ?\\d{2}$'",
     .words = "Matches none of these RE2 patterns."},
    {.name = "length",
     .shape = Shape::kLength,
     .example = "{ min: 2, max: 64 }",
     .words = "The number of characters: exactly, or from `min` to `max`.",
     .least = 0,
     .most = 1'000'000,
     .object = &kLengthRange},
    {.name = "less_than",
     .shape = Shape::kAnyNumber,
     .example = "100",
     .words = "A number below this one; a text that writes a number is one."},
    {.name = "at_most",
     .shape = Shape::kAnyNumber,
     .example = "100",
     .words = "A number that is this one or below it."},
    {.name = "greater_than",
     .shape = Shape::kAnyNumber,
     .example = "0",
     .words = "A number above this one."},
    {.name = "at_least",
     .shape = Shape::kAnyNumber,
     .example = "1",
     .words = "A number that is this one or above it."},
    {.name = "before",
     .shape = Shape::kString,
     .example = "today-1y",
     .words = "A date (`2026-12-01`) or instant (RFC 3339) before this one, or before `today` or "
              "`now`, with offsets in y, mo, w, d, and of `now` also h, m, s. UTC; with a date on "
              "either side dates are compared."},
    {.name = "after",
     .shape = Shape::kString,
     .example = "2026-12-01T08:00Z",
     .words = "A date or instant after this one, written as in `before`."},
    {.name = "age_at_least",
     .shape = Shape::kInteger,
     .example = "18",
     .words = "A birth date so many full years ago, on the date in UTC.",
     .least = 0,
     .most = 200},
    {.name = "age_under",
     .shape = Shape::kInteger,
     .example = "18",
     .words = "A birth date not so many full years ago, or to come.",
     .least = 0,
     .most = 200},
    {.name = "in_network",
     .shape = Shape::kStringOrList,
     .example = "[192.0.2.0/24, \"2001:db8::/32\"]",
     .words = "An IP address in this network, or in one of several."},
    {.name = "not_in_network",
     .shape = Shape::kStringOrList,
     .example = "192.0.2.0/24",
     .words = "In none of these networks; also what is no IP address."},
    {.name = "is_email",
     .shape = Shape::kBoolean,
     .example = "true",
     .words = "An e-mail address as sign-up forms accept it; `false`: a value that is none."},
    {.name = "is_phone",
     .shape = Shape::kRegion,
     .example = "true",
     .words = "A phone number of a numbering plan, national ones of the claim `country` or of the "
              "country that is named; `false`: a value that is none.",
     .object = &kCountryOf},
    {.name = "is_possible_phone",
     .shape = Shape::kRegion,
     .example = "{ country: SE }",
     .words = "The same by its length alone.",
     .object = &kCountryOf},
    {.name = "is_postcode",
     .shape = Shape::kRegion,
     .example = "{ claim: extension_country }",
     .words = "A postal code of the shape that the country's have, as in `is_phone`. Where a country "
              "has none, or is not known, any text but a blank one.",
     .object = &kCountryOf},
    {.name = "same_as",
     .shape = Shape::kString,
     .example = "email",
     .words = "The same text as another claim or derived value, which must be there."},
    {.name = "not_same_as",
     .shape = Shape::kString,
     .example = "email",
     .words = "Another text than that claim's, which must be there."},
    {.name = "scripts",
     .shape = Shape::kStringOrList,
     .example = "[Latin, Greek]",
     .words = "No letters but those of these scripts (Unicode names or ISO 15924 codes)."},
    {.name = "mixed_scripts",
     .shape = Shape::kBoolean,
     .example = "true",
     .words = "Letters of several scripts that do not belong together (UTS 39, beyond highly "
              "restrictive), as in look-alikes; `false`: a value without."},
    {.name = "looks_like",
     .shape = Shape::kTemplate,
     .example = "\"{displayName | lower}\"",
     .words = "Can hardly be told from this text (UTS 39 skeletons; letter case counts). A text with "
              "a missing claim looks like nothing."},
    {.name = "exists",
     .shape = Shape::kBoolean,
     .example = "true",
     .words = "The claim was sent, and is not null; `false` is `missing: true`."},
    {.name = "missing",
     .shape = Shape::kBoolean,
     .example = "true",
     .words = "The claim was not sent, or is null; `false` is `exists: true`."},
};

constexpr Key kLengthRangeKeys[] = {
    {.name = "min",
     .shape = Shape::kInteger,
     .example = "2",
     .words = "At least so many characters.",
     .least = 0,
     .most = 1'000'000},
    {.name = "max",
     .shape = Shape::kInteger,
     .example = "64",
     .words = "At most so many characters.",
     .least = 0,
     .most = 1'000'000},
};

constexpr Key kCountryOfKeys[] = {
    {.name = "country",
     .shape = Shape::kString,
     .example = "SE",
     .words = "An ISO 3166-1 code."},
    {.name = "claim",
     .shape = Shape::kString,
     .example = "extension_country",
     .words = "A claim or derived value with a country's code or name."},
};
constexpr string_view kCountryOfOne[] = {"country", "claim"};

constexpr Key kPercentKeys[] = {
    {.name = "of",
     .shape = Shape::kNumber,
     .required = true,
     .example = "25",
     .words = "How many of a hundred.",
     .least = 0,
     .most = 100},
    {.name = "by",
     .shape = Shape::kString,
     .required = true,
     .example = "email.canonical",
     .words = "A claim or derived value: the same value always falls the same way. A request without "
              "it is not among them."},
    {.name = "salt",
     .shape = Shape::kString,
     .required = true,
     .example = "rollout-1",
     .words = "Names the choice: another salt chooses others. The choice is the same on every machine "
              "and in every release (SipHash-2-4, see rules.md)."},
};

constexpr Key kTimeKeys[] = {
    {.name = "from",
     .shape = Shape::kString,
     .example = "2026-12-01T08:00Z",
     .words = "From this instant or date on."},
    {.name = "until",
     .shape = Shape::kString,
     .example = "2027-01-01",
     .words = "Before this instant or date."},
    {.name = "days",
     .shape = Shape::kStringOrList,
     .example = "[mon-fri]",
     .words = "On these days of the week."},
    {.name = "hours",
     .shape = Shape::kString,
     .example = "\"08:00-18:00\"",
     .words = "Within these hours of the day; over midnight as in `22:00-06:00`, which belongs to the "
              "day it begins on."},
    {.name = "utc_offset",
     .shape = Shape::kString,
     .fallback = "Z",
     .example = "\"+01:00\"",
     .words = "How far the clock of `days` and `hours` is ahead of UTC, all year."},
};

constexpr Key kClaimErrorsKeys[] = {
    {.name = "message",
     .shape = Shape::kName,
     .required = true,
     .example = "check_fields",
     .words = "What is told first."},
    {.name = "claims",
     .shape = Shape::kClaimNames,
     .required = true,
     .example = "{ postalCode: postcode }",
     .words = "Claims, each with the message that is about it."},
};

constexpr Key kIncludeKeys[] = {
    {.name = "include",
     .shape = Shape::kString,
     .required = true,
     .example = "postal",
     .words = "The name of a group of `rule_groups`."},
    {.name = "with",
     .shape = Shape::kArguments,
     .example = "{ claim: postalCode }",
     .words = "A value for each of its parameters: a text, a number, a list or a map."},
    {.name = "name",
     .shape = Shape::kString,
     .example = "home address",
     .words = "What stands in front of the names of its rules, instead of the group's name."},
};

constexpr Key kRuleGroupKeys[] = {
    {.name = "parameters",
     .shape = Shape::kStrings,
     .example = "[claim, message]",
     .words = "Names that its rules use as `${with:NAME}`."},
    {.name = "rules",
     .shape = Shape::kRules,
     .required = true,
     .example = "[ { name: digits, block: postcode } ]",
     .words = "Its rules, which may include other groups.",
     .object = &kRule},
};

}  // namespace

constinit const Object kTests{
    .name = "test",
    .words =
        "What may be asked of a claim or derived value in `when`. Members of `when` are "
        "joined by and; `all` and `any` take a list of conditions, `not` takes one; `percent` and "
        "`time` stand for themselves. These five words always mean that, quoted or not: a claim of "
        "that name is written with a filter, as in `all | trim`. A missing claim passes no test but "
        "`missing`.",
    .keys = kTestKeys,
    .noun = "test"};
constinit const Object kLengthRange{.name = "length",
                                    .words = "`length`, as a range. One of the two may be absent.",
                                    .keys = kLengthRangeKeys};
constinit const Object kCountryOf{.name = "country_of",
                                  .words = "The country of `is_phone` and `is_postcode`.",
                                  .keys = kCountryOfKeys,
                                  .exactly_one = kCountryOfOne};
constinit const Object kPercent{.name = "percent",
                                .words = "`percent` in `when`: a stable share of requests.",
                                .keys = kPercentKeys};
constinit const Object kTimeWindow{.name = "time",
                                   .words = "`time` in `when`: when the request comes. All that is "
                                            "written must hold.",
                                   .keys = kTimeKeys};
constinit const Object kClaimErrors{
    .name = "claim_errors",
    .words = "`validation_error` with messages for single claims. A dialect without a place for them "
             "tells each on a line of its own behind the message.",
    .keys = kClaimErrorsKeys};
constinit const Object kInclude{
    .name = "include", .words = "The rules of a group, in the place of this item of `rules`.",
    .keys = kIncludeKeys};
constinit const Object kRuleGroup{
    .name = "rule_group", .words = "One member of `rule_groups`.", .keys = kRuleGroupKeys};

}  // namespace core::config::schema
