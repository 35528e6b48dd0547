#!/usr/bin/env python3
"""Makes C++ of files, so that a program holds them: embed.py kName=FILE ... prints definitions of tools/compare/assets.h."""
import sys

AT_ONCE = 4096


def literal(data):
    """Plain characters as they are, all others in octal, which no digit behind them can lengthen."""
    return '"%s"' % "".join(chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else "\\%03o" % byte for byte in data)


def main(arguments):
    print('#include "tools/compare/assets.h"\n\nnamespace pumasi {\n')
    for argument in arguments:
        name, _, path = argument.partition("=")
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            sys.exit("%s: %s; tools/install_packages installs what is missing" % (path, error.strerror))
        print("const char %s[] =" % name)
        for start in range(0, max(1, len(data)), AT_ONCE):
            print("    " + literal(data[start:start + AT_ONCE]))
        print("    ;\n")
    print("}  // namespace pumasi")


main(sys.argv[1:])
