// A folder for one test, removed at its end.
#ifndef PUMASI_TESTS_COMMON_TEMP_FOLDER_H_
#define PUMASI_TESTS_COMMON_TEMP_FOLDER_H_

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace pumasi {

class TempFolder {
 public:
  TempFolder() {
    // Not TEST_TMPDIR: a test runner's folder may be too deep for the path of a unix socket.
    std::string name = (std::filesystem::temp_directory_path() / "pumasi-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("can't make a folder in the temporary folder");
    // Without links, as code that resolves paths gives them.
    path_ = std::filesystem::canonical(name).string();
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_COMMON_TEMP_FOLDER_H_
