/* magic.c: the signatures of formats that people have scans in. */
#include "base/file/magic.h"

#include <string.h>

#include "base/fs.h"

enum { LOOK = 512 };

static const struct {
  size_t at;
  const char *bytes;
  size_t n;
  const char *advice;
} formats[] = {
    {128, "DICM", 4, "DICOM: convert it to NIfTI with `dcm2niix -z y -o OUT FOLDER`"},
    {0, "\211HDF\r\n\032\n", 8,
     "HDF5, as MINC 2 and MATLAB 7.3 files: convert it with `mnc2nii`, or export NIfTI"},
    {0, "CDF\001", 4, "MINC: convert it to NIfTI with `mnc2nii`"},
    {0, "CDF\002", 4, "MINC: convert it to NIfTI with `mnc2nii`"},
    {0, "MATLAB", 6, "a MATLAB file: write NIfTI with `niftiwrite`"},
    {0, "\223NUMPY", 6, "a NumPy array: save it with its affine as NIfTI (nibabel's Nifti1Image)"},
    {0, "NRRD000", 7, "NRRD: give it its ending, .nrrd or .nhdr"},
    {0, "ObjectType", 10, "MetaImage: give it its ending, .mha or .mhd"},
    {0, "# === DATA DESCRIPTION FILE", 27, "a Philips PAR file: convert it to NIfTI with `dcm2niix`"},
    {0, "\211PNG", 4, "a PNG picture: it has no voxel size; voxgan needs the volume that it was made from"},
    {0, "\377\330\377", 3,
     "a JPEG picture: it has no voxel size; voxgan needs the volume that it was made from"},
    {0, "II*\0", 4, "a TIFF picture: convert it to NIfTI with its voxel size (SimpleITK)"},
    {0, "MM\0*", 4, "a TIFF picture: convert it to NIfTI with its voxel size (SimpleITK)"},
    {0, "PK\003\004", 4, "a ZIP archive: unpack it; a spreadsheet (.xlsx, .ods): save it as CSV"},
    {257, "ustar", 5, "a tar archive: unpack it"},
    {0, "7z\274\257\047\034", 6, "a 7-Zip archive: unpack it"},
    {0, "BZh", 3, "compressed by bzip2: unpack it"},
    {0, "\3757zXZ", 5, "compressed by xz: unpack it"},
    {0, "\050\265\057\375", 4, "compressed by zstd: unpack it"},
    {0, "<!DOCTYPE", 9, "a web page, not the file that was to be downloaded"},
    {0, "<html", 5, "a web page, not the file that was to be downloaded"},
    {0, "version https://git-lfs", 23, "a pointer of Git LFS: fetch the file itself with `git lfs pull`"},
};

const char *vg_magic_advice(const void *bytes, size_t n) {
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    if (formats[i].at + formats[i].n > n) continue;
    if (memcmp((const char *)bytes + formats[i].at, formats[i].bytes, formats[i].n) == 0)
      return formats[i].advice;
  }
  return NULL;
}

const char *vg_file_advice(const char *path) {
  char bytes[LOOK];
  vg_file f;
  const char *advice = NULL;
  if (vg_file_open(path, &f)) return NULL;
  const size_t n = f.size < LOOK ? (size_t)f.size : LOOK;
  if (!vg_file_read(&f, path, 0, bytes, n)) advice = vg_magic_advice(bytes, n);
  vg_file_close(&f);
  return advice;
}
