// A daemon's settings: the schema's fallbacks, over them a YAML file, over it flags. The schema (proto/config.proto) is
// the only list of them.
#ifndef PUMASI_COMMON_SETTINGS_H_
#define PUMASI_COMMON_SETTINGS_H_

#include <google/protobuf/message.h>

#include "absl/status/statusor.h"

namespace pumasi {

// Reads the command line into *config. Flags: --config FILE, --help, --version, and --PATH VALUE or --PATH=VALUE of
// every field (the last one wins; '.', '_' and '-' in names are the same, so --log_format=json sets log.format; a
// boolean flag without a value is true). Then fallbacks are set and rules checked. True: go on with *config. False:
// --help or --version was asked for and is printed; exit with 0. Errors are InvalidArgument, say which flag or which
// line of the file is wrong, and call for kExitBadInput. `program` is the name in help, `summary` one sentence,
// `example` a full command line to show.
absl::StatusOr<bool> LoadSettings(int argc, char** argv, const char* program, const char* summary, const char* example,
                                  google::protobuf::Message* config);

}  // namespace pumasi

#endif  // PUMASI_COMMON_SETTINGS_H_
