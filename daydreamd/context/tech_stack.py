"""What a workspace is built with, and the file that says so.

Only manifests at the top and one directory below it are looked at, bounded, and never followed out
of the workspace.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

from daydreamd.context.exclusion import VENDORED
from daydreamd.context.workspaces import printable
from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.records.facts import Technology

_MAX_DIRECTORIES: Final = 100
_MAX_MANIFESTS: Final = 200
_MAX_MANIFEST: Final = 512 << 10
_MAX_TOML_STEPS: Final = 4_000_000
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_BY_NAME: Final = {
    "pyproject.toml": "Python", "setup.py": "Python", "setup.cfg": "Python",
    "requirements.txt": "Python", "Pipfile": "Python",
    "package.json": "JavaScript", "tsconfig.json": "TypeScript", "deno.json": "Deno",
    "Cargo.toml": "Rust", "go.mod": "Go", "pom.xml": "Java (Maven)", "build.gradle": "Gradle",
    "build.gradle.kts": "Gradle", "Gemfile": "Ruby", "composer.json": "PHP", "mix.exs": "Elixir",
    "pubspec.yaml": "Dart", "Package.swift": "Swift", "build.sbt": "Scala", "stack.yaml": "Haskell",
    "CMakeLists.txt": "CMake", "meson.build": "Meson", "Makefile": "Make",
    "configure.ac": "Autoconf",
    "Dockerfile": "Docker", "Containerfile": "Containers", "docker-compose.yml": "Docker Compose",
    "compose.yaml": "Docker Compose", "compose.yml": "Docker Compose", "Chart.yaml": "Helm",
    "flake.nix": "Nix", "Vagrantfile": "Vagrant", ".gitlab-ci.yml": "GitLab CI",
    "Jenkinsfile": "Jenkins", "tox.ini": "tox", "noxfile.py": "nox", "BUILD.bazel": "Bazel",
}  # fmt: skip
_BY_ENDING: Final = {".csproj": ".NET", ".sln": ".NET", ".tf": "Terraform", ".cabal": "Haskell"}
_BY_DEPENDENCY: Final = {
    "django": "Django", "flask": "Flask", "fastapi": "FastAPI", "starlette": "Starlette",
    "anyio": "AnyIO", "aiohttp": "aiohttp", "celery": "Celery", "huey": "huey", "click": "Click",
    "sqlalchemy": "SQLAlchemy", "pydantic": "Pydantic", "msgspec": "msgspec", "numpy": "NumPy",
    "pandas": "pandas", "torch": "PyTorch", "tensorflow": "TensorFlow", "pytest": "pytest",
    "hypothesis": "Hypothesis", "ruff": "Ruff", "mypy": "mypy", "react": "React", "vue": "Vue",
    "svelte": "Svelte", "next": "Next.js", "nuxt": "Nuxt", "@angular/core": "Angular",
    "express": "Express", "fastify": "Fastify", "@nestjs/core": "NestJS", "vite": "Vite",
    "webpack": "webpack", "jest": "Jest", "vitest": "Vitest", "typescript": "TypeScript",
    "tailwindcss": "Tailwind CSS", "electron": "Electron", "prisma": "Prisma", "rails": "Rails",
    "sinatra": "Sinatra", "rspec": "RSpec", "tokio": "Tokio", "serde": "Serde", "axum": "Axum",
    "actix-web": "Actix", "clap": "clap", "laravel/framework": "Laravel",
    "symfony/framework-bundle": "Symfony", "github.com/gin-gonic/gin": "Gin",
    "github.com/spf13/cobra": "Cobra", "phoenix": "Phoenix",
}  # fmt: skip


def find_tech_stack(root: Path, *, excluded: Callable[[str], bool]) -> tuple[Technology, ...]:
    """What it is built with: each name once, with the file (and the entry) that shows it."""
    found: dict[str, str] = {}
    for path in _manifests(root):
        if excluded(path):
            continue
        file = PurePosixPath(path)
        if named := _BY_NAME.get(file.name) or _BY_ENDING.get(file.suffix):
            found.setdefault(named, printable(path))
        for dependency in _dependencies(root, path):
            if named := _BY_DEPENDENCY.get(dependency.lower()):
                found.setdefault(named, f"{printable(path)}: {dependency}")
    if (root / ".github/workflows").is_dir():
        found.setdefault("GitHub Actions", ".github/workflows")
    return tuple(Technology(name=name, evidence=shown) for name, shown in found.items())


def _manifests(root: Path) -> Iterable[str]:
    """Regular files that may be manifests, those at the top first."""
    top = _listed(root, "")
    below = [
        f"{name}/"
        for name, is_directory in top
        if is_directory and name not in VENDORED and not name.startswith(".")
    ]
    files = [name for name, is_directory in top if not is_directory]
    for directory in below[:_MAX_DIRECTORIES]:
        files += [directory + name for name, is_dir in _listed(root, directory) if not is_dir]
    return [path for path in files if _is_manifest(PurePosixPath(path))][:_MAX_MANIFESTS]


def _listed(root: Path, directory: str) -> list[tuple[str, bool]]:
    try:
        with os.scandir(root / directory) as entries:
            return sorted(
                (entry.name, entry.is_dir(follow_symlinks=False))
                for entry in entries
                if entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False)
            )
    except OSError:
        return []  # not ours to look into, or gone: it shows nothing


def _is_manifest(file: PurePosixPath) -> bool:
    return file.name in _BY_NAME or file.suffix in _BY_ENDING or _is_requirements(file.name)


def _is_requirements(name: str) -> bool:
    return name.startswith("requirements") and name.endswith(".txt")


def _dependencies(root: Path, path: str) -> Iterator[str]:
    name = PurePosixPath(path).name
    kind = "requirements.txt" if _is_requirements(name) else name
    read = _READERS.get(kind)
    if read is None:
        return
    try:
        content = read_beneath(root, path, max_bytes=_MAX_MANIFEST)
        yield from read(content.decode(errors="replace"))
    except (FileError, ValueError, RecursionError):
        return  # a manifest that cannot be read still shows by its name what it is for


def _from_toml(text: str) -> Iterator[str]:
    # For a key of n parts the parser takes n * n steps; a key never spans lines.
    if sum(line.count(".") ** 2 for line in text.split("\n")) > _MAX_TOML_STEPS:
        raise ValueError("its keys have too many parts")
    for key, value in _tables(tomllib.loads(text)):
        if "dependencies" in key or key in ("dev", "test", "docs", "all"):
            for entry in value:
                if isinstance(entry, str) and (name := _NAME.match(entry)):
                    yield name[0]


def _tables(table: dict[str, Any], depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict | list):
            yield key, value
        if isinstance(value, dict) and depth < 4:
            yield from _tables(value, depth + 1)


def _from_json(text: str) -> Iterator[str]:
    manifest = json.loads(text)
    for key in ("dependencies", "devDependencies", "require", "require-dev"):
        listed = manifest.get(key) if isinstance(manifest, dict) else None
        yield from listed if isinstance(listed, dict) else ()


def _from_requirements(text: str) -> Iterator[str]:
    """The name that begins each line; options and addresses are none."""
    for line in text.splitlines():
        if (name := _NAME.match(line.strip())) and "://" not in line.split("#", 1)[0]:
            yield name[0]


def _from_lines(text: str) -> Iterator[str]:
    """Gemfile, go.mod, mix.exs: a dependency a line, more or less quoted."""
    for line in text.splitlines():
        yield from re.findall(r"[A-Za-z0-9@][\w@./-]*", line.split("#", 1)[0])[:3]


_READERS: Final[dict[str, Callable[[str], Iterator[str]]]] = {
    "pyproject.toml": _from_toml,
    "Cargo.toml": _from_toml,
    "package.json": _from_json,
    "composer.json": _from_json,
    "requirements.txt": _from_requirements,
    "Gemfile": _from_lines,
    "go.mod": _from_lines,
    "mix.exs": _from_lines,
}
