#!/bin/sh
# deb.sh: makes Debian packages below build/deb: voxgan (program, library and module) and libvoxgan-dev (headers, static
# library). It needs no debhelper: `make install` puts the files, dpkg-shlibdeps finds what they need.
set -eu
cd "$(dirname "$0")/.."
build=build/deb
version=$(sed -n 's/^#define VOXGAN_VERSION_[A-Z]* \([0-9]*\)$/\1/p' include/voxgan/version.h | paste -sd.)-1
arch=$(dpkg --print-architecture)
# Equal sources give equal packages: no file is younger than the last commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y include/voxgan/version.h)}
export SOURCE_DATE_EPOCH
# lintian wants an address that can be written to: DEB_MAINTAINER="Name <address>".
maintainer=${DEB_MAINTAINER:-$(git log -1 --format='%an <%ae>' 2>/dev/null || echo 'voxgan <voxgan@localhost>')}

make="${MAKE:-make} -s B=$build PREFIX=/usr RPATH="
$make ${JOBS:+-j$JOBS} ${CC:+CC="$CC"} ${CXX:+CXX="$CXX"} all
rm -rf $build/stage $build/dev $build/debian
$make ${CC:+CC="$CC"} ${CXX:+CXX="$CXX"} DESTDIR="$PWD/$build/stage" install >/dev/null
mkdir -p $build/dev/usr/lib
for path in usr/include usr/lib/pkgconfig usr/lib/libvoxgan.a usr/lib/libvoxgan.so; do
  mkdir -p "$build/dev/$(dirname $path)"
  mv $build/stage/$path $build/dev/$path
done
rmdir $build/stage/usr/share/voxgan/models 2>/dev/null || true
strip --strip-unneeded --remove-section=.comment --remove-section=.note $build/stage/usr/bin/voxgan $build/stage/usr/lib/libvoxgan.so.0 $build/stage/usr/lib/voxgan/*.so
strip --strip-debug --enable-deterministic-archives $build/dev/usr/lib/libvoxgan.a
chmod 644 $build/stage/usr/lib/libvoxgan.so.0 $build/stage/usr/lib/voxgan/*.so
gzip -9n $build/stage/usr/share/man/man1/voxgan.1
mv $build/stage/usr/share/zsh/site-functions $build/stage/usr/share/zsh/vendor-completions
mkdir -p $build/stage/usr/share/doc/voxgan $build/dev/usr/share/doc/libvoxgan-dev
cp -r docs/guide docs/library.md docs/glossary.md README.md $build/stage/usr/share/doc/voxgan/
date=$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
for doc in $build/stage/usr/share/doc/voxgan $build/dev/usr/share/doc/libvoxgan-dev; do
  { printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: voxgan\n\nFiles: *\n'
    sed -n 's/^Copyright (c) /Copyright: /p' LICENSE
    printf 'License: Expat\n'
    sed -e '1,/^Copyright/d' -e '/./,$!d' LICENSE | sed -e 's/^$/./' -e 's/^/ /'; } >$doc/copyright
  { printf 'voxgan (%s) unstable; urgency=low\n\n  * Changes: /usr/share/doc/voxgan/CHANGELOG.md.gz\n\n -- %s  %s\n' "$version" "$maintainer" "$date"; } |
    gzip -9n >$doc/changelog.Debian.gz
done
mkdir -p $build/stage/usr/share/lintian/overrides $build/dev/usr/share/lintian/overrides
cat >$build/stage/usr/share/lintian/overrides/voxgan <<'OVERRIDES'
# Not meant for Debian's archive, so no bug asks for the package.
voxgan: initial-upload-closes-no-bugs
# The program, its library and its module are of one build: the program refuses a module of another one.
voxgan: package-name-doesnt-match-sonames libvoxgan0
OVERRIDES
cat >$build/dev/usr/share/lintian/overrides/libvoxgan-dev <<'OVERRIDES'
# Not meant for Debian's archive, so no bug asks for the package.
libvoxgan-dev: initial-upload-closes-no-bugs
# The library finds its configs by ../share, which a folder for each architecture would move.
libvoxgan-dev: pkg-config-unavailable-for-cross-compilation
OVERRIDES
gzip -9nc CHANGELOG.md >$build/stage/usr/share/doc/voxgan/changelog.gz

# A package: folder, name, the rest of its control file.
pack() {
  folder=$1 name=$2
  find "$folder" -type d -exec chmod 755 {} +
  find "$folder" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  mkdir -p "$folder/DEBIAN"
  (cd "$folder" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$folder/DEBIAN/md5sums"
  { printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: %s\nInstalled-Size: %s\nSource: voxgan\nPriority: optional\n' \
      "$name" "$version" "$arch" "$maintainer" "$(du -k -s --apparent-size "$folder/usr" | cut -f1)"
    cat; } >"$folder/DEBIAN/control"
  if [ "$name" = voxgan ]; then
    printf 'libvoxgan 0 voxgan (>= %s)\n' "${version%-1}" >"$folder/DEBIAN/shlibs"
    printf 'activate-noawait ldconfig\n' >"$folder/DEBIAN/triggers"
  fi
  dpkg-deb --root-owner-group -Zxz --build "$folder" "$build/${name}_${version}_$arch.deb" >/dev/null
}

mkdir -p $build/debian
printf 'Source: voxgan\n\nPackage: voxgan\nArchitecture: any\n' >$build/debian/control
depends=$(cd $build && dpkg-shlibdeps -O --ignore-missing-info -lstage/usr/lib stage/usr/bin/voxgan stage/usr/lib/libvoxgan.so.0 stage/usr/lib/voxgan/*.so 2>/dev/null |
  sed -n 's/^shlibs:Depends=//p')
pack $build/stage voxgan <<CONTROL
Section: science
Depends: $depends
Recommends: libopenblas0-pthread
Description: conditional GANs on brain MRI, and annotated synthetic data sets
 voxgan trains networks that make MRI of the brain from label maps, as
 pix2pix does, and label maps from MRI. It edits tumours in label maps,
 writes whole synthetic data sets with their annotation in the formats of
 BraTS, BIDS and nnU-Net, and measures how close they come to real ones
 and what they reveal of the persons that the networks learned from.
CONTROL
pack $build/dev libvoxgan-dev <<CONTROL
Section: libdevel
Depends: voxgan (= $version), libcjson-dev, libdeflate-dev, zlib1g-dev, libpng-dev, libmd-dev, libnifti-dev
Description: headers and static library of voxgan
 The C library of voxgan reads and writes volumes and data sets of brain
 MRI, edits label maps and computes metrics. This package has what
 programs need to be built with it.
CONTROL
ls -1 $build/*.deb
