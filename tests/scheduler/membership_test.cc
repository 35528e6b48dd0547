#include "scheduler/membership.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/error_detail.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

absl::Duration At(double seconds) { return absl::Seconds(seconds); }

v1::Node Node(const std::string& name, uint64_t incarnation, v1::Role role = v1::ROLE_WORKER) {
  v1::Node node;
  node.set_name(name);
  node.set_incarnation(incarnation);
  node.set_role(role);
  node.set_address(name + ":1");
  return node;
}

// A lease of 3 s, a grace of 0.5 s.
Membership ThreeSeconds() { return Membership({absl::Seconds(3), absl::Milliseconds(500)}); }

std::vector<std::string> Names(const std::vector<Membership::Death>& deaths) {
  std::vector<std::string> names;
  for (const auto& death : deaths) names.push_back(death.node.name() + ": " + death.reason);
  return names;
}

TEST_CASE("A node that says nothing for its lease is dead, and one that does lives on") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("quiet", 1), At(0)).ok());
  REQUIRE(members.Register(Node("lively", 2), At(0)).ok());
  for (int second = 1; second <= 2; ++second) {
    CHECK(members.Renew(2, At(second)).ok());
    CHECK(members.TakeDeaths(At(second)).empty());
  }
  CHECK(*members.NextDeath() == At(3));
  CHECK(members.TakeDeaths(At(2.999)).empty());
  CHECK(Names(members.TakeDeaths(At(3))) == std::vector<std::string>{"quiet: silent for 3.0 s"});
  CHECK(members.TakeDeaths(At(3)).empty());
  CHECK(members.Find(1) == nullptr);
  CHECK(members.Find(2) != nullptr);
  CHECK(*members.NextDeath() == At(5));
}

TEST_CASE("Where all fall silent at once nobody is dead until one is heard, and the others had a lease since") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("back", 1), At(0)).ok());
  REQUIRE(members.Register(Node("late", 2), At(0.5)).ok());
  REQUIRE(members.Register(Node("gone", 3), At(0.9)).ok());
  CHECK(members.TakeDeaths(At(20)).empty());
  CHECK(*members.NextDeath() == At(30.9));
  CHECK(members.Renew(1, At(20)).ok());
  CHECK(members.Renew(1, At(21)).ok());
  CHECK(members.TakeDeaths(At(22)).empty());
  CHECK(members.Renew(1, At(22)).ok());
  CHECK(members.Renew(2, At(22.9)).ok());
  CHECK(*members.NextDeath() == At(23));
  CHECK(Names(members.TakeDeaths(At(23))) == std::vector<std::string>{"gone: silent for 22.1 s"});
}

TEST_CASE(
    "Where all processes were started again, the old ones are dead after a lease, though all of them are silent") {
  Membership members = ThreeSeconds();
  members.Restore({Node("a", 1), Node("b", 2)}, {}, {}, {}, At(0));
  for (const double second : {0.5, 1.5, 2.5}) {
    CHECK(members.Register(Node("a", 3), At(second)).code() == absl::StatusCode::kAlreadyExists);
  }
  CHECK(members.TakeDeaths(At(3)).size() == 2);
  CHECK(members.Register(Node("a", 3), At(3)).ok());
}

TEST_CASE("Silence of all that lasts ten leases is the death of all; broken connections are one as ever") {
  Membership members = ThreeSeconds();
  for (const uint64_t incarnation : {1, 2, 3}) {
    REQUIRE(members.Register(Node("n" + std::to_string(incarnation), incarnation), At(0)).ok());
  }
  members.Disconnected(3, At(1));
  CHECK(members.TakeDeaths(At(1.5)).size() == 1);
  CHECK(members.TakeDeaths(At(29.9)).empty());
  CHECK(*members.NextDeath() == At(30));
  CHECK(members.TakeDeaths(At(30)).size() == 2);
  CHECK(ReasonOf(members.Renew(1, At(30))) == D::STALE_INCARNATION);
}

TEST_CASE("A node whose connection breaks is dead after the grace time") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("a", 1), At(0)).ok());
  members.Disconnected(1, At(1));
  CHECK(*members.NextDeath() == At(1.5));
  CHECK(members.TakeDeaths(At(1.4)).empty());
  CHECK(Names(members.TakeDeaths(At(1.5))) == std::vector<std::string>{"a: its connection broke, silent for 1.5 s"});
}

TEST_CASE("A node that calls again within the grace time lives on with a whole lease") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("a", 1), At(0)).ok());
  members.Disconnected(1, At(1));
  REQUIRE(members.Renew(1, At(1.2)).ok());
  CHECK(members.TakeDeaths(At(4.1)).empty());
  CHECK(*members.NextDeath() == At(4.2));
}

