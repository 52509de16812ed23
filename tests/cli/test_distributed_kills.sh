# needs torch
# Two processes train, and one is killed, or all; what is resumed has the bytes of a run that nobody disturbed. `make torture` kills
# more often.
. tests/cli/distributed.sh
expect_ok '^0 breaches' /usr/bin/python3 tests/torture/torture.py "$BUILD" ranks --kills 2
expect "two were killed" grep -q '^ranks processes: 2 kills' "$T/stdout"
finish
