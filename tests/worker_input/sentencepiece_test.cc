#include <catch2/catch.hpp>

#include "proto/job.pb.h"
#include "worker/input/sentencepiece_model.h"

namespace pumasi {
namespace {

std::string Lines() {
  static const char* const kStems[] = {"train", "play", "walk",  "learn", "work",
                                       "help",  "need", "start", "turn",  "look"};
  static const char* const kEndings[] = {"", "s", "ed", "ing", "er"};
  std::string lines;
  for (int i = 0; i < 400; ++i) {
    for (int word = 0; word < 5; ++word) {
      lines += std::string(kStems[(i * 7 + word * 3) % 10]) + kEndings[(i + word * word) % 5] + " ";
    }
    lines += "\n";
  }
  return lines;
}

// False, with a line that says why, where the library cannot be used.
bool LibraryIsThere() {
  const absl::Status status = SentencePieceLibrary::Get().status();
  if (!status.ok()) WARN("skipped: " << status.ToString());
  return status.ok();
}

TEST_CASE("A model trained on the same text is the same, and its pieces have ids below its size") {
  if (!LibraryIsThere()) return;
  const auto model = TrainSentencePiece(Lines(), 60);
  INFO(model.status().ToString());
  REQUIRE(model.ok());
  const auto again = TrainSentencePiece(Lines(), 60);
  REQUIRE(again.ok());
  const bool same = *model == *again;
  CHECK(same);

  const auto loaded = SentencePieceModel::Load(*model);
  REQUIRE(loaded.ok());
  CHECK((*loaded)->size() <= 60);
  std::vector<int> ids, longer;
  REQUIRE((*loaded)->Encode("walking helper", &ids).ok());
  CHECK(ids.size() < 14);
  for (const int id : ids) CHECK((id >= 2 && id < static_cast<int>((*loaded)->size())));
  // What was never seen is the unknown piece, 1; broken UTF-8 is safe.
  REQUIRE((*loaded)->Encode("한", &ids).ok());
  CHECK(std::count(ids.begin(), ids.end(), 1) == 1);
  REQUIRE((*loaded)->Encode("walk \xED\x95 \xFF", &ids).ok());
  REQUIRE((*loaded)->Encode("", &ids).ok());
  CHECK(ids.empty());
}

TEST_CASE("Our own protobuf messages work in a process that uses the library") {
  if (!LibraryIsThere()) return;
  v1::Job job;
  job.set_name("beside");
  job.mutable_data()->add_text("a column");
  v1::Job read;
  REQUIRE(read.ParseFromString(job.SerializeAsString()));
  CHECK(read.data().text(0) == "a column");
}

TEST_CASE("A vocabulary too small for the text's characters is refused with the trainer's reason") {
  if (!LibraryIsThere()) return;
  const absl::Status status = TrainSentencePiece(Lines(), 5).status();
  CHECK(absl::IsInvalidArgument(status));
  CHECK_THAT(std::string(status.message()), Catch::Matchers::Contains("tokenizer.vocabulary 5"));
}

TEST_CASE("More pieces than the text yields give fewer") {
  if (!LibraryIsThere()) return;
  const auto model = TrainSentencePiece("a b c\nab bc\n", 5000);
  INFO(model.status().ToString());
  REQUIRE(model.ok());
  CHECK((*SentencePieceModel::Load(*model))->size() < 100);
}

TEST_CASE("Bytes that are no model are refused") {
  if (!LibraryIsThere()) return;
  CHECK(!SentencePieceModel::Load("no model").ok());
  CHECK(!SentencePieceModel::Load("").ok());
}

}  // namespace
}  // namespace pumasi
