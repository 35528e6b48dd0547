// Where in a file each field's value stands, so that what is found wrong later can still be pointed at.
#ifndef PUMASI_COMMON_SOURCE_MAP_H_
#define PUMASI_COMMON_SOURCE_MAP_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pumasi {

// Maps field paths, such as "model[1].lstm.units", to places. A default one knows no file and no place.
class SourceMap {
 public:
  SourceMap() = default;
  explicit SourceMap(std::string file) : file_(std::move(file)) {}

  // Lines and columns count from 1. Later calls for a path win.
  void Set(absl::string_view path, int line, int column);
  // Likewise, for a value from somewhere else, such as "--set batch". Values below it, set before, are forgotten.
  void SetOrigin(absl::string_view path, absl::string_view origin);

  // "FILE:LINE:COLUMN" of the field, or, where it was not given, of the nearest message around it that was. "FILE" if
  // there is none; "" if there is no file.
  std::string At(absl::string_view path) const;

  // "FILE:LINE:COLUMN: PATH: MESSAGE" as InvalidArgument. Parts that are not known are left out, and so is
  // the path where the place is the flag of its name ("--PATH").
  absl::Status Error(absl::string_view path, absl::string_view message) const;

  const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::map<std::string, std::string> places_;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_SOURCE_MAP_H_
