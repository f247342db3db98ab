"""Sixty false or empty claims of twelve kinds fall, and sixty true ones of awkward form stand."""

# ruff: noqa: E501 - a claim is told in one line, as a model tells it

import json

import pytest

from daydreamd.insights.judgement import sift
from daydreamd.insights.verification import Reason
from tests.unit.claimed_code import EXCERPTS, SEARCH, line_of
from tests.unit.judging import judge

PRICING, RATES, CHECKOUT = "cart/pricing.py", "cart/rates.py", "cart/checkout.py"
CLIENT, CACHE, API = "payments/client.py", "store/cache.go", "web/api.js"
RUST, C, JAVA, SHELL = "core/parse.rs", "core/list.c", "app/Ledger.java", "bin/deploy.sh"

FALSE = {
    "praise": [
        (PRICING, "def total(items, discount=0):", "`total` is well structured", "The function is clean, readable and follows best practices for summing items."),
        (CLIENT, "while attempt < RETRIES:", "Solid retry loop in charge", "The retry loop with exponential backoff is a robust and elegant way to talk to the gateway."),
        (CACHE, "defer c.mu.Unlock()", "Good use of defer", "Unlocking with `defer` is idiomatic Go and makes the code easy to read."),
        (RUST, "match u32::try_from(size) {", "Excellent use of try_from", "`checked` handles all sizes gracefully thanks to `try_from`."),
        (JAVA, "public synchronized int sum() {", "Sum is implemented correctly", "The method `sum` is properly synchronized and works as expected."),
    ],
    "summary": [
        (PRICING, "def parse_price(text, currency=None):", "Price parsing", "This function parses a price from text and returns the price in cents."),
        (CLIENT, "def charge(gateway, amount):", "Charging with retries", "The function sends the amount to the gateway and retries up to three times when it raises."),
        (API, "export async function loadOrders(user, page) {", "Orders are loaded by page", "`loadOrders` fetches the orders of a user and returns the first fifty."),
        (C, "for (seen = first; seen != NULL; seen = seen->next) {", "Linear search through the list", "The loop walks the list and returns the item with the given name."),
        (CHECKOUT, "class Checkout:", "Checkout handles payments", "The class represents the checkout of a cart. It provides methods to pay and to cancel."),
    ],
    "restatement": [
        (PRICING, 'value = Decimal(text.strip("€$ "))', "value is Decimal text strip", "The value is a Decimal of the text strip."),
        (CHECKOUT, "self.attempts += 1", "attempts += 1", "Here self.attempts += 1 is used."),
        (CACHE, "delete(c.items, key)", "delete key from items", "It does delete(c.items, key)."),
        (C, "made->next = first;", "made->next = first", "The code has made->next = first."),
        (JAVA, "balances.put(account, balances.get(account) + cents);", "balances put account", "This code calls balances.put(account, balances.get(account) + cents)."),
    ],
    "advice for any code": [
        (PRICING, "def average(items):", "Add type hints to average", "Consider adding type hints and a docstring to improve readability and maintainability."),
        (CLIENT, "time.sleep(2 ** attempt)", "Use constants instead of magic numbers", "Magic numbers in `charge` make the code hard to maintain; consider named constants."),
        (CHECKOUT, "def pay(self, currency):", "Improve error handling in pay", "Adding more robust error handling to `pay` could prevent unexpected errors."),
        (API, "export function label(order) {", "More comments would help", "The function `label` would benefit from more comments and better naming."),
        (RUST, "pub fn limit(size: u64) -> u32 {", "Refactor for better testability", "Refactoring `limit` into smaller functions could make it easier to test."),
    ],
    "advisories and versions": [
        (RATES, "answer = urllib.request.urlopen(url)", "CVE-2023-24329 in urllib", "`urlopen` is affected by CVE-2023-24329, so a blank in the url bypasses checks."),
        (PRICING, "from decimal import Decimal", "Decimal is slow in older versions", "Decimal in Python versions before 3.3 is deprecated and should be upgraded."),
        (API, "const answer = await fetch(`/api/orders?user=${user.id}&page=${page}`);", "fetch is vulnerable", "This fetch has the vulnerability GHSA-r683-j2x4-v87g, which leaks headers."),
        (CACHE, '"sync"', "sync.Mutex changed", "The mutex of Go 1.18 is outdated; upgrade to the latest version."),
        (JAVA, "import java.util.*;", "Java 8 is at its end of life", "`HashMap` of Java 8 is no longer maintained and unsupported since version 8."),
    ],
    "unused, with the use there": [
        (PRICING, "def convert(amount, source, target):", "`convert` is never used", "Nothing calls `convert`, so it can be deleted."),
        (PRICING, "def total(items, discount=0):", "The `discount` parameter is unused", "`discount` is accepted and never read in `total`."),
        (CACHE, "func evict(c *Cache, most int) {", "evict() is dead code", "The function evict() has no callers in this package."),
        (API, "function formatDate(date) {", "formatDate is unused", "No code references `formatDate`; remove it."),
        (RUST, "fn checked(size: u64) -> Result<u32, String> {", "`checked` is never called", "`checked` is private and nobody calls it."),
    ],
    "no test, with the test there": [
        (PRICING, "def parse_price(text, currency=None):", "`parse_price` is untested", "There are no tests for `parse_price`, although all prices go through it."),
        (PRICING, "def total(items, discount=0):", "No tests for total()", "The function total() has no test coverage."),
        (API, "export function label(order) {", "`label` is not covered by any test", "Nothing tests `label`, so a change of the date goes unseen."),
        (PRICING, "amount += item.price * item.count", "Missing tests for `total`", "`total` lacks unit tests."),
        (PRICING, "return int(value * 100)", "parse_price() is never tested", "parse_price() is not exercised by any test."),
    ],
    "not handled, missing, never closed": [
        (PRICING, 'with open(path, "w") as out:', "File is never closed", "`out` is opened in `debug_dump` and never closed, so descriptors leak."),
        (CACHE, "file, err := os.Open(path)", "Error of os.Open is ignored", "`err` of `os.Open` is never checked."),
        (RATES, "answer = urllib.request.urlopen(url, timeout=timeout)", "refresh has no timeout", "`urlopen` is called without a timeout, so `refresh` waits forever."),
        (CHECKOUT, "def cancel(self, order):", "No None check for order", "`order` is never checked for None before `order.state` is set."),
        (RATES, "fresh = json.load(answer)", "ValueError is not handled", "A malformed answer raises ValueError, which is never caught in `refresh`."),
    ],
    "names that stand nowhere": [
        (PRICING, "return CACHE[key]", "`flush_cache` races with cached_total", "`flush_cache` empties the dictionary between the test and the read."),
        (CLIENT, "def charge(gateway, amount):", "`validate_amount` accepts negative amounts", "`validate_amount` lets -5 through, so customers are paid."),
        (API, "return orders.slice(0, LIMIT);", "`orderCache` grows without bound", "Each page is kept in `orderCache` and never dropped."),
        (CACHE, "c.items[key] = value", "cleanupLoop() deletes fresh keys", "cleanupLoop() drops keys that Put has just stored."),
        (JAVA, "sum += cents;", "`overflowGuard` is wrong", "`overflowGuard` compares with the wrong limit, so the sum wraps."),
    ],
    "another function": [
        (PRICING, "def parse_price(text, currency=None):", "`convert` divides by the wrong rate", "`convert` multiplies by the source where it should divide."),
        (CLIENT, "def find_customer(connection, name):", "`find_order` is open to SQL injection", "`find_order` builds the statement by concatenation of `number`."),
        (CACHE, "func evict(c *Cache, most int) {", "`Load` truncates files at 4096 bytes", "`Load` reads once, so larger files lose their end."),
        (API, "export function save(order) {", "`showOrders` reads one too many", "`showOrders` runs to `i <= orders.length` and renders undefined."),
        (C, "find(struct item *first, const char *name)", "`clear` uses freed memory", "`clear` reads `first->next` after `free(first)`."),
    ],
    "inverted guards": [
        (PRICING, "if not text:\n        return None", "Prices are thrown away", "`parse_price` returns None when `text` is set, so every price is lost."),
        (CHECKOUT, "if not self.cart.items:\n            return None", "Full carts are never paid", "`pay` returns early if `items` is not empty, so no full cart is ever paid."),
        (API, 'if (!user) {\n    throw new Error("no user");', "Known users are refused", "`loadOrders` throws whenever `user` is present, so nobody sees orders."),
        (CHECKOUT, 'if order is None:\n            raise ValueError("no order")', "Valid orders cannot be cancelled", "`cancel` raises if `order` is given, so valid orders stay."),
        (SHELL, 'if [ -z "$NAME" ]; then', "The guard should test for emptiness", 'The test is wrong: it should be `[ -z "$NAME" ]`.'),
    ],
    "misquoted": [
        (PRICING, "return round(value * 100)", "Rounding loses a cent", "`parse_price` rounds half to even, so 0.125 loses a cent."),
        ("cart/orders.py", "def total(items, discount=0):", "total ignores tax", "`total` never adds tax to the amount."),
        (CACHE, "c.mu.RLock()", "Readers block each other", "`Get` takes the write lock, so readers block each other."),
        (API, "eval(orders)", "Orders are evaluated", "`loadOrders` evaluates what the server says, so a server runs code."),
        (RUST, 'panic!("no size")', "An empty file panics", "`read_size` panics on an empty file instead of returning None."),
    ],
}  # fmt: skip

