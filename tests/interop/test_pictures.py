"""Displayed frames against pydicom's own modality, VOI and palette functions: one grey level apart at most."""
import json
import os
import pathlib
import subprocess

import imagecodecs
import numpy
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, apply_modality_lut, pixel_array
from pydicom.uid import ExplicitVRLittleEndian

from conftest import binary
from test_codecs import native, picture
from test_pixels import FILES

SHARED = pathlib.Path(os.environ.get("YIGONG_SHARED", pathlib.Path(__file__).resolve().parents[3] / "shared"))


def shown(path, tmp_path, *options):
    out = tmp_path / "picture.png"
    done = subprocess.run([binary(), "decode", str(path), "--form", "png", "--out", str(out), *options], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return imagecodecs.png_decode(out.read_bytes())


def write(path, dataset):
    dataset.save_as(path, enforce_file_format=True)
    return path


def window(values, centre, width):
    """PS3.3 C.11.2.1.2."""
    return numpy.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1) * 255


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "MR_small_RLE.dcm", "693_J2KI.dcm", "JPEG2000.dcm", "JPGExtended.dcm"])
def test_windows(tmp_path, name):
    dataset = pydicom.dcmread(FILES / name)
    values = apply_modality_lut(pixel_array(dataset), dataset).astype(float)
    found = shown(FILES / name, tmp_path, "--window", "100,300")
    # lossy samples may differ by one before they are shown
    assert numpy.abs(found - window(values, 100, 300)).max() <= (2 if name == "JPGExtended.dcm" else 1)


def test_the_objects_own_window_is_taken(tmp_path):
    dataset = pydicom.dcmread(FILES / "CT_small.dcm")
    dataset.WindowCenter, dataset.WindowWidth = [40, 300], [400, 1500]
    values = apply_modality_lut(pixel_array(dataset), dataset).astype(float)
    found = shown(write(tmp_path / "ct.dcm", dataset), tmp_path)
    assert numpy.abs(found - window(values, 40, 400)).max() <= 1
    dataset.VOILUTFunction = "SIGMOID"
    found = shown(write(tmp_path / "ct.dcm", dataset), tmp_path)
    assert numpy.abs(found - 255 / (1 + numpy.exp(-4 * (values - 40) / 400))).max() <= 1


def table(first, bits, entries):
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = [int(e) for e in entries]
    item["LUTData"].VR = "US"
    return item


def test_modality_and_voi_tables(tmp_path):
    data = picture(41, 60, 8)
    dataset = pydicom.dcmread(native(tmp_path / "plain.dcm", data, 8, ExplicitVRLittleEndian))
    dataset.ModalityLUTSequence = [table(0, 12, numpy.arange(256) * 16)]
    dataset.ModalityLUTType = "US"
    falling = 255 - (numpy.arange(2000) / 2000 * 255).astype(int)
    dataset.VOILUTSequence = [table(100, 8, falling)]
    found = shown(write(tmp_path / "tables.dcm", dataset), tmp_path)
    assert (found == falling[numpy.clip(data.astype(int) * 16 - 100, 0, 1999)]).all()


@pytest.mark.parametrize("bits", [8, 16])
def test_palettes(tmp_path, bits):
    dataset = pydicom.dcmread(FILES / "examples_palette.dcm")
    if bits == 8:
        theirs = apply_color_lut(pixel_array(dataset), dataset)
        theirs = theirs >> 8 if theirs.dtype == numpy.uint16 else theirs
        found = shown(FILES / "examples_palette.dcm", tmp_path)
    else:
        ramp = (numpy.arange(256) * 257).astype("<u2")
        for colour, values in (("Red", ramp), ("Green", ramp[::-1]), ("Blue", ramp)):
            setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
            setattr(dataset, f"{colour}PaletteColorLookupTableData", values.tobytes())
        theirs = apply_color_lut(pixel_array(dataset), dataset) >> 8
        found = shown(write(tmp_path / "palette.dcm", dataset), tmp_path)
    assert (found == theirs).all()


