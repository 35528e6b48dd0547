#ifndef PUMASI_WORKER_INPUT_SCRATCH_FILE_H_
#define PUMASI_WORKER_INPUT_SCRATCH_FILE_H_

#include <string>

namespace pumasi {

// A new file without a name in `folder`, to be written and read; it is gone with its descriptor, which is the caller's.
// Negative: errno says why not.
int OpenScratchFile(const std::string& folder);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_SCRATCH_FILE_H_
