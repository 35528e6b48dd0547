// Figures as people read them.
#ifndef PUMASI_TOOLS_COMPARE_FIGURES_H_
#define PUMASI_TOOLS_COMPARE_FIGURES_H_

#include <cstdint>
#include <string>

namespace pumasi {

// "57,198": rounded to a whole number, below 1000 to three digits ("4.25", "0.0123").
std::string Thousands(double value);
// "1.25 MB", "640 B": of a thousand, not 1024.
std::string Bytes(double bytes);
// "12.3 s", "4:05 min".
std::string Seconds(double seconds);
// "32 %".
std::string Percent(double share);
// "0.8123": four digits behind the point, as measures and losses are told.
std::string Measure(double value);
// "1 worker", "2 workers".
std::string Counted(uint64_t count, const std::string& one);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_FIGURES_H_
