"""Every route of the server: from the OpenAPI document and from the sources, so that a new one cannot be forgotten."""
import pathlib
import re

SOURCES = pathlib.Path(__file__).resolve().parents[3] / "src"
MACRO = re.compile(r'^#\[(get|post|put|delete|patch|head|options)\("([^"]+)"\)\]', re.MULTILINE)
CONST = re.compile(r'"(/dicom-web/[^"]*subscribers[^"]*)"')


def plain(path):
    """`{path:.*}` and `{picture:a|b}` without the pattern."""
    return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", path)


def of_sources():
    found = set()
    for path in SOURCES.rglob("*.rs"):
        text = path.read_text()
        found |= {f"{method.upper()} {plain(at)}" for method, at in MACRO.findall(text)}
        found |= {f"{method} {plain(at)}" for at in CONST.findall(text) for method in ("POST", "DELETE")}
    return found


def of_document(server):
    document = server.login("admin").get("/api/openapi.json")
    return {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods if method in ("get", "post", "put", "delete", "patch")}
