// Where encoded data is kept between runs.
#ifndef PUMASI_WORKER_CACHE_FOLDER_H_
#define PUMASI_WORKER_CACHE_FOLDER_H_

#include <string>

namespace pumasi {

// `setting`, or where it is empty $XDG_CACHE_HOME/pumasi, $HOME/.cache/pumasi, or /tmp/pumasi-cache-UID. To be called
// from main: it reads the environment.
std::string CacheFolder(const std::string& setting);

}  // namespace pumasi

#endif  // PUMASI_WORKER_CACHE_FOLDER_H_
