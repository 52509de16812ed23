# The words: scripts/check_style.sh finds planted phrases, and finds none in what is written so far.
. tests/cli/lib.sh

# 1: also check sources, messages, help and the manual page. The text for people is always checked.
CHECK_SOURCES=1

texts="README.md CONTRIBUTING.md CHANGELOG.md docs/ARCHITECTURE.md docs/performance.md docs/glossary.md docs/guide configs"
[ $CHECK_SOURCES = 0 ] || texts=
expect_ok '' scripts/check_style.sh $texts

# planted NAME LINE TEXT: the phrase is found in a copy, in that line.
planted() {
  local rc
  printf '%b' "$3" >"$T/$1"
  scripts/check_style.sh "$T/$1" >"$T/found" 2>&1
  rc=$?
  if [ $rc = 1 ] && grep -q "^$T/$1:$2: " "$T/found" && [ "$(wc -l <"$T/found")" = 1 ]; then
    ok
  else
    bad "planted in $1: exit $rc, wanted one line $2"
    cat "$T/found"
  fi
}
clean() {
  printf '%b' "$2" >"$T/$1"
  expect "no phrase in $1" scripts/check_style.sh "$T/$1"
}
planted said.md 3 'One.\n\nThe guess is said.\n'
planted wrapped.md 1 'The layout is\nsaid in the log.\n'
planted comment.c 2 'int a;\n/* A case that is left\n * out has no row. */\n'
planted message.c 1 'puts("the case was left out");\n'
planted noun.h 1 '/* Copies what the head has of the image. */\n'
planted subject.c 1 '/* Of the second image. */\n'
planted real.c 1 '/* The size; that of the real one. */\n'
planted help.sh 1 'echo "tells which is better"\n'
planted hold.md 1 'Scores are held to the baseline.\n'
planted row.def 1 'X(split, "parted by person")\n'
planted config.json 1 '{"about": "starts anew"}\n'
planted capital.md 1 'Tells whether it fits.\n'
planted default.c 1 'help("the layout; all when not given");\n'
planted twice.c 1 'fail("region %s is there twice", name);\n'
planted apart.h 1 '/* Classes, told apart by name. */\n'
planted grid.md 1 'The map is\nbrought to the grid.\n'
planted search.h 1 '/* The folders that are looked into. */\n'
planted returns.h 1 '/* Draws the text; answers its width. */\n'
planted kept.h 1 '/* The maps are then as they were. */\n'
planted ignored.md 1 'Maps beside the scans are not looked at.\n'
planted continue.c 1 'puts("the same command goes on");\n'
planted made.def 1 'X(fake, "a real and a made image")\n'
planted need.c 1 'fail("at=region wants a region");\n'
planted what.c 1 'int a; /* What makes the image. */\n'
mkdir "$T/.ci"
planted .ci/run 1 '# The result is said.\n'
clean ok.md 'It said so. The hospital department told nobody. All the same values. Leave the room. A counterpart.\n'
clean ok.c "int is_said; /* of the image */\n/* Compares departed lines. */\n"

# The real files, with a breach in a copy.
cp -r docs/guide "$T/guide"
expect "the copy is clean" scripts/check_style.sh "$T/guide"
echo 'Who is left out is said.' >>"$T/guide/data.md"
expect_fail_plain() { "$@" >"$T/found" 2>&1; [ $? = 1 ]; }
expect "the copy with a breach fails" expect_fail_plain scripts/check_style.sh "$T/guide"
expect "two phrases are named" [ "$(grep -c "guide/data.md:$(wc -l <"$T/guide/data.md"): " "$T/found")" = 2 ]

# Files that the pages name by their whole path exist, and so do the targets of links in the README.
for file in $(grep -ohE '`(src|include|scripts|tests|configs|docs)/[A-Za-z_0-9/]+\.[a-z0-9]+`' docs/*.md docs/guide/*.md README.md CONTRIBUTING.md |
  tr -d '`' | grep -v NAME | sort -u); do
  expect "the pages name a file that exists" [ -e "$file" ]
done
# So do source files that they name without a folder.
for file in $(grep -ohE '`[a-z_0-9]+\.(c|h|cpp|hpp|cu|def)`' docs/*.md docs/guide/*.md README.md CONTRIBUTING.md | tr -d '`' | sort -u); do
  expect "the pages name the file $file that exists" [ -n "$(find src include tests bench packaging -name "$file")" ]
done
for file in $(grep -oE '\]\([A-Za-z][^):#]*' README.md | cut -c3- | grep -v '^http' | sort -u); do
  expect "the README links to a file that exists" [ -e "$file" ]
done

scripts/check_style.sh "$T/nothing" >/dev/null 2>&1
expect "a missing path is exit code 2" [ $? = 2 ]
finish
