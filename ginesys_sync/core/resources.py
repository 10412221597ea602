"""Where the things that are not code lie: icons, style, fonts, help pages, the retail plan.

A wheel carries the `resources` folder inside the package as `_resources`; in a source tree it
stands beside the package. Both are ordinary folders, never a zip.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE / "_resources", _PACKAGE.parent / "resources")


def resource_path(*parts: str) -> Path:
    """Return the absolute path of a resource that exists, file or folder.

    `resource_path("icons", "site.svg")`; without parts it is the folder of all resources. Raises
    FileNotFoundError when there is no such resource: the program asks for its own files only, so
    that is a fault of the program or of its installation.
    """
    for place in _PLACES:
        candidate = place.joinpath(*parts)
        if candidate.exists():
            return candidate
    places = " nor in ".join(str(place) for place in _PLACES)
    raise FileNotFoundError(f"no resource {'/'.join(parts) or 'folder'!r} in {places}")
