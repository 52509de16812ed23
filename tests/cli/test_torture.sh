# A few rounds of each campaign of `make torture`, and that a campaign sees what it looks for.
. tests/cli/lib.sh
torture() { /usr/bin/python3 tests/torture/torture.py "$@"; }

expect_ok '^0 breaches' torture "$BUILD" fault --commands edit,split --calls open,fsync,flock,close --faults EINTR --limit 5
expect_ok '^0 breaches' torture "$BUILD" fault --commands edit --calls write,rename,read --faults EIO,KILL --limit 3
expect_ok '^0 breaches' torture "$BUILD" fault --commands eval --calls rename --faults KILL --limit 3
expect_ok '^0 breaches' torture "$BUILD" kill alloc crowd --commands split,join --limit 1 --rounds 4

# A program that tears a file when it fails, one that fails without a word, and one that does not go on.
mkdir "$T/bad"
for fault in 'echo -n torn >"$out/x.csv"; exit 1' 'exit 1' 'exit 0'; do
  cat >"$T/bad/voxgan" <<BAD
#!/bin/bash
out=\${!#}
[ -z "\${FAULT_COUNT:-}" ] && [ -n "\${FAULT:-}" ] && { unset LD_PRELOAD; $fault; }
exec "$VOXGAN" "\$@"
BAD
  chmod +x "$T/bad/voxgan"
  torture "$T/bad" fault --commands split --calls write --faults EIO --limit 1 >"$T/stdout" 2>&1
  expect "a breach is seen: $fault" [ $? = 1 ]
  expect "and counted: $fault" grep -q '^1 breaches' "$T/stdout"
done
finish
