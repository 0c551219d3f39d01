// Lines of JSON: what is plainly right is read, all else is handed back whole.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "documents/json_lines.hpp"

using namespace bytestride;

namespace {

struct Found {
  std::vector<std::string> texts;
  std::vector<std::string> unclear;
};

Found find(std::string_view data, std::string_view member = "text") {
  // A copy of just this size, so that a step over its end is seen.
  const std::vector<char> copy(data.begin(), data.end());
  const ByteSpan bytes(copy.data(), copy.size());
  const JsonLineTexts found = json_line_texts(bytes, member);
  REQUIRE(found.offsets.size() == found.lines.size() + 1);
  Found out;
  for (std::size_t i = 0; i < found.lines.size(); ++i) {
    const auto begin = static_cast<std::size_t>(found.offsets[i]);
    const auto end = static_cast<std::size_t>(found.offsets[i + 1]);
    out.texts.emplace_back(static_cast<const char*>(found.text.data()) + begin, end - begin);
    CHECK((found.lines[i] == 0 || data[static_cast<std::size_t>(found.lines[i]) - 1] == '\n'));
  }
  for (std::size_t i = 0; i < found.unclear.size(); i += 2) {
    const auto begin = static_cast<std::size_t>(found.unclear[i]);
    const auto end = static_cast<std::size_t>(found.unclear[i + 1]);
    out.unclear.emplace_back(data.substr(begin, end - begin));
  }
  return out;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("texts are unescaped, and other members are looked over") {
  const Found found = find(
      "{\"id\": -1.5e+3, \"text\": \"a\\n\\u00e9\\ud83d\\ude00\\/\", \"x\": [1, {\"text\": "
      "\"no\"}]}\n"
      "\n \t\r\n"
      "{\"text\":\"\"}\r\n"
      "{\"x\":{},\"y\":[],\"z\":[true,false,null],\"text\":\"0123456789abcdef\\\\0123456789\"}");
  CHECK(found.texts == Strings{"a\n\u00e9\U0001F600/", "", "0123456789abcdef\\0123456789"});
  CHECK(found.unclear.empty());
}

TEST_CASE("what is not plainly right is handed back") {
  for (const std::string_view line : {"{",
                                      "{}",
                                      "[]",
                                      "null",
                                      "{\"text\": 1}",
                                      "{\"text\": \"a\"",
                                      "{\"text\": \"a\"} x",
                                      "{\"text\": \"a\", \"text\": \"b\"}",
                                      "{\"te\\u0078t\": \"a\"}",
                                      "{\"text\": \"\\ud800\"}",
                                      "{\"text\": \"\\ude00\"}",
                                      "{\"text\": \"\\ud800\\u0041\"}",
                                      "{\"text\": \"\\x\"}",
                                      "{\"text\": \"\\u00g0\"}",
                                      "{\"text\": \"\\u00",
                                      "{\"x\": 01, \"text\": \"a\"}",
                                      "{\"x\": 1., \"text\": \"a\"}",
                                      "{\"x\": NaN, \"text\": \"a\"}",
                                      "{\"text\": \"a\tb\"}",
                                      "{\"text\": \"\xff\"}",
                                      "{\"x\": \"\xc3\", \"text\": \"a\"}",
                                      "{\"text\": \"a\",}",
                                      "{\"x\": tru, \"text\": \"a\"}",
                                      "{\"x\" 1, \"text\": \"a\"}"}) {
    CAPTURE(line);
    const std::string good = "{\"text\": \"good\"}";
    CHECK(find(line).unclear == Strings{std::string(line)});
    const Found between = find(good + "\n" + std::string(line) + "\n" + good);
    CHECK(between.texts == Strings{"good", "good"});
    CHECK(between.unclear == Strings{std::string(line)});
  }
}

TEST_CASE("a line may be cut anywhere, and a sign may stand anywhere") {
  const std::string line = "{\"x\": [\"\\u00e9\", -0.5e-7, {\"y\": null}], \"text\": \"a\\tb\"}";
  for (std::size_t n = 1; n < line.size(); ++n) {
    CHECK(find(std::string_view(line).substr(0, n)).texts.empty());
  }
  for (std::size_t n = 0; n < 40; ++n) {
    const std::string before(n, 'x');
    for (const std::string_view sign : {"\\\"", "\\\\", "\\u0001"}) {
      const std::string text = before + std::string(sign) + "yz";
      const Found found = find("{\"text\":\"" + text + "\"}");
      REQUIRE(found.texts.size() == 1);
      const char expected = sign == "\\u0001" ? '\x01' : sign[1];
      CHECK(found.texts[0] == before + expected + "yz");
    }
    CHECK(find("{\"text\":\"" + before + "\x1f\"}").texts.empty());
    CHECK(find("{\"text\":\"" + before + "\x7f\"}").texts.size() == 1);
  }
}

TEST_CASE("depth is bounded") {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(find("{\"x\":" + deep + ",\"text\":\"a\"}").unclear.size() == 1);
  const std::string shallow = std::string(100, '[') + std::string(100, ']');
  CHECK(find("{\"x\":" + shallow + ",\"text\":\"a\"}").texts == Strings{"a"});
}