def test_segmented_palettes(tmp_path):
    data = picture(41, 60, 8)
    dataset = pydicom.dcmread(native(tmp_path / "plain.dcm", data, 8, ExplicitVRLittleEndian))
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    for colour, end in (("Red", 65535), ("Green", 30000), ("Blue", 0)):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        dataset[f"{colour}PaletteColorLookupTableDescriptor"].VR = "US"
        words = numpy.array([0, 1, 0, 1, 255, end], dtype="<u2")
        setattr(dataset, f"Segmented{colour}PaletteColorLookupTableData", words.tobytes())
    theirs = apply_color_lut(data, dataset)
    found = shown(write(tmp_path / "palette.dcm", dataset), tmp_path)
    assert numpy.abs(found.astype(int) - (theirs >> 8)).max() <= 1


def test_monochrome1_and_padding(tmp_path):
    data = picture(41, 60, 12).astype("<i2") - 1000
    data[:5] = -2000
    dataset = pydicom.dcmread(native(tmp_path / "plain.dcm", data, 16, ExplicitVRLittleEndian))
    dataset.PhotometricInterpretation = "MONOCHROME1"
    dataset.add_new(0x00280120, "SS", -2000)
    dataset.WindowCenter, dataset.WindowWidth = 500, 2000
    found = shown(write(tmp_path / "negative.dcm", dataset), tmp_path)
    assert (found[:5] == 0).all()
    assert numpy.abs(found[5:] - (255 - window(data[5:].astype(float), 500, 2000))).max() <= 1


def test_overlays_and_frames_of_functional_groups(tmp_path):
    dataset = pydicom.dcmread(FILES / "examples_overlay.dcm")
    found = shown(FILES / "examples_overlay.dcm", tmp_path, "--window", "100000,1")
    plane = dataset.overlay_array(0x6000)
    assert plane.any() and (found[: plane.shape[0], : plane.shape[1]] == plane * 255).all()

    frames = numpy.stack([picture(20, 30, 12, seed=n) for n in range(3)])
    dataset = pydicom.dcmread(native(tmp_path / "one.dcm", frames[0], 12, ExplicitVRLittleEndian))
    dataset.NumberOfFrames, dataset.PixelData = 3, frames.tobytes()
    groups = []
    for n in range(3):
        group, value, voi = Dataset(), Dataset(), Dataset()
        value.RescaleSlope, value.RescaleIntercept, value.RescaleType = n + 1, -100 * n, "US"
        voi.WindowCenter, voi.WindowWidth = 1000 * (n + 1), 3000
        group.PixelValueTransformationSequence, group.FrameVOILUTSequence = [value], [voi]
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = groups
    path = write(tmp_path / "enhanced.dcm", dataset)
    for n in range(3):
        values = frames[n].astype(float) * (n + 1) - 100 * n
        found = shown(path, tmp_path, "--frame", str(n + 1))
        assert numpy.abs(found - window(values, 1000 * (n + 1), 3000)).max() <= 1, f"frame {n + 1}"


def test_what_cannot_be_shown_is_named(tmp_path):
    """The hostile set: what must be shown is shown, what must be refused is refused with a name, the process stays whole."""
    maker = SHARED / "data/dicom/make_hostile.py"
    if not maker.exists():
        pytest.skip(f"no hostile set at {maker}")
    subprocess.run(["python3", str(maker), str(tmp_path)], check=True, capture_output=True)
    wrong = []
    for case in json.loads((tmp_path / "hostile_expected.json").read_text()):
        if case["render"] == "na" or case["reason"] == "pixel-length":
            continue  # not stored, or a part of the frames is there and is shown
        command = [binary(), "decode", str(tmp_path / case["file"]), "--form", "jpeg", "--out", str(tmp_path / "out")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode != (0 if case["render"] == "ok" else 1) or "panic" in done.stderr:
            wrong.append(f"{case['file']}: {done.returncode} {done.stderr.strip()}")
        elif case["reason"] in ("pixel-size", "codestream-size", "fragment-count") and case["reason"] not in done.stderr:
            wrong.append(f"{case['file']}: {case['reason']} expected, {done.stderr.strip()}")
    assert not wrong, "\n".join(wrong)
