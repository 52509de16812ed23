"""A data set, or a study, as a torch.utils.data.Dataset: series as channels, and the label maps as one map of classes."""
from __future__ import annotations

import os
from typing import Any, Optional, Sequence

import numpy as np
import torch
from torch.utils.data import Dataset as _TorchDataset

from . import Array, Dataset, Maps, Study, Volume, read_volume


class VolumeDataset(_TorchDataset[dict[str, Any]]):
    """Items are {"id", "image": float32 (C, X, Y, Z), "label": int64 (X, Y, Z)}, axes closest to R, A,
    S. A label is 0, or the place of its class in `classes` + 1; a tumour covers the anatomy. Subjects that lack
    a series, or every label map, are skipped."""

    def __init__(self, root: "str | os.PathLike[str]", series: Optional[Sequence[str]] = None, layout: str = "auto",
                 tumour_scheme: Optional[str] = None, anatomy_scheme: Optional[str] = None) -> None:
        self.data = Dataset(root, layout, tumour_scheme, anatomy_scheme)
        self.series = tuple(series or self.data.series)
        self.classes = tuple(self.data.classes)
        self.subjects = [s for s in self.data if all(k in s.series for k in self.series) and (s.tumour or s.anatomy)]

    def __len__(self) -> int:
        return len(self.subjects)

    def __getitem__(self, i: int) -> dict[str, Any]:
        subject = self.subjects[i]
        label = _one_map(self.data.maps(subject))
        images = [_as_ras(read_volume(subject.series[k])) for k in self.series]
        for k, image in zip(self.series, images):
            if image.shape != label.shape:
                raise ValueError(f"{subject.series[k]}: shape {image.shape} differs from its labels' {label.shape}")
        return {"id": subject.id, "image": torch.from_numpy(np.stack(images).copy()), "label": torch.from_numpy(label)}


class StudyDataset(_TorchDataset[dict[str, Any]]):
    """The label maps of a study, each made when it is asked for: items are {"id", "label": int64 (X, Y, Z)}, labels as
    in VolumeDataset. A worker process needs a study of its own, so DataLoader takes num_workers=0."""

    def __init__(self, study: Study) -> None:
        self.study = study

    def __len__(self) -> int:
        return len(self.study)

    def __getitem__(self, k: int) -> dict[str, Any]:
        case = self.study[k]
        return {"id": case.id, "label": torch.from_numpy(_one_map(case.maps))}


def _one_map(maps: Maps) -> "np.ndarray[Any, np.dtype[np.int64]]":
    tumour = maps.tumour
    return np.where(tumour > 0, tumour, maps.anatomy).astype(np.int64)


def _as_ras(volume: Volume) -> Array:
    """Axes permuted and flipped closest to R, A, S, as the library orders label maps."""
    matrix = volume.affine[:3, :3] / np.linalg.norm(volume.affine[:3, :3], axis=0)
    u, _, v = np.linalg.svd(matrix)
    rotation, order = u @ v, [-1, -1, -1]
    for axis in range(3):
        free = [w for w in range(3) if w not in order[:axis]]
        order[axis] = max(free, key=lambda w: abs(rotation[w, axis]))
    data = volume.data
    for axis in range(3):
        if rotation[order[axis], axis] < 0:
            data = np.flip(data, axis)
    return np.ascontiguousarray(np.transpose(data, np.argsort(order)))
