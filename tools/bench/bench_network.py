"""Hosts of their own on this machine: network namespaces on one switch, each with a link of a given rate, both ways.

As tools/hosts/host_network.h: the namespaces have no names, and the kernel removes them with the last process in them.
Each is held by a process that ends with this one. It takes root, or `unshare --user --map-root-user` before the command.
"""

import subprocess

from bench_run import Failure, run

SELF = "10.99.255.254"


class NotHere(Exception):
    """This machine, or this user, has no such namespaces or links; the text says why."""


class Holder:
    """A process in a new namespace that does nothing until its standard input is closed."""

    def __init__(self):
        command = ["unshare", "--net", "--", "sh", "-c", "echo made; exec cat >/dev/null"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         text=True)
        if self._process.stdout.readline() != "made\n":
            why = self._process.stderr.read().strip()
            self.end()
            raise NotHere("no network namespaces (%s): that takes root, or `unshare --user --map-root-user` before the "
                          "command" % why)
        self.pid = self._process.pid

    def inside(self, command):
        """The words of a command that runs in the namespace, and ends with this process, however that ends."""
        return ["setpriv", "--pdeathsig", "KILL", "nsenter", "--net=/proc/%d/ns/net" % self.pid, "--"] + command

    def do(self, command):
        run(self.inside(command.split()), within=20)

    def end(self):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:  # the others are to be ended, too
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process.stderr.close()


class Network:
    """Hosts by name, and a switch on which this program's own commands run. Not thread-safe. Raises NotHere.

    gbit: of each host's link, each way; 0: no limit. A context: the hosts are gone after it.
    """

    def __init__(self, names, gbit):
        self._gbit, self._holders, self.addresses = gbit, {}, {}
        try:
            self._switch = self._holders[""] = Holder()
            for command in ("ip link set lo up", "ip link add br0 type bridge", "ip link set br0 up",
                            "ip addr add %s/16 dev br0" % SELF):
                self._switch.do(command)
            for number, name in enumerate(names):
                self._add(number, name)
        except (Failure, OSError) as failure:
            self.end()
            raise NotHere("no links between network namespaces: %s" % failure) from failure
        except BaseException:
            self.end()
            raise

    def _add(self, number, name):
        host = self._holders[name] = Holder()
        self.addresses[name] = "10.99.%d.%d" % (number // 200, number % 200 + 1)
        port = "port%d" % number
        self._switch.do("ip link add %s type veth peer name eth0 netns %d" % (port, host.pid))
        self._switch.do("ip link set %s master br0" % port)
        self._switch.do("ip link set %s up" % port)
        host.do("ip link set lo up")
        host.do("ip addr add %s/16 dev eth0" % self.addresses[name])
        host.do("ip link set eth0 up")
        if self._gbit:
            # As in tools/hosts/host_network.cc: more would make the link wider than it is for what a step sends.
            burst = max(2**14, self._gbit * 1e9 / 8 / 10000)
            limit = "root tbf rate %gmbit burst %d latency 50ms" % (self._gbit * 1000, burst)
            host.do("tc qdisc add dev eth0 " + limit)
            self._switch.do("tc qdisc add dev %s %s" % (port, limit))

    def inside(self, name, command):
        """The words of a command on that host; "": on the switch, which reaches all without a limit of its own."""
        return self._holders[name].inside(command)

    def end(self):
        for holder in self._holders.values():
            holder.end()
        self._holders = {}

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.end()