TRUE = [
    # as they should be
    (PRICING, "return total(items) / len(items)", "average() divides by zero for an empty cart", "`len(items)` is 0 for an empty cart and the division raises ZeroDivisionError.", {}),
    (PRICING, "amount = amount - amount * discount / 100", "A discount turns cents into floats", "`amount` is an int until `discount` is set; then `/ 100` makes a float of it and callers compare floats.", {}),
    (PRICING, "key = cart.owner", "Totals are cached by owner only", "Two carts of one owner share `CACHE[key]`, so the second shows the first one's total.", {}),
    (RATES, "except OSError:\n            pass", "A network error leaves the rates empty", "`load_rates` swallows OSError and returns an empty dict, so `convert` fails with KeyError far away.", {}),
    (RATES, "def add_rate(name, rate, extra={}):", "Mutable default keeps rates between calls", "`extra` is shared by all calls of `add_rate`: rates of former calls are added again.", {}),
    (CLIENT, "except Exception:", "The last error of a charge is lost", "After three attempts `charge` returns None and the caller never learns why.", {}),
    (CLIENT, "cursor.execute(\"SELECT * FROM orders WHERE number = '\" + number + \"'\")", "SQL injection in find_order", "`number` is concatenated into the statement; use a placeholder as `find_customer` does.", {}),
    (CLIENT, "gateway.settle(order)", "settle is not awaited", "`gateway.settle(order)` is called without await while `flush` is awaited, so orders may not be settled.", {}),
    (CHECKOUT, 'handle = open(directory + "/" + name)', "Receipts are never closed", "`receipts` opens each file and never closes it; many receipts exhaust the descriptors.", {}),
    (CHECKOUT, "for name in sorted(os.listdir(directory)):", "os is not imported", "`receipts` uses `os.listdir` but the module never imports `os`, so it raises NameError.", {}),
    (CHECKOUT, "self.gateway.refund(order.amount)", "A failed refund leaves the order cancelled", "`order.state` is set before `refund`: if it raises, the state says cancelled but no money came back.", {}),
    (CACHE, "c.items[key] = value", "Put writes without the lock", "`Get` takes `c.mu` but `Put` does not, so concurrent calls race on the map.", {}),
    (CACHE, "n, _ := file.Read(data)", "Load reads at most 4096 bytes", "One `Read` into a buffer of 4096 cuts longer files silently, and its error is discarded.", {}),
    (API, "for (let i = 0; i <= orders.length; i++) {", "showOrders renders one undefined", "`<=` runs one past the end: `orders[orders.length]` is undefined.", {}),
    (API, 'return date.getFullYear() + "-" + date.getMonth() + "-" + date.getDate();', "Months are off by one", "`getMonth()` counts from 0, so `formatDate` says 0 for January.", {}),
    (RUST, "let first = text.lines().next().unwrap();", "An empty file panics", "`next()` is None for an empty file and `unwrap` panics although the function returns an Option.", {}),
    (RUST, "size as u32", "shrink truncates silently", "`size as u32` drops the upper bits; `checked` exists for that.", {}),
    (C, "strcpy(made->name, name);", "Buffer overflow in add", "`name` has 16 bytes and `strcpy` copies names of any length.", {}),
    (C, "first = first->next;", "clear reads freed memory", "`first->next` is read after `free(first)`.", {}),
    (JAVA, "balances.put(account, balances.get(account) + cents);", "A new account throws", "`balances.get(account)` is null for a new account, and unboxing it throws NullPointerException.", {}),
    # the line number
    (JAVA, "return a == b;", "same compares references", "`==` on Integer compares objects beyond 127; use `equals`.", {"line": 530, "end_line": 530}),
    (SHELL, "cd $target", "A missing target deletes build of the wrong directory", "`cd $target` may fail and `rm -rf build/*` then runs where the script was started.", {"line": 0}),
    (PRICING, "return v * 10000", "legacy_round does not round", "`legacy_round` multiplies by 10000 and never rounds.", {"line": "1-2"}),
    (CLIENT, "time.sleep(2 ** attempt)", "charge sleeps after the last attempt", "After the third failure it still waits eight seconds before it returns None.", {"line": "L99", "end_line": 105}),
    (CACHE, "delete(c.items, key)", "Eviction order is random", "Map iteration is random, so `evict` drops fresh keys as well as old ones.", {"line": 120, "end_line": 121}),
    (C, "if (find(first, name) != NULL)", "Adding is quadratic", "`add` walks the whole list each time, so n names cost n² comparisons.", {"end_line": 900}),
    (RATES, "answer = urllib.request.urlopen(url)", "load_rates can hang", "Without a timeout a silent server blocks `load_rates` while it holds `_lock`.", {"line": "14"}),
    (PRICING, "CACHE[key] = total(cart.items)", "The cached total goes stale", "Nothing removes the key when items are added, so `cached_total` keeps the old amount.", {"line": 9000, "end_line": 9001}),
    (RUST, "first.trim().parse().ok()", "A size with a unit is taken for none", "`parse` fails for 10k and `ok()` hides why.", {"line": -4}),
    (API, "list.innerHTML += render(orders[i]);", "Every order re-parses the whole list", "`innerHTML +=` in a loop is quadratic and loses listeners.", {"line": 16.0, "end_line": 400}),
    # the quote
    (PRICING, "v * 10000", "legacy_round scales by the wrong power", "Cents need 100, not 10000; the result is off by a factor of a hundred.", {}),
    (PRICING, "key = cart.owner", "Anonymous carts share a total", "`cart.owner` is None for all anonymous carts, so they all get the first total.", {"quote": "`key = cart.owner`"}),
    (CLIENT, "while attempt < RETRIES:", "charge retries what must not be repeated", "A time-out after the money was taken is sent again: the customer is charged twice.", {"quote": "while attempt < RETRIES:\n    ...\n    except Exception:"}),
    (CLIENT, "return gateway.send(amount)", "Double charge on time-out", "`send` is repeated without an idempotency key.", {"quote": "+            return gateway.send(amount)"}),
    (RATES, "_rates.clear()", "Readers see no rates for a moment", "`refresh` clears `_rates` without `_lock` before it updates them.", {"quote": "_rates.clear() … _rates.update(fresh)"}),
    (CHECKOUT, 'raise ValueError("no order")', "cancel raises where pay returns None", "The two methods treat a missing thing differently, callers must know both.", {"quote": "raise ValueError(“no order”)"}),
    (CACHE, "value, ok := c.items[key]", "A nil map panics in Put", "`items` is never made: Put on the zero Cache panics.", {"quote": "23 | value, ok := c.items[key]"}),
    (API, 'return fetch("/api/orders", { method: "POST", body: JSON.stringify(order) })', "save resolves after a failure", "The `.catch` logs and returns undefined, so callers take a failed save for done.", {"quote": 'return fetch(\\"/api/orders\\", { method: \\"POST\\", body: JSON.stringify(order) })'}),
    (RUST, "checked(size).unwrap_or(u32::MAX)", "limit hides the error of checked", "Too large a size silently becomes the maximum.", {"quote": "```rust\n    checked(size).unwrap_or(u32::MAX)\n```"}),
    (C, "made = malloc(sizeof *made);", "malloc is not checked", "`made` is NULL when memory is short, and `strcpy` writes through it.", {"quote": "> made = malloc(sizeof *made);"}),
    (JAVA, "sum += cents;", "sum overflows", "An int of cents overflows at 21 million; use long.", {"quote": "sum   +=\n cents;"}),
    (SHELL, "rm -rf build/*", "The deploy script goes on after errors", "There is no `set -e`: a failed `tar` is not noticed.", {"quote": "rm -rf build/*..."}),
    (PRICING, "if discount:", "A discount above 100 makes the amount negative", "`discount` of 150 gives a negative total.", {"quote": "if discount:\n        amount = …"}),
    (CHECKOUT, "self.attempts += 1", "attempts counts but limits nothing", "The counter is only written; paying can be tried for ever.", {"quote": "        self.attempts += 1;"}),
    # the path
    (PRICING, 'value = Decimal(text.strip("€$ "))', "Prices with a thousands separator raise", 'Decimal("1,000") raises InvalidOperation, which no caller expects.', {"path": "pricing.py"}),
    (CLIENT, 'cursor = connection.cursor()\n    cursor.execute("SELECT * FROM orders', "Cursors are left open", "Neither function closes its cursor.", {"path": "payments/client.py:18-20", "line": 0}),
    (CACHE, "if len(c.items) <= most {", "evict reads the map without the lock", "`evict` is called by `Serve` for every request and takes no lock.", {"path": "shop/store/cache.go"}),
    (API, "return orders.slice(0, LIMIT);", "Orders beyond fifty are lost", "The page is cut at 50 though the server may send more.", {"path": "b/web/api.js"}),
    (C, "return (first);", "add cannot tell old from new", "Callers get `first` both for a known name and for none.", {"path": "/home/ada/src/core/list.c"}),
    (JAVA, "for (int cents : balances.values()) {", "book is not synchronized, sum is", "`sum` iterates while `book` changes the map: ConcurrentModificationException.", {"path": "`app/Ledger.java`"}),
    (RUST, "let text = fs::read_to_string(path).ok()?;", "Unreadable and missing files look alike", "`.ok()?` throws the reason away.", {"path": "core\\parse.rs"}),
    (SHELL, "tar xf release.tar", "The archive is looked for in the target", "After `cd` the name is relative to the target, not to the caller.", {"path": "deploy.sh (line 5)"}),
    # the language
    (PRICING, 'value = Decimal(text.strip("€$ "))', "Komma statt Punkt führt zum Absturz", 'Bei "1,50" wirft `Decimal` eine Ausnahme, die niemand abfängt.', {}),
    (CLIENT, "return None", "Gescheiterte Zahlungen bleiben unbemerkt", "Nach drei Versuchen liefert `charge` stillschweigend `None`.", {"line": 15, "end_line": 15}),
    (CACHE, "c.items[key] = value", "写入时没有加锁", "`Put` 没有获取 `mu`,并发写入会导致崩溃。", {}),
    (API, "for (let i = 0; i <= orders.length; i++) {", "循环多执行一次", "最后一次会渲染 undefined。", {}),
    (RUST, "let first = text.lines().next().unwrap();", "ملف فارغ يوقف البرنامج", "الدالة `read_size` تنهار عندما يكون الملف فارغا.", {}),
    (C, "strcpy(made->name, name);", "Dépassement de tampon", "Un nom de plus de 15 caractères écrase la mémoire après `name`.", {}),
    (JAVA, "return a == b;", "Сравнение ссылок вместо значений", "Для чисел больше 127 метод `same` вернёт false.", {}),
    (RATES, "def add_rate(name, rate, extra={}):", "El valor por defecto se comparte", "`extra` conserva las tasas de las llamadas anteriores.", {}),
]  # fmt: skip


