#!/bin/sh
# check_style.sh [PATH...]: looks for phrases that CONTRIBUTING.md ("Words") bans. Prints FILE:LINE: PHRASE (ADVICE) for each, and
# exits 1 if it found one, 2 if a path is missing. A PATH is a file or a folder. Without one it checks everything that people read:
# README.md, CONTRIBUTING.md, CHANGELOG.md, docs, configs, include, src, scripts, tests, bench, .ci and the
# Makefile.
# A phrase is found across line ends too, also where a comment goes on in the next line.
set -eu
self=$(basename "$0")
[ $# -gt 0 ] || {
  cd "$(dirname "$0")/.."
  set -- README.md CONTRIBUTING.md CHANGELOG.md Makefile configs docs include src scripts tests bench .ci
}
for path in "$@"; do
  [ -e "$path" ] || { echo "check_style.sh: no such file or folder: $path" >&2; exit 2; }
done
# This script and its test are excluded, because they spell out the phrases.
exec find "$@" -type f ! -name "$self" ! -path '*tests/cli/test_style.sh' \( \
  -name '*.md' -o -name '*.json' -o -name '*.1' -o -name '*.[ch]' -o -name '*.[ch]pp' -o -name '*.cu' \
  -o -name '*.def' -o -name '*.sh' -o -name '*.py' -o -name Makefile -o -path '*.ci/run' \) -exec perl -e '
use strict;
# Each row: advice, then patterns of Perl, case-insensitive. A blank stands for any white space, line ends included.
my @rows = (
  ["name who says it, or say that it is printed", "(?:is|are|was|were|be) (?:said|told)", "guessed,? and said", "(?:as|when) told"],
  ["omit, skip or exclude", "(?:is|are|was|were|be) left out", "lea(?:ve|ves|ving) out", "passed over", "passes over"],
  ["the subject first: \"X of Y\"", "what [\\w\x27]+(?: [\\w\x27]+)? (?:has|have) of", "what (?:it|they) (?:has|have|knows?|says?|tells?|keeps?) of"],
  ["compare with, or keep", "(?:hold|holds|held|holding) to(?= (?:a|an|the|its|their|what|this|these)\\b)"],
  ["repeat the noun", "of the real one\\.", "of the other one\\.", "that of the one"],
  ["split", "to part (?:a|the|it|them)", "parted"],
  ["determine, show or distinguish", "tells? (?:what|whether|which|whose|nothing|of)", "to be told"],
  ["say, about", "says? of"],
  ["write \"again\"", "anew"],
  ["write \"nevertheless\", or leave it away", "all the same(?=[.;:,)])"],
  ["give the comment a subject", "(?-i:(?:/\\*|//) (?:Of|Whose|Wherefrom) (?:the|an?|all|what|its|each|it))", "which one may have"],
  ["write a plain word", "thereof", "whereof", "wherein", "therein", "wherefrom", "thereby", "heretofore", "withal"],
  ["name the object", "the \\w+ at hand", "of the \\w+ at hand"],
  ["name the thing that is missing", "where there is none there", "that are there\\.", "are there\\.(?=\\s)"],
  ["write \"without\"", "does without", "do without"],
  ["write how", "goes? (?:its|their) way", "goes? the same way", "by what (?:it|is|they)"],
  ["say what the default is", "when not given"],
  ["write \"occurs twice\" or \"already exists\"", "(?:is|are) there (?:twice|already|yet)"],
  ["distinguish, or define", "told (?:from|apart)", "(?:is|are|was|were) told by", "tells? apart"],
  ["subtract or remove", "(?:is|are|was|were) taken (?:off|out|away)"],
  ["resample, normalise or move", "(?:is|are|was|were) brought to"],
  ["search, read or inspect", "(?:is|are|was|were|be) (?:not )?looked (?:for|at|into|through)"],
  ["return", "answers (?:its|their|the|how|whether|which|buf|with)"],
  ["write \"unchanged\"", "(?:is|are) then as (?:it|they) (?:was|were)", "(?:is|are) as (?:it|they) (?:was|were)"],
  ["write \"VG_OK if\", or \"allowed if\"", "fine (?:when|where)"],
  ["continue", "goes? on where", "(?:command|run|training|job) goes on"],
  ["write \"synthetic\"", "(?:an?|and|or|on|call|answer) made (?:ones?|images?)"],
  ["need, or ask for", "wants? (?:an?|one|its|clusters)"],
  ["name who does it", "whoever"],
  ["name the owner", "each by its own", "(?:one|none) of ours", "nobody\x27s business"],
  ["vg_plural(n, \"case\", \"cases\")", "(?<!than\\x20)(?<!to\\x20)(?<!most\\x20)(?<!least\\x20)(?<!none\\x20of\\x20)%(?:zu|d|u|lld|ld|llu|lu) (?:[a-z-]+ )?(?:cases|subjects|persons|jobs|maps|steps|scans)(?= )"],
  ["name the thing", "(?-i:(?:/\\*|//) What (?:is|was|it|they|makes?|has|have))"],
);
my $bad = 0;
my $gap = "(?:\\s|\\n\\s*(?:\\*|//|#|\\.br)+)+";
for my $file (@ARGV) {
  open(my $in, "<", $file) or do { warn "check_style.sh: $file: $!\n"; $bad = 1; next };
  local $/;
  my $text = <$in>;
  for my $row (@rows) {
    my ($advice, @patterns) = @$row;
    for my $pattern (@patterns) {
      (my $wide = $pattern) =~ s/ /$gap/g;
      my $start = $pattern =~ /^\w|^\(\?:\w/ ? "(?<![\\w-])" : "";
      while ($text =~ /$start(?:$wide)(?![\w-])/gi) {
        my ($found, $at) = ($&, $-[0]);
        my $line = 1 + (substr($text, 0, $at) =~ tr/\n//);
        $found =~ s/\s+/ /g;
        print "$file:$line: \"$found\" ($advice)\n";
        $bad = 1;
      }
    }
  }
}
exit $bad;
' {} +
