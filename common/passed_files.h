// Open files on their way from process to process, beside bytes in a unix socket (SCM_RIGHTS).
#ifndef PUMASI_COMMON_PASSED_FILES_H_
#define PUMASI_COMMON_PASSED_FILES_H_

#include <sys/types.h>

#include <cstddef>
#include <initializer_list>
#include <vector>

#include "common/descriptor.h"

namespace pumasi {

inline constexpr size_t kMostPassedFiles = 4;

// As send (-1: errno says why), without SIGPIPE. The files, which stay open here, go with the first byte.
// REQUIRES: size > 0, at most kMostPassedFiles files.
ssize_t SendWithFiles(int socket, const void* bytes, size_t size, std::initializer_list<int> files, int flags);

// As recv (-1: errno says why). All files that came, of which no child process will have a copy, are appended to
// `files`: whoever does not want them lets them be closed. `lost`: there were more, which are closed.
ssize_t ReceiveWithFiles(int socket, void* bytes, size_t size, int flags, std::vector<Descriptor>* files, bool* lost);

}  // namespace pumasi

#endif  // PUMASI_COMMON_PASSED_FILES_H_