TEST_CASE("A connection that breaks at the end of the lease does not prolong it") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("a", 1), At(0)).ok());
  members.Disconnected(1, At(2.9));
  CHECK(*members.NextDeath() == At(3));
}

TEST_CASE("A node that leaves is gone at once, and is told of once") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("a", 1), At(0)).ok());
  members.Leave(1, At(1));
  CHECK(members.Find(1) == nullptr);
  CHECK(Names(members.TakeDeaths(At(1))) == std::vector<std::string>{"a: left"});
  CHECK(members.TakeDeaths(At(10)).empty());
  members.Leave(1, At(2));
  members.Disconnected(1, At(2));
  CHECK(members.TakeDeaths(At(10)).empty());
}

TEST_CASE("An incarnation that died never comes back; the process may under a new one") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("a", 1), At(0)).ok());
  members.TakeDeaths(At(3));
  CHECK(ReasonOf(members.Renew(1, At(4))) == D::STALE_INCARNATION);
  const absl::Status again = members.Register(Node("a", 1), At(4));
  CHECK(ReasonOf(again) == D::STALE_INCARNATION);
  CHECK(again.message() == "a was declared dead (silent for 3.0 s): take a new incarnation");
  CHECK(members.Register(Node("a", 2), At(4)).ok());
}

TEST_CASE("A node that was frozen past its lease finds out when it wakes, also if nobody looked meanwhile") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("a", 1), At(0)).ok());
  // No TakeDeaths since: still the lease is over.
  CHECK(ReasonOf(members.Renew(1, At(3))) == D::STALE_INCARNATION);
  CHECK(ReasonOf(members.Register(Node("a", 1), At(3))) == D::STALE_INCARNATION);
  CHECK(Names(members.TakeDeaths(At(7))) == std::vector<std::string>{"a: silent for 7.0 s"});
}

TEST_CASE("Registering twice is harmless and renews the lease") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("a", 1), At(0)).ok());
  REQUIRE(members.Register(Node("a", 1), At(2)).ok());
  CHECK(*members.NextDeath() == At(5));
  CHECK(members.alive().size() == 1);
}

TEST_CASE("A process that was started again takes the place of the one whose connection broke, at once") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("a", 1), At(0)).ok());
  members.Disconnected(1, At(1));
  REQUIRE(members.Register(Node("a", 2), At(1.1)).ok());
  CHECK(members.Find(1) == nullptr);
  CHECK(members.Find(2) != nullptr);
  const auto deaths = members.TakeDeaths(At(1.1));
  REQUIRE(deaths.size() == 1);
  CHECK(deaths[0].reason == "its process was started again");
  CHECK(members.Renew(1, At(1.2)).code() == absl::StatusCode::kAborted);
}

TEST_CASE("A node that is in touch again after its connection broke keeps its name") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("a", 1), At(0)).ok());
  members.Disconnected(1, At(1));
  REQUIRE(members.Renew(1, At(1.1)).ok());
  CHECK(absl::IsAlreadyExists(members.Register(Node("a", 2), At(1.2))));
}

TEST_CASE("Two living nodes cannot have one name; a dead one's name is free") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("a", 1, v1::ROLE_SERVER), At(0)).ok());
  const absl::Status clash = members.Register(Node("a", 2), At(1));
  CHECK(absl::IsAlreadyExists(clash));
  CHECK(std::string(clash.message()).find("a living node at a:1 is named a") == 0);
  CHECK(members.Find(2) == nullptr);
  members.TakeDeaths(At(3));
  CHECK(members.Register(Node("a", 2), At(3)).ok());
}

TEST_CASE("Two living nodes cannot have one address: who dials the one would get the other") {
  Membership members = ThreeSeconds();
  v1::Node second = Node("b", 2);
  second.set_address("a:1");
  REQUIRE(members.Register(Node("a", 1), At(0)).ok());
  const absl::Status clash = members.Register(second, At(1));
  CHECK(absl::IsAlreadyExists(clash));
  CHECK(clash.message() ==
        "worker a is at a:1, and b would be taken for it; if it is gone, its lease ends within 3s, else set another "
        "listen or advertise");
  CHECK(members.Find(2) == nullptr);
  SECTION("a dead one's is free") {
    members.TakeDeaths(At(3));
    CHECK(members.Register(second, At(3)).ok());
  }
  SECTION("and that of one whose connection broke: it was started again, under another name") {
    members.Disconnected(1, At(1));
    CHECK(members.Register(second, At(1.1)).ok());
    CHECK(Names(members.TakeDeaths(At(1.1))) == std::vector<std::string>{"a: b was started at its address"});
  }
}

