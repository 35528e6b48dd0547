// The few words of Catch2 that tests/cuda uses, for machines that have nothing but the CUDA toolkit.
#ifndef PUMASI_TOOLS_GPU_CHECK_PROGRAM_CATCH2_CATCH_HPP_
#define PUMASI_TOOLS_GPU_CHECK_PROGRAM_CATCH2_CATCH_HPP_

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

namespace gpu_check {

struct Test {
  const char* name;
  void (*run)();
};
std::vector<Test>& Tests();

struct Registered {
  Registered(const char* name, void (*run)()) { Tests().push_back({name, run}); }
};

// What ends a test whose REQUIRE does not hold.
struct Stop {};

// Prints what does not hold, with what CAPTURE holds at the moment.
void Report(bool holds, const char* expression, const char* file, int line);

inline void Print(std::ostream& out, const std::string& text) { out << text; }
template <typename T>
void Print(std::ostream& out, const T& value) {
  if constexpr (requires { out << value; }) {
    out << value;
  } else {
    out << "{ ";
    for (const auto& element : value) {
      Print(out, element);
      out << ' ';
    }
    out << '}';
  }
}

class Captured {
 public:
  template <typename... T>
  explicit Captured(const char* names, const T&... values) {
    std::ostringstream out;
    out << names << " =";
    ((out << ' ', Print(out, values)), ...);
    Enter(out.str());
  }
  ~Captured();

 private:
  static void Enter(const std::string& text);
};

class Approx {
 public:
  explicit Approx(double value) : value_(value) {}
  Approx& epsilon(double epsilon) {
    epsilon_ = epsilon;
    return *this;
  }
  Approx& margin(double margin) {
    margin_ = margin;
    return *this;
  }
  friend bool operator==(double have, const Approx& want) {
    return std::fabs(have - want.value_) <= std::max(want.margin_, want.epsilon_ * std::fabs(want.value_));
  }

 private:
  const double value_;
  double epsilon_ = 1.2e-5, margin_ = 0;
};

}  // namespace gpu_check

using gpu_check::Approx;

#define GPU_CHECK_JOIN_(a, b) a##b
#define GPU_CHECK_NAME_(a, b) GPU_CHECK_JOIN_(a, b)
#define TEST_CASE(name)                                                                                            \
  static void GPU_CHECK_NAME_(Test, __LINE__)();                                                                   \
  static const gpu_check::Registered GPU_CHECK_NAME_(registered, __LINE__)(name, GPU_CHECK_NAME_(Test, __LINE__)); \
  static void GPU_CHECK_NAME_(Test, __LINE__)()
#define CHECK(...) gpu_check::Report(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
#define CHECK_FALSE(...) gpu_check::Report(!static_cast<bool>(__VA_ARGS__), "not " #__VA_ARGS__, __FILE__, __LINE__)
#define REQUIRE(...)                                             \
  do {                                                           \
    const bool holds_ = static_cast<bool>(__VA_ARGS__);          \
    gpu_check::Report(holds_, #__VA_ARGS__, __FILE__, __LINE__); \
    if (!holds_) throw gpu_check::Stop();                        \
  } while (false)
#define CAPTURE(...) const gpu_check::Captured GPU_CHECK_NAME_(captured, __LINE__)(#__VA_ARGS__, __VA_ARGS__)

#endif  // PUMASI_TOOLS_GPU_CHECK_PROGRAM_CATCH2_CATCH_HPP_
