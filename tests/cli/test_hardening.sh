# The built files are hardened: what the linker and the compiler promise is read from the files themselves.
. tests/cli/lib.sh

case $BUILD in
*address* | *undefined* | *thread* | *memory*)
  echo "skipped: builds with a sanitizer are not hardened"
  exit 77
  ;;
esac
has() { readelf -W "$1" "$2" 2>/dev/null | grep -qE -- "$3"; }
lacks() { readelf -W "$1" "$2" 2>/dev/null | grep -cE -- "$3" | grep -qx 0; }

expect "the program is position-independent" has -h "$BUILD/voxgan" 'Type: +DYN'
expect "and says that it is" has -d "$BUILD/voxgan" 'FLAGS_1.* PIE'
files="$BUILD/voxgan $BUILD/libvoxgan.so"
[ "$TORCH" = 0 ] || files="$files $BUILD/voxgan-torch.so"
for file in $files; do
  expect "$file: relocations are read-only" has -l "$file" 'GNU_RELRO'
  expect "$file: and all of them, from the start" has -d "$file" 'BIND_NOW|FLAGS_1?.* NOW'
  expect "$file: the stack is not executable" has -l "$file" 'GNU_STACK .* RW '
  expect "$file: no segment is writable and executable" lacks -l "$file" ' RWE '
  expect "$file: no relocation in its text" lacks -d "$file" 'TEXTREL'
  expect "$file: stacks have canaries" has --dyn-syms "$file" '__stack_chk_fail'
done
# The program itself has little that copies; its copies are in the library.
for file in $BUILD/libvoxgan.so $([ "$TORCH" = 0 ] || echo "$BUILD/voxgan-torch.so"); do
  expect "$file: copies and prints are checked" has --dyn-syms "$file" '__(mem(cpy|move|set)|snprintf|vsnprintf|pread|read|realpath|sprintf)_chk'
done
# A frame above a page is probed page by page: .flags has what the compiler got.
expect "frames are probed" grep -q -e '-fstack-clash-protection' "$BUILD/.flags"
expect "and the library's objects have canaries" [ "$(nm "$BUILD/libvoxgan.a" 2>/dev/null | grep -c 'U __stack_chk_fail')" -ge 20 ]
# The check itself can fail: a program that was linked without.
printf 'int main(void) { return 0; }\n' >"$T/plain.c"
cc -no-pie -Wl,-z,norelro,-z,lazy,-z,execstack -o "$T/plain" "$T/plain.c" 2>/dev/null || bad "cc"
expect "a plain program does not pass as position-independent" lacks -h "$T/plain" 'Type: +DYN'
expect "nor as one with read-only relocations" lacks -l "$T/plain" 'GNU_RELRO'
expect "nor as one with a plain stack" lacks -l "$T/plain" 'GNU_STACK .* RW '
finish
