#include "worker/cache_folder.h"

#include <unistd.h>

#include <cstdlib>

namespace pumasi {

std::string CacheFolder(const std::string& setting) {
  if (!setting.empty()) return setting;
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != 0)
    return std::string(cache) + "/pumasi";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != 0)
    return std::string(home) + "/.cache/pumasi";
  return "/tmp/pumasi-cache-" + std::to_string(getuid());
}

}  // namespace pumasi
