#ifndef PUMASI_WORKER_INPUT_LABEL_READER_H_
#define PUMASI_WORKER_INPUT_LABEL_READER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/job.pb.h"
#include "worker/input/label_kind.h"

namespace pumasi {

// Takes the value of the label column apart, before the classes are known. Immutable, so any number of threads may read
// with one reader, each with its own Values.
//
//   kClass    the value is the class' name
//   kClasses  names with the separator between them; an empty value has none, an empty name is malformed
//   kNumbers  finite numbers with the separator between them, white space around each allowed; as many in every row
class LabelReader {
 public:
  struct Values {
    // Views into the value that was read. Names may repeat.
    std::vector<std::string_view> names;
    // Bits of floats (label_kind.h).
    std::vector<uint32_t> numbers;
  };

  // REQUIRES: `separator` is not empty, but with kClass, which has none. `numbers`: how many a row of kNumbers has; 0:
  // any number but none.
  LabelReader(LabelKind kind, std::string separator, uint32_t numbers = 0)
      : kind_(kind), separator_(std::move(separator)), numbers_(numbers) {}
  // As the job's loss and data.label_separator say.
  static LabelReader Of(const v1::Job& job, uint32_t numbers = 0) {
    return LabelReader(LabelKindOf(job.loss()), job.data().label_separator(), numbers);
  }

  // Replaces what `values` holds; false where the value is malformed.
  bool Read(std::string_view value, Values* values) const;

  // What is wrong with a value that Read refused, and what would be right. Empty for a sound one.
  std::string Problem(std::string_view value) const;

  LabelKind kind() const { return kind_; }
  // What a row of kNumbers has to have; 0: not decided.
  uint32_t numbers() const { return numbers_; }

 private:
  bool ReadNames(std::string_view value, std::vector<std::string_view>* names) const;
  bool ReadNumbers(std::string_view value, std::vector<uint32_t>* numbers) const;

  LabelKind kind_;
  std::string separator_;
  uint32_t numbers_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_LABEL_READER_H_
