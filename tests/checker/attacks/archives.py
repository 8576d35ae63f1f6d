"""Attacks on `arrays.npz` as a file. Each returns the files, and the verdicts that are allowed."""

import io
import struct
import warnings
import zipfile

import numpy as np

INVALID = ("invalid",)


def one_of(rng, items):
    items = list(items)
    return items[int(rng.integers(len(items)))]


def bodies(honest):
    """Where the entries lie in the archive."""
    found = set()
    for a in honest.arrays.values():
        raw = np.ascontiguousarray(a).tobytes()
        start = honest.archive.index(raw)
        found |= set(range(start, start + len(raw)))
    return found


def header_bits(honest):
    """Every bit outside the entries, one flipped at a time."""
    inside = bodies(honest)
    for at in range(len(honest.archive)):
        for bit in range(8) if at not in inside else ():
            archive = bytearray(honest.archive)
            archive[at] ^= 1 << bit
            yield honest.text, bytes(archive), None


def flipped(honest, rng):
    archive = bytearray(honest.archive)
    at = int(rng.integers(len(archive)))
    archive[at] ^= 1 << int(rng.integers(8))
    return honest.text, bytes(archive), INVALID if at in bodies(honest) else None


def header_bit(honest, rng):
    archive, inside = bytearray(honest.archive), bodies(honest)
    at = one_of(rng, [i for i in range(len(archive)) if i not in inside])
    archive[at] ^= 1 << int(rng.integers(8))
    return honest.text, bytes(archive), None


def header_bytes(honest, rng):
    """Several bytes at once, often those of sizes and offsets."""
    archive, inside = bytearray(honest.archive), bodies(honest)
    places = [i for i in range(len(archive)) if i not in inside]
    for _ in range(int(rng.integers(1, 5))):
        archive[one_of(rng, places)] = one_of(rng, (0, 1, 255, 128, int(rng.integers(256))))
    return honest.text, bytes(archive), None


def cut(honest, rng):
    return honest.text, honest.archive[: rng.integers(len(honest.archive))], INVALID


def more_bytes(honest, rng):
    junk = one_of(rng, (b"\0", b"PK\5\6", b"x" * 70000, b"PK\1\2" + b"\0" * 50))
    raw = honest.archive
    at = int(rng.integers(len(raw)))
    return honest.text, one_of(rng, (junk + raw, raw + junk, raw[:at] + junk + raw[at:])), None


def npy(a, **others):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, a, **others)
    return stream.getvalue()


def packed(members, compression=zipfile.ZIP_STORED, comment=b""):
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that appear twice
        with zipfile.ZipFile(stream, "w", compression) as archive:
            archive.comment = comment
            for name, raw in members:
                archive.writestr(name, raw)
    return stream.getvalue()


def _linked(name):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


def members(honest, rng):
    own = [(f"{name}.npy", npy(a)) for name, a in honest.arrays.items()]
    name, raw = one_of(rng, own)
    rest = [pair for pair in own if pair[0] != name]
    harmless = (
        (packed(own, one_of(rng, (8, 12, 14))), None),
        (packed(own[::-1], comment=b"x" * 65535), None),
        (packed([*rest, (_linked(name), raw)]), None),
    )
    others = [
        [*own, (name, raw)], [*own, (name, b"")], rest, [*own, ("evil.npy", raw)],
        [(f"{name}/", b""), *own], [*rest, (name, packed(own))], [("arrays.npz", packed(own))],
        [*rest, (_linked(name), b"/etc/passwd")], [*rest, (name, b"")], [], [*own, ("a/", b"")],
        *([*rest, (other, raw)] for other in (
            f"../{name}", f"/{name}", f"./{name}", f"C:\\{name}", f"{name}/", name.upper(),
            name.removesuffix(".npy"), f"{name}.npy", f"é{name}", f" {name}", f"a/{name}",
            "x" * 60000 + ".npy",
        )),
    ]  # fmt: skip
    archive, allowed = one_of(rng, (*harmless, *[(packed(other), INVALID) for other in others]))
    return honest.text, archive, allowed


def npy_headers(honest, rng):
    own = {f"{name}.npy": npy(a) for name, a in honest.arrays.items()}
    name = one_of(rng, honest.arrays)
    a, raw = honest.arrays[name], own[f"{name}.npy"]
    body = raw[128:]

    def headed(text, size=None, version=b"\1\0"):
        size = len(text) if size is None else size
        return b"\x93NUMPY" + version + struct.pack("<H", size) + text + body

    said = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {a.shape}, }}".encode()
    other = one_of(rng, (
        npy(a.astype(">f8")), npy(a.astype("f4")), npy(a.astype("i8")), npy(a, version=(2, 0)),
        npy(np.array([object()] * a.size), allow_pickle=True), npy(a.reshape(-1, 1, 1)),
        headed(said.replace(b"False", b"True")), headed(said + b"\0" * 10), headed(said, 5),
        headed(said, 65535), headed(b"__import__('os').abort()"), headed(b"(" * 3000),
        headed(said.replace(b"<f8", b"|O")), headed(said.replace(b"<f8", b"<c16")),
        headed(said, version=b"\2\0"), headed(b""), raw[:127], raw + b"\0", b"\0" + raw, body,
        headed(said.replace(b", }", b", 'x': 1}")), headed(said + b" " * 5000),
    ))  # fmt: skip
    return honest.text, packed((own | {f"{name}.npy": other}).items()), INVALID


def bombs(honest, rng):
    own = {f"{name}.npy": npy(a) for name, a in honest.arrays.items()}
    name = one_of(rng, own)
    bomb = own[name] + b"\0" * int(2 ** rng.uniform(13, 23))
    raw = packed((own | {name: bomb}).items(), zipfile.ZIP_DEFLATED)
    if rng.random() < 0.6:  # the directory says the size that is expected
        said, true = (len(x).to_bytes(4, "little") for x in (own[name], bomb))
        raw = raw.replace(true, said)
    if rng.random() < 0.3:
        text = honest.text.replace(b'"shape": [', b'"shape": [2097152, ', 1)
        return text, raw, INVALID
    return honest.text, raw, INVALID


ATTACKS = {
    "bits of the archive": flipped,
    "bits of headers": header_bit,
    "bytes of headers": header_bytes,
    "archive cut off": cut,
    "more bytes in the archive": more_bytes,
    "other members": members,
    "other headers of arrays": npy_headers,
    "bombs": bombs,
}
