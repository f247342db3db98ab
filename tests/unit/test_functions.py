"""Functions and classes are found in whatever language a file is written."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daydreamd.text.functions import definitions, function_around
from daydreamd.text.masking import masked, uncommented

PYTHON = '''\
import os


class Cart:
    """Not def a_function(): of this class."""

    @property
    @cached(
    )
    def total(self) -> int:
        text = """
def not_a_function():
"""
        return sum(self.prices)

    async def pay(
        self,
        gateway,
    ):
        def retry(times):
            return times - 1

        # a comment at the margin
        return await gateway.send(self)


RATES = {}
'''
JAVASCRIPT = """\
const load = async (path) => {
  const brace = /[{]/;
  return `{ ${path} {`;
};

export default class Store extends Base {
  constructor(options = {}) {
    super(options);
  }
  get(key) {
    if (key) {
      return this.map[key];
    }
  }
}

exports.save = function (key) {
  return key;
};
"""
GO = """\
package cache

import (
	"fmt"
)

func (c *Cache) Get(key string) (interface{}, error) {
	if v, ok := c.items[key]; ok {
		return v, nil
	}
	return nil, fmt.Errorf("no {")
}

type Cache struct {
	items map[string]interface{}
}

func New() *Cache { return &Cache{} }
"""
RUST = """\
impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let brace = '{';
        self.rest.split_once(brace).map(|(line, _)| line)
    }
}

pub fn parse<T>(text: &str) -> Result<T, Error>
where
    T: FromStr,
{
    text.parse()
}
"""
C = """\
static struct item *find(const char *);

static struct item *
find(const char *name)
{
	struct item *seen;

	for (seen = first; seen != NULL; seen = seen->next) {
		if (strcmp(seen->name, name) == 0)
			return (seen);
	}
#ifdef DEBUG
	log_debug("no { here");
#endif
	return (NULL);
}
"""
JAVA = """\
public final class Ledger implements Closeable {
    private final Map<String, List<Entry>> entries = new HashMap<>();

    public static <T> List<T> copy(List<T> of)
            throws IOException {
        return new ArrayList<>(of);
    }

    @Override
    public void close() {
        if (entries.isEmpty()) { return; }
    }
}
"""
RUBY = """\
module Shop
  class Cart
    def total
      prices.sum do |price|
        price * 2
      end
    end

    def empty?
      prices.none?
    end
  end
end
"""
PHP = """\
<?php
namespace Shop;

class Cart
{
    public function __construct(
        private array $prices,
    ) {
        # a comment {
    }

    public function total(): int
    {
        return array_sum($this->prices);
    }
}
"""
SHELL = """\
#!/bin/sh
deploy() {
    if [ -z "$1" ]; then
        return 1
    fi
}

function clean {
    rm -rf build
}
"""
KOTLIN = """\
@Tag("slow")
class Upload(private val client: Client) {
    fun send(file: File): Boolean {
        return client.put(file)
    }

    private fun name(file: File) = file.name
}
"""


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("a.py", PYTHON, [
            ("Cart", 4, 24), ("Cart.total", 10, 14), ("Cart.pay", 16, 24),
            ("Cart.pay.retry", 20, 21),
        ]),
        ("a.js", JAVASCRIPT, [
            ("load", 1, 4), ("Store", 6, 15), ("Store.constructor", 7, 9), ("Store.get", 10, 14),
            ("exports.save", 17, 19),
        ]),
        ("a.go", GO, [("Cache.Get", 7, 12), ("Cache", 14, 16), ("New", 18, 18)]),
        ("a.rs", RUST, [("Lines", 1, 8), ("Lines.next", 4, 7), ("parse", 10, 15)]),
        ("a.c", C, [("find", 3, 16)]),
        ("A.java", JAVA, [("Ledger", 1, 13), ("Ledger.copy", 4, 7), ("Ledger.close", 9, 12)]),
        ("a.rb", RUBY, [
            ("Shop", 1, 13), ("Shop.Cart", 2, 12), ("Shop.Cart.total", 3, 7),
            ("Shop.Cart.empty?", 9, 11),
        ]),
        ("a.php", PHP, [("Cart", 4, 16), ("Cart.__construct", 6, 10), ("Cart.total", 12, 15)]),
        ("a.sh", SHELL, [("deploy", 2, 6), ("clean", 8, 10)]),
        ("a.kt", KOTLIN, [("Upload", 1, 8), ("Upload.send", 3, 5), ("Upload.name", 7, 7)]),
    ],
)  # fmt: skip
def test_what_is_declared_is_found_from_its_first_line_to_its_last(path, text, found):
    said = [(one.name, one.first_line, one.last_line) for one in definitions(text, path)]
    assert said == found


def test_a_line_stands_in_the_innermost_function():
    assert function_around(PYTHON, 21, "a.py").name == "Cart.pay.retry"
    assert function_around(PYTHON, 23, "a.py").name == "Cart.pay"
    assert function_around(PYTHON, 5, "a.py") is None


def test_a_language_that_is_not_named_is_guessed():
    assert [one.name for one in definitions(PYTHON)] == [
        "Cart",
        "Cart.total",
        "Cart.pay",
        "Cart.pay.retry",
    ]
    assert [one.name for one in definitions(C)] == ["find"]


def test_comments_and_literals_are_blanked_in_their_places():
    text = 'path = "a#b"  # a "comment"\nurl = "http://x"\n'
    assert masked(text, "a.py") == 'path = "   "               \nurl = "        "\n'
    assert uncommented(text, "a.py") == 'path = "a#b"               \nurl = "http://x"\n'


@given(
    st.text(alphabet="(){}[]\"'`#/*\\\n :=>ab.", max_size=300),
    st.sampled_from(["py", "js", "c", "rs", "lua", "el"]),
)
@example("def a(" * 40, "py")
@example("{" * 300 + "}" * 300, "js")
def test_any_text_is_taken_apart(text, kind):
    assert len(masked(text, f"a.{kind}")) == len(text)
    lines = text.count("\n") + 1
    for one in definitions(text, f"a.{kind}"):
        assert 1 <= one.first_line <= one.last_line <= lines
