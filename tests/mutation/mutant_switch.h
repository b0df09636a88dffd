#pragma once

// Included before every mutated source. ETALON_MUTANT is the number of the mutant that is on;
// ETALON_MUTANT_TRACE names a file that is told which mutants a run passes by.

#include <cstdio>
#include <cstdlib>

inline int EtalonMutantChosen() {
  static const int chosen = [] {
    const char* text = std::getenv("ETALON_MUTANT");
    return text == nullptr ? -1 : std::atoi(text);
  }();
  return chosen;
}

inline void EtalonMutantPassedBy(int number) {
  static unsigned char seen[65536] = {};
  static std::FILE* const file = [] {
    const char* name = std::getenv("ETALON_MUTANT_TRACE");
    return name == nullptr ? nullptr : std::fopen(name, "a");
  }();
  if (file == nullptr || seen[number] != 0) return;
  seen[number] = 1;
  std::fprintf(file, "%d\n", number);
  std::fflush(file);
}

inline bool EtalonMutantIsOn(int number) {
  static const bool tracing = std::getenv("ETALON_MUTANT_TRACE") != nullptr;
  if (tracing) EtalonMutantPassedBy(number);
  return number == EtalonMutantChosen();
}