TEST_CASE("Loopback addresses are of one host: on others they may be the same") {
  Membership members = ThreeSeconds();
  const auto at = [](const std::string& name, uint64_t incarnation, const std::string& address) {
    v1::Node node = Node(name, incarnation);
    node.set_address(address);
    return node;
  };
  for (const std::string address : {"127.0.0.1:7001", "unix:/tmp/w"}) {
    REQUIRE(members.Register(at("a" + address, 1 + address.size(), address), At(0), "ipv4:10.0.0.1").ok());
    CHECK(members.Register(at("b" + address, 101 + address.size(), address), At(0), "ipv4:10.0.0.2").ok());
    CHECK(absl::IsAlreadyExists(
        members.Register(at("c" + address, 201 + address.size(), address), At(0), "ipv4:10.0.0.1")));
  }
  REQUIRE(members.Register(at("d", 300, "10.0.0.9:7001"), At(0), "ipv4:10.0.0.9").ok());
  CHECK(absl::IsAlreadyExists(members.Register(at("e", 301, "10.0.0.9:7001"), At(0), "ipv4:10.0.0.8")));
}

TEST_CASE("A node without name, incarnation or fitting role is refused") {
  Membership members = ThreeSeconds();
  CHECK(absl::IsInvalidArgument(members.Register(Node("", 1), At(0))));
  CHECK(absl::IsInvalidArgument(members.Register(Node("a", 0), At(0))));
  CHECK(absl::IsInvalidArgument(members.Register(Node("a", 1, v1::ROLE_CLIENT), At(0))));
  CHECK(members.alive().empty());
  CHECK_FALSE(members.NextDeath().has_value());
}

TEST_CASE("A stranger's sign of life is that of a dead one") {
  Membership members = ThreeSeconds();
  CHECK(ReasonOf(members.Renew(77, At(0))) == D::UNKNOWN_INCARNATION);
}

TEST_CASE("Living nodes of a role are listed by name") {
  Membership members = ThreeSeconds();
  REQUIRE(members.Register(Node("b", 1), At(0)).ok());
  REQUIRE(members.Register(Node("c", 2, v1::ROLE_SERVER), At(0)).ok());
  REQUIRE(members.Register(Node("a", 3), At(0)).ok());
  const auto workers = members.Alive(v1::ROLE_WORKER);
  REQUIRE(workers.size() == 2);
  CHECK(workers[0].name() == "a");
  CHECK(workers[1].name() == "b");
  CHECK(members.Alive(v1::ROLE_SERVER).size() == 1);
}

TEST_CASE("Deaths at one moment are told in the order of incarnations") {
  Membership members = ThreeSeconds();
  for (const uint64_t incarnation : {7, 3, 5}) {
    REQUIRE(members.Register(Node("n" + std::to_string(incarnation), incarnation), At(0)).ok());
  }
  REQUIRE(members.Register(Node("lively", 9), At(1)).ok());
  REQUIRE(members.Renew(9, At(2)).ok());
  const auto deaths = members.TakeDeaths(At(3));
  REQUIRE(deaths.size() == 3);
  CHECK(deaths[0].node.incarnation() == 3);
  CHECK(deaths[2].node.incarnation() == 7);
}

TEST_CASE("The latest dead are remembered, and no more of them than was said") {
  Membership members({absl::Seconds(3), absl::Milliseconds(500), 3});
  for (uint64_t incarnation = 1; incarnation <= 5; ++incarnation) {
    REQUIRE(members.Register(Node("n" + std::to_string(incarnation), incarnation), At(double(incarnation))).ok());
    members.Leave(incarnation, At(double(incarnation)));
  }
  REQUIRE(members.dead().size() == 3);
  CHECK(members.dead()[0].node.name() == "n3");
  CHECK(members.dead()[2].node.name() == "n5");
  CHECK(members.TakeDeaths(At(6)).size() == 5);
}

TEST_CASE("What another membership knew is known after a restart: who lives, died, and is drained") {
  Membership members({absl::Seconds(3), absl::Milliseconds(500)});
  v1::Node alive, dead;
  alive.set_name("a");
  alive.set_role(v1::ROLE_WORKER);
  alive.set_incarnation(1);
  dead.set_name("b");
  dead.set_role(v1::ROLE_WORKER);
  dead.set_incarnation(2);
  members.Restore({alive}, {}, {2}, {"a"}, At(10));
  CHECK(members.Alive(v1::ROLE_WORKER).size() == 1);
  CHECK(members.draining(alive));
  CHECK(ReasonOf(members.Register(dead, At(10))) == D::STALE_INCARNATION);
  CHECK(ReasonOf(members.Renew(2, At(10))) == D::STALE_INCARNATION);
  // Nobody dies before a lease has passed, not even of a broken connection.
  members.Disconnected(1, At(10));
  CHECK(members.TakeDeaths(At(12.9)).empty());
  CHECK(members.TakeDeaths(At(13)).size() == 1);
}

}  // namespace
}  // namespace pumasi
