#include "monitor/agent/glob.h"

#include <cstddef>
#include <vector>

namespace monitor::agent {
namespace {

/// One step of a pattern: what it accepts, and whether it may be repeated or left out.
struct Step {
  enum class Kind { kOne, kAnyInPart, kSet, kRun, kParts };
  Kind kind = Kind::kOne;
  unsigned char byte = 0;
  std::string_view set;  ///< between the brackets
};

bool InSet(std::string_view set, unsigned char byte) {
  const bool negated = !set.empty() && (set[0] == '!' || set[0] == '^');
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < set.size(); ++i) {
    const auto low = static_cast<unsigned char>(set[i]);
    if (i + 2 < set.size() && set[i + 1] == '-') {
      found = found || (low <= byte && byte <= static_cast<unsigned char>(set[i + 2]));
      i += 2;
    } else {
      found = found || low == byte;
    }
  }
  return found != negated;
}

bool Accepts(const Step& step, unsigned char byte) {
  switch (step.kind) {
    case Step::Kind::kOne:
      return step.byte == byte;
    case Step::Kind::kAnyInPart:
    case Step::Kind::kRun:
      return byte != '/';
    case Step::Kind::kSet:
      return byte != '/' && InSet(step.set, byte);
    case Step::Kind::kParts:
      return true;
  }
  return false;
}

bool IsWholePart(std::string_view glob, std::size_t at) {
  const bool begins = at == 0 || glob[at - 1] == '/';
  const bool ends = at + 2 == glob.size() || glob[at + 2] == '/';
  return begins && ends;
}

std::vector<Step> Parse(std::string_view glob) {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < glob.size(); ++i) {
    if (glob.substr(i, 2) == "**" && IsWholePart(glob, i)) {
      // "**/" is one step that takes whole parts with their slash; a final "**" takes the rest.
      steps.push_back({.kind = Step::Kind::kParts, .byte = 0, .set = {}});
      i += i + 2 < glob.size() ? 2U : 1U;
    } else if (glob[i] == '*') {
      steps.push_back({.kind = Step::Kind::kRun, .byte = 0, .set = {}});
    } else if (glob[i] == '?') {
      steps.push_back({.kind = Step::Kind::kAnyInPart, .byte = 0, .set = {}});
    } else if (const auto close = glob.find(']', i + 2);
               glob[i] == '[' && close != std::string_view::npos) {
      steps.push_back(
          {.kind = Step::Kind::kSet, .byte = 0, .set = glob.substr(i + 1, close - i - 1)});
      i = close;
    } else {
      steps.push_back(
          {.kind = Step::Kind::kOne, .byte = static_cast<unsigned char>(glob[i]), .set = {}});
    }
  }
  return steps;
}

/// Marks every state that is reached from a marked one without a character.
void Close(const std::vector<Step>& steps, bool at_part_start, std::vector<char>& states) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!states[i]) continue;
    const bool run = steps[i].kind == Step::Kind::kRun;
    const bool parts = steps[i].kind == Step::Kind::kParts;
    if (run || (parts && (at_part_start || i + 1 == steps.size()))) states[i + 1] = 1;
  }
}

}  // namespace

bool MatchesGlob(std::string_view glob, std::string_view path) {
  const std::vector<Step> steps = Parse(glob);
  std::vector<char> states(steps.size() + 1, 0);
  states[0] = 1;
  Close(steps, true, states);
  for (const char character : path) {
    const auto byte = static_cast<unsigned char>(character);
    std::vector<char> next(steps.size() + 1, 0);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!states[i] || !Accepts(steps[i], byte)) continue;
      const bool repeats = steps[i].kind == Step::Kind::kRun || steps[i].kind == Step::Kind::kParts;
      next[repeats ? i : i + 1] = 1;
    }
    Close(steps, byte == '/', next);
    states = std::move(next);
  }
  return states[steps.size()] != 0;
}

}  // namespace monitor::agent
