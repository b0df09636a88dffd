#include "sop/journal/canonical_json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace sop::journal {
namespace {

using nlohmann::json;

std::string Refusal(std::string_view text) {
  try {
    (void)ParseStrict(text);
  } catch (const CanonicalJsonError& error) {
    return error.what();
  }
  return "accepted";
}

std::string Through(std::string_view text) { return Canonicalise(ParseStrict(text)); }

struct NumberVector {
  std::uint64_t bits;
  const char* text;
};

// RFC 8785, appendix B, whole.
constexpr NumberVector kAppendixB[] = {
    {0x0000000000000000, "0"},
    {0x8000000000000000, "0"},
    {0x0000000000000001, "5e-324"},
    {0x8000000000000001, "-5e-324"},
    {0x7fefffffffffffff, "1.7976931348623157e+308"},
    {0xffefffffffffffff, "-1.7976931348623157e+308"},
    {0x4340000000000000, "9007199254740992"},
    {0xc340000000000000, "-9007199254740992"},
    {0x4430000000000000, "295147905179352830000"},
    {0x44b52d02c7e14af5, "9.999999999999997e+22"},
    {0x44b52d02c7e14af6, "1e+23"},
    {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
    {0x444b1ae4d6e2ef4e, "999999999999999700000"},
    {0x444b1ae4d6e2ef4f, "999999999999999900000"},
    {0x444b1ae4d6e2ef50, "1e+21"},
    {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
    {0x3eb0c6f7a0b5ed8d, "0.000001"},
    {0x41b3de4355555553, "333333333.3333332"},
    {0x41b3de4355555554, "333333333.33333325"},
    {0x41b3de4355555555, "333333333.3333333"},
    {0x41b3de4355555556, "333333333.3333334"},
    {0x41b3de4355555557, "333333333.33333343"},
    {0xbecbf647612f3696, "-0.0000033333333333333333"},
    {0x43143ff3c1cb0959, "1424953923781206.2"},
};

TEST(CanonicalJson, WritesTheNumbersOfRfc8785AppendixB) {
  for (const auto& [bits, text] : kAppendixB) {
    EXPECT_EQ(Canonicalise(std::bit_cast<double>(bits)), text);
  }
}

TEST(CanonicalJson, ReadsBackWhatItWrites) {
  for (const auto& [bits, text] : kAppendixB) EXPECT_EQ(Through(text), text);
  std::uint64_t state = 20261122;
  for (int i = 0; i < 20000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto value = std::bit_cast<double>(state);
    if (!std::isfinite(value)) continue;
    const std::string text = Canonicalise(value);
    EXPECT_EQ(ParseStrict(text).get<double>(), value == 0.0 ? 0.0 : value) << text;
    EXPECT_EQ(Through(text), text);
  }
}

TEST(CanonicalJson, RefusesNumbersThatJsonDoesNotHave) {
  EXPECT_THROW((void)Canonicalise(std::numeric_limits<double>::quiet_NaN()), CanonicalJsonError);
  EXPECT_THROW((void)Canonicalise(std::numeric_limits<double>::infinity()), CanonicalJsonError);
  EXPECT_NE(Refusal("1e999"), "accepted");
  EXPECT_NE(Refusal("NaN"), "accepted");
}

TEST(CanonicalJson, IntegersKeepEveryDigitOrAreRefused) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 53;
  EXPECT_EQ(Canonicalise(kLimit), "9007199254740992");
  EXPECT_EQ(Canonicalise(-kLimit), "-9007199254740992");
  EXPECT_THROW((void)Canonicalise(kLimit + 1), CanonicalJsonError);
  EXPECT_THROW((void)Canonicalise(-kLimit - 1), CanonicalJsonError);
  EXPECT_THROW((void)Canonicalise(std::numeric_limits<std::uint64_t>::max()), CanonicalJsonError);
  EXPECT_NE(Refusal("9007199254740993"), "accepted");
  EXPECT_NE(Refusal("-9007199254740993"), "accepted");
  EXPECT_NE(Refusal("100000000000000000001"), "accepted");
  EXPECT_EQ(Through("10000000000000000"), "10000000000000000");
  EXPECT_EQ(Through("-0"), "0");
  EXPECT_EQ(Through("56.0"), "56");
}

// RFC 8785, 3.2.2: the serialisation example.
TEST(CanonicalJson, WritesTheExampleOfRfc8785) {
  EXPECT_EQ(Through(R"({
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false] })"),
            "{\"literals\":[null,true,false],"
            "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

// RFC 8785, 3.2.3: the sorting example; in code-point order the emoji would come last.
TEST(CanonicalJson, SortsKeysByUtf16CodeUnits) {
  EXPECT_EQ(Through(R"({"\u20ac":"Euro Sign","\r":"Carriage Return",
      "\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face",
      "\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"})"),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\","
            "\"\xC3\xB6\":\"Latin Small Letter O With Diaeresis\",\"\xE2\x82\xAC\":\"Euro Sign\","
            "\"\xF0\x9F\x98\x80\":\"Emoji: Grinning Face\","
            "\"\xEF\xAC\xB3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

TEST(CanonicalJson, EscapesOnlyWhatMustBe) {
  std::string all;
  for (char c = 1; c < 0x20; ++c) all.push_back(c);
  EXPECT_EQ(Canonicalise(all),
            "\"\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e"
            "\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a"
            "\\u001b\\u001c\\u001d\\u001e\\u001f\"");
  EXPECT_EQ(Canonicalise("</script>\x7F"), "\"</script>\x7F\"");
  EXPECT_EQ(Canonicalise(json::object()), "{}");
  EXPECT_EQ(Canonicalise(json::array()), "[]");
}

TEST(CanonicalJson, RefusesInvalidUtf8WhenWriting) {
  for (const char* text : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82",
                           "\xF8\x88\x80\x80\x80", "\x80"}) {
    EXPECT_THROW((void)Canonicalise(std::string(text)), CanonicalJsonError);
    EXPECT_THROW((void)Canonicalise({{text, 1}}), CanonicalJsonError);
  }
}

TEST(ParseStrict, RefusesInvalidUtf8AndLoneSurrogates) {
  EXPECT_NE(Refusal("\"\xFF\""), "accepted");
  EXPECT_NE(Refusal("\"\xC0\x80\""), "accepted");
  EXPECT_NE(Refusal("\"\xED\xA0\x80\""), "accepted");
  EXPECT_NE(Refusal("\"\\ud800\""), "accepted");
  EXPECT_NE(Refusal("\"\\udc00\\ud800\""), "accepted");
}

TEST(ParseStrict, RefusesDuplicateKeys) {
  EXPECT_EQ(Refusal(R"({"a":1,"b":2,"a":1})"), "the key 'a' occurs twice in one object");
  EXPECT_EQ(Refusal(R"({"a":1,"\u0061":2})"), "the key 'a' occurs twice in one object");
  EXPECT_EQ(Refusal(R"([{"a":{"a":1}},{"a":2}])"), "accepted");
}

TEST(ParseStrict, RefusesDepthBeforeTheStackIsSpent) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(Refusal(nested(kMaxJsonDepth)), "accepted");
  EXPECT_EQ(Refusal(nested(kMaxJsonDepth + 1)), "the text is nested too deeply");
  EXPECT_EQ(Refusal(std::string(5'000'000, '[')), "the text is nested too deeply");
  json deep = json::array();
  for (int i = 1; i < kMaxJsonDepth; ++i) deep = json::array({std::move(deep)});
  EXPECT_EQ(Canonicalise(deep), nested(kMaxJsonDepth));
  EXPECT_THROW((void)Canonicalise(json::array({deep})), CanonicalJsonError);
}

TEST(ParseStrict, RefusesTextThatSpendsMemory) {
  EXPECT_EQ(Refusal(std::string(kMaxJsonBytes + 1, ' ')), "the text is too long");
  std::string many = "[0";
  for (std::size_t i = 1; i < kMaxJsonValues; ++i) many += ",0";
  EXPECT_EQ(Refusal(many + "]"), "the text holds too many values");
}

TEST(ParseStrict, RefusesWhatLenientParsersPassOver) {
  EXPECT_EQ(Refusal(std::string_view("{}\0{}", 5)), "the text holds a NUL byte");
  EXPECT_EQ(Refusal("\xEF\xBB\xBF{}"), "the text begins with a byte order mark");
  for (const char* text : {"", " ", "{} {}", "[1,]", "{\"a\":1,}", "/**/1", "01", "+1", "1.", ".5",
                           "'a'", "{a:1}", "\"\t\"", "[1", "nul", "1 //x", "0x10", "- 1"}) {
    EXPECT_NE(Refusal(text), "accepted") << text;
  }
}

}  // namespace
}  // namespace sop::journal