def answered(path, quote, title, body, fields=()):
    fields, numbers = dict(fields), {}
    if "line" not in fields:
        try:
            numbers["line"] = line_of(path, quote)
        except (KeyError, StopIteration):
            numbers["line"] = 5
        numbers["end_line"] = numbers["line"] + quote.count("\n")
    item = {"title": title, "body": body, "path": path, "quote": quote, **numbers, **fields}
    return json.dumps({"insights": [item]})


def kept(answer):
    return judge(answer, excerpts=EXCERPTS, search=SEARCH, max_new=3).new


def test_there_are_sixty_of_each():
    assert sum(map(len, FALSE.values())) == len(TRUE) == 60
    assert len(FALSE) == 12


@pytest.mark.parametrize("kind", FALSE)
def test_what_is_false_or_empty_falls_without_a_model(kind):
    standing = [claim[2] for claim in FALSE[kind] if kept(answered(*claim))]
    assert standing == []


@pytest.mark.parametrize(("path", "quote", "title", "body", "fields"), TRUE)
def test_what_is_true_stands_whatever_its_form(path, quote, title, body, fields):
    verdict = judge(
        answered(path, quote, title, body, fields), excerpts=EXCERPTS, search=SEARCH, max_new=3
    )
    assert [new.title for new in verdict.new] == [title], verdict.dropped


def test_what_decided_is_told():
    claim = FALSE["unused, with the use there"][0]
    (dropped,) = sift(answered(*claim), excerpts=EXCERPTS, search=SEARCH).dropped
    assert dropped.reason is Reason.IN_USE
    assert dropped.decided_by == "used in cart/checkout.py:16"


def test_what_cannot_be_searched_refutes_nothing():
    claim = FALSE["names that stand nowhere"][1]
    assert judge(answered(*claim), excerpts=EXCERPTS, max_new=3).new
