#include "tests/cluster/small_job.h"

#include <fstream>
#include <random>

namespace pumasi {
namespace {

// A class' own words, and words of all.
const char* const kWords[3][6] = {{"editor", "text", "writer", "document", "spell", "font"},
                                  {"server", "daemon", "network", "proxy", "socket", "dns"},
                                  {"game", "puzzle", "chess", "arcade", "dice", "cards"}};
const char* const kCommon[] = {"for", "the", "small", "fast", "tool", "library", "new", "data"};

void WriteRows(const std::string& path, int rows, unsigned seed) {
  std::ofstream file(path);
  std::minstd_rand random(seed);
  file << "id,text,label\n";
  for (int row = 0; row < rows; ++row) {
    const unsigned label = random() % 3;
    file << row << ",\"";
    const unsigned words = 2 + random() % 6;
    for (unsigned word = 0; word < words; ++word) {
      file << (word > 0 ? " " : "") << (random() % 3 == 0 ? kCommon[random() % 8] : kWords[label][random() % 6]);
      if (random() % 4 == 0) file << random() % 40;
    }
    file << "\",class" << label << "\n";
  }
}

}  // namespace

std::string WriteSmallJob(const std::string& folder, int rows, int epochs, const std::string& extra) {
  WriteRows(folder + "/train.csv", rows, 1);
  WriteRows(folder + "/test.csv", 300, 2);
  std::ofstream job(folder + "/job.yaml");
  job << "name: small\n"
         "data: {train: train.csv, test: test.csv, text: text, label: label}\n"
         "tokenizer: {kind: words, vocabulary: 1000, max_length: 8}\n"
         "model:\n"
         "  - embedding: {width: 12}\n"
         "  - lstm: {units: 10}\n"
         "  - dense: {activation: softmax}\n"
         "optimizer: {adam: {learning_rate: 0.01}}\n"
         "batch: 32\n"
         "micro_batches: 4\n"
         "epochs: "
      << epochs << "\n"
      << extra;
  return folder + "/job.yaml";
}

}  // namespace pumasi
