#include "tools/gpu_check_program/suite.h"

#include <chrono>
#include <cstdio>

#include "tools/gpu_check_program/catch2/catch.hpp"

namespace gpu_check {
namespace {

std::vector<std::string> captured;
int checks = 0, failures = 0;

}  // namespace

std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

void Captured::Enter(const std::string& text) { captured.push_back(text); }
Captured::~Captured() { captured.pop_back(); }

void Report(bool holds, const char* expression, const char* file, int line) {
  constexpr int kPrinted = 5;
  ++checks;
  if (holds || ++failures > kPrinted) return;
  std::printf("    %s:%d: does not hold: %s\n", file, line, expression);
  for (const std::string& text : captured) std::printf("      %s\n", text.c_str());
}

}  // namespace gpu_check

namespace pumasi {

bool RunSuite() {
  using gpu_check::checks;
  using gpu_check::failures;
  int failed = 0;
  for (const gpu_check::Test& test : gpu_check::Tests()) {
    checks = failures = 0;
    const auto start = std::chrono::steady_clock::now();
    try {
      test.run();
    } catch (const gpu_check::Stop&) {
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("  %-4s %6d checks %7.2f s  %s\n", failures == 0 ? "ok" : "FAIL", checks, seconds.count(), test.name);
    std::fflush(stdout);
    failed += failures > 0;
  }
  std::printf("%zu tests, %d failed\n", gpu_check::Tests().size(), failed);
  return failed == 0;
}

}  // namespace pumasi
