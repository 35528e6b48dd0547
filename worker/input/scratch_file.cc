#include "worker/input/scratch_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

namespace pumasi {

int OpenScratchFile(const std::string& folder) {
  const int file = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) return file;
  // Some file systems know none: a name for a moment.
  std::string name = folder + "/scratch-XXXXXX";
  const int named = mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) unlink(name.c_str());
  return named;
}

}  // namespace pumasi
