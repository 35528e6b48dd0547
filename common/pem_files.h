// The files of a node's TLS settings, read and checked, so that a wrong one is named at start-up and not at the first
// call.
#ifndef PUMASI_COMMON_PEM_FILES_H_
#define PUMASI_COMMON_PEM_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/config.pb.h"

namespace pumasi {

struct PemFiles {
  std::string ca;
  std::string certificate;
  std::string key;
};

// Is any of the settings given?
bool HasTls(const v1::Tls& tls);

// Reads the three files. InvalidArgument names the setting and the file if one of the three is not given, can't be read
// or is not PEM, if others than its owner may read the key, if the key is not the certificate's, if the certificate is
// not signed by the authority, or if `now` is outside of its validity.
absl::StatusOr<PemFiles> ReadPemFiles(const v1::Tls& tls, absl::Time now);

}  // namespace pumasi

#endif  // PUMASI_COMMON_PEM_FILES_H_
