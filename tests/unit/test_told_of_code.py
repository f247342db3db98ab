"""False claims that a line of the same function refutes, beside true ones like them."""

import json

import pytest

from daydreamd.insights.judgement import sift
from daydreamd.insights.workspace_search import FileSearch, Snapshot
from daydreamd.records.workspace import Excerpt

PYTHON = """\
class Interface:
    salt = "cookie-session"

    def open_session(self, value):
        try:
            data = self.serializer.loads(value)
        except BadSignature:
            return None
        return data

    def advance(self):
        last = self.current.last_child
        self.current = last
        depth = 1
        depth += 1
        return last, depth
"""
GO = """\
package browse

func serve(w Writer, name string) error {
\tbuf := pool.Get().(*Buffer)
\tdefer pool.Put(buf)
\tif err := json.NewEncoder(buf).Encode(items); err != nil {
\t\treturn err
\t}
\tbuf.WriteTo(w)
\treturn nil
}
"""
C = """\
int save(struct item *item, char *name)
{
\tint idx = -1;
\tchar *path = format_path(item, name);
\tif (item == NULL && name == NULL)
\t\treturn (-1);
\tfile_write(item, path);
\tfree(path);
\treturn (idx);
}
"""
FILES = {"session.py": PYTHON, "browse.go": GO, "save.c": C}


def is_kept(tmp_path, path, quote, title, body):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    search = FileSearch({"w": Snapshot(root=tmp_path, files=tuple(FILES), whole=True)})
    line = 1 + FILES[path][: FILES[path].index(quote)].count("\n")
    claim = {"title": title, "path": path, "line": line, "end_line": line, "quote": quote,
             "body": body, "category": "bug"}  # fmt: skip
    sifted = sift(
        json.dumps({"session_word": "", "insights": [claim]}),
        excerpts=[Excerpt(workspace="w", path=name, text=text) for name, text in FILES.items()],
        search=search,
    )
    return bool(sifted.claims)


@pytest.mark.parametrize(
    ("path", "quote", "title", "body"),
    [
        ("session.py", "data = self.serializer.loads(value)", "A bad signature is not handled",
         "A forged cookie raises BadSignature out of open_session, which crashes the request."),
        ("browse.go", "if err := json.NewEncoder(buf).Encode(items); err != nil {",
         "Encoding errors ignored", "The error from Encode is discarded, and half a list is sent."),
        ("browse.go", "buf := pool.Get().(*Buffer)", "Buffer never returned to the pool",
         "buf is taken from pool but never put back, so the pool grows."),
        ("save.c", "char *path = format_path(item, name);", "path leaks in save",
         "path is allocated, but there is no free(path) before save returns."),
        ("save.c", "if (item == NULL && name == NULL)", "save accepts a missing item",
         "There is no check for a missing item, so a NULL item crashes in file_write."),
        ("session.py", 'salt = "cookie-session"', "Salt is empty",
         "The salt is the empty string, so signatures can be reused."),
        ("save.c", "int idx = -1;", "idx collides with the first item",
         "Without an item idx is 0, which is the first item's."),
        ("session.py", "last = self.current.last_child", "advance does not move",
         "advance reads last_child but never updates self.current, so it stays where it was."),
    ],
)  # fmt: skip
def test_what_a_line_of_the_function_refutes_is_not_kept(tmp_path, path, quote, title, body):
    assert not is_kept(tmp_path, path, quote, title, body)


@pytest.mark.parametrize(
    ("path", "quote", "title", "body"),
    [
        ("session.py", "except BadSignature:", "Only BadSignature is caught in open_session",
         "Errors of the serializer other than BadSignature are not caught by open_session."),
        ("browse.go", "buf.WriteTo(w)", "The error of WriteTo is lost",
         "WriteTo may fail half way, and its error is ignored by serve."),
        ("session.py", "depth = 1", "depth is 2 whatever came before",
         "At the end depth is 2 for every call, as it begins at 1 and is raised once."),
        ("save.c", "int idx = -1;", "save always fails",
         "idx is -1 and is never set again, so every save is told to have failed."),
        ("session.py", 'salt = "cookie-session"', "One salt for all apps",
         "The salt is the same for all apps, so two with one key accept each other's cookies."),
    ],
)  # fmt: skip
def test_what_is_true_beside_it_is_kept(tmp_path, path, quote, title, body):
    assert is_kept(tmp_path, path, quote, title, body)
