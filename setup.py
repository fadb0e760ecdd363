"""What setup.cfg can not say: the engine's kernel is compiled where that is possible, and knows its own source.

Everything else about the package is in setup.cfg. Without a compiler, or without Python.h, the package is built without
the kernel, and numpy answers.
"""

import hashlib
from pathlib import Path

from setuptools import Extension, setup

ENGINE = Path("geoservice") / "engine"
#: In the order in which engines.py reads them.
SOURCES = sorted(str(file) for file in ENGINE.glob("kernel*.[ch]"))

digest = hashlib.sha256(b"".join(Path(file).read_bytes() for file in SOURCES)).hexdigest()
kernel = Extension(
    "geoservice.engine.kernel",
    [str(ENGINE / "kernel.c")],
    depends=SOURCES,
    # One file for Python 3.11 and all later ones.
    define_macros=[("Py_LIMITED_API", "0x030B0000"), ("SOURCE_SHA256", f'"{digest}"')],
    py_limited_api=True,
    # A multiplication and an addition made one would round once where numpy rounds twice.
    extra_compile_args=["-O3", "-ffp-contract=off"],
    optional=True,
)

setup(ext_modules=[kernel], options={"bdist_wheel": {"py_limited_api": "cp311"}})
