// The version that --version prints.
#ifndef PUMASI_COMMON_VERSION_H_
#define PUMASI_COMMON_VERSION_H_

namespace pumasi {

constexpr char kVersion[] = "0.1.0";

}  // namespace pumasi

#endif  // PUMASI_COMMON_VERSION_H_
