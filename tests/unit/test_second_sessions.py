"""What was said before is known again: reworded, moved, renamed, mended."""

# ruff: noqa: E501 - a claim is told in one line, as a model tells it

import json
import re
from datetime import UTC, datetime

import pytest

from daydreamd.insights.workspace_search import TextSearch
from daydreamd.records.insight import KnownInsight
from daydreamd.records.workspace import Excerpt
from tests.unit.claimed_code import FILES
from tests.unit.judging import judge
from tests.unit.test_made_up_claims import (
    API,
    CACHE,
    CHECKOUT,
    CLIENT,
    JAVA,
    PRICING,
    RATES,
    RUST,
    TRUE,
    C,
)


def answered(path, quote, title, body, files):
    lines = files[path].split("\n")
    line = next(n for n, text in enumerate(lines, 1) if quote.split("\n")[0].strip() in text)
    item = {
        "title": title,
        "body": body,
        "path": path,
        "quote": quote,
        "line": line,
        "end_line": line,
    }
    return json.dumps({"insights": [item]})


def session(answer, files, known=(), **more):
    excerpts = [Excerpt(workspace="shop", path=p, text=t) for p, t in files.items()]
    search = TextSearch({("shop", path): text for path, text in files.items()})
    return judge(
        answer, excerpts=excerpts, search=search, known=known, max_new=9,
        current=lambda _, path: files.get(path, ""), **more,
    )  # fmt: skip


def remembered(title):
    """A claim of the first session, as the history knows it."""
    path, quote, title, body, _ = next(one for one in TRUE if one[2] == title)
    (new,) = session(answered(path, quote, title, body, FILES), FILES).new
    now = datetime.now(UTC)
    fields = {name: getattr(new, name) for name in new.__struct_fields__}
    return KnownInsight(
        **fields | {"status": "open"}, workspace_path="/src/shop", first_seen=now, last_seen=now,
        times_seen=1, first_session="a", last_session="a",
    )  # fmt: skip


REWORDED = [
    ("average() divides by zero for an empty cart", PRICING, "return total(items) / len(items)", "Empty list crashes average", "When no items are given, the denominator is 0 and a ZeroDivisionError reaches the caller."),
    ("A discount turns cents into floats", PRICING, "amount = amount - amount * discount / 100", "Totals become floating point once discounted", "Dividing by 100 leaves a float, which is then compared with integers."),
    ("Totals are cached by owner only", PRICING, "if key not in CACHE:", "Carts of the same owner collide in CACHE", "The key has nothing of the cart itself: a second cart gets the cached amount of the first."),
    ("A network error leaves the rates empty", RATES, "except OSError:", "load_rates hides connection problems", "OSError is silently ignored and an empty mapping returned."),
    ("Mutable default keeps rates between calls", RATES, "def add_rate(name, rate, extra={}):", "extra={} is shared", "The default dict persists between calls, so old entries come back."),
    ("The last error of a charge is lost", CLIENT, "except Exception:\n            attempt += 1", "charge swallows every exception", "Callers only see None and not what the gateway said."),
    ("SQL injection in find_order", CLIENT, "cursor.execute(\"SELECT * FROM orders WHERE number = '\" + number + \"'\")", "Order number is concatenated into SQL", "An order number with a quote changes the statement; bind it as a parameter."),
    ("settle is not awaited", CLIENT, "gateway.settle(order)", "Missing await on gateway.settle", "The coroutine is created and dropped: nothing is settled before flush."),
    ("Receipts are never closed", CHECKOUT, 'handle = open(directory + "/" + name)', "File handles leak in receipts", "Every opened receipt stays open until the garbage collector comes."),
    ("os is not imported", CHECKOUT, "for name in sorted(os.listdir(directory)):", "receipts raises NameError", "There is no import of os in this module although listdir is called."),
    ("A failed refund leaves the order cancelled", CHECKOUT, 'order.state = "cancelled"', "State is changed before the money is back", "If the gateway raises, the order is marked cancelled without a refund."),
    ("Put writes without the lock", CACHE, "c.items[key] = value", "Unsynchronized map write in Put", "Concurrent Put and Get race, as only Get takes the mutex."),
    ("Load reads at most 4096 bytes", CACHE, "data := make([]byte, 4096)", "Long files are truncated by Load", "A single Read fills one buffer; the rest of the file is lost."),
    ("showOrders renders one undefined", API, "for (let i = 0; i <= orders.length; i++) {", "Off-by-one in showOrders", "The loop goes past the end of the array."),
    ("Months are off by one", API, 'return date.getFullYear() + "-" + date.getMonth() + "-" + date.getDate();', "formatDate shows the previous month", "JavaScript months start at zero, which is not corrected here."),
    ("An empty file panics", RUST, "let first = text.lines().next().unwrap();", "unwrap on the first line", "A file without lines makes read_size panic rather than return None."),
    ("shrink truncates silently", RUST, "size as u32", "Lossy cast in shrink", "Sizes over four gigabytes wrap around without a word."),
    ("Buffer overflow in add", C, "strcpy(made->name, name);", "Unbounded strcpy", "Names of 16 characters and more are written past the end of the buffer."),
    ("clear reads freed memory", C, "free(first);\n\t\tfirst = first->next;", "Use after free in clear", "The next pointer is taken from an item that was just freed."),
    ("A new account throws", JAVA, "balances.put(account, balances.get(account) + cents);", "NullPointerException for unknown accounts", "get returns null where nothing was booked before, and it is unboxed."),
]  # fmt: skip

OTHERS = [
    ("A discount turns cents into floats", PRICING, "if discount:", "A discount above 100 makes the amount negative", "`discount` of 150 gives a negative total."),
    ("The last error of a charge is lost", CLIENT, "time.sleep(2 ** attempt)", "charge sleeps after the last attempt", "After the third failure it still waits eight seconds before it returns."),
    ("Load reads at most 4096 bytes", CACHE, 'c.items["last"] = string(data[:n])', "Load writes the map without the lock", "`Put` and `Load` race with `Get`, which takes `c.mu`."),
    ("Buffer overflow in add", C, "made = malloc(sizeof *made);", "malloc is not checked", "`made` is NULL when memory is short, and is written through."),
    ("A failed refund leaves the order cancelled", CHECKOUT, "order.save()", "cancel never notifies the customer", "Nothing is sent after `save`, so the customer asks again."),
    ("showOrders renders one undefined", API, "list.innerHTML += render(orders[i]);", "Names of orders are not escaped", "`render` goes into innerHTML: an order's name can inject a script."),
    ("Totals are cached by owner only", PRICING, "CACHE[key] = total(cart.items)", "The cached total goes stale", "Nothing removes the key when items are added, so the old amount stays."),
    ("A network error leaves the rates empty", RATES, "answer = urllib.request.urlopen(url)", "load_rates can hang", "Without a timeout a silent server blocks it while it holds `_lock`."),
    ("An empty file panics", RUST, "first.trim().parse().ok()", "A size with a unit is taken for none", "`parse` fails for 10k and `ok()` hides why."),
    ("Put writes without the lock", CACHE, "c.items[key] = value", "Keys are never limited in length", "A caller may store keys of any size, so memory grows without bound."),
]  # fmt: skip


@pytest.mark.parametrize(("first", "path", "quote", "title", "body"), REWORDED)
def test_in_other_words_it_is_the_same_insight(first, path, quote, title, body):
    before = remembered(first)
    verdict = session(answered(path, quote, title, body, FILES), FILES, [before])
    assert [again.id for again in verdict.recurring] == [before.id], verdict.dropped
    assert verdict.new == ()


@pytest.mark.parametrize(("first", "path", "quote", "title", "body"), OTHERS)
def test_another_claim_about_the_same_function_is_another_insight(first, path, quote, title, body):
    before = remembered(first)
    verdict = session(answered(path, quote, title, body, FILES), FILES, [before])
    assert [new.title for new in verdict.new] == [title], verdict.dropped


SAID = [one[2] for one in TRUE[:20]]


def below(text):
    """The code pushed down by other code."""
    head, newline, rest = text.partition("\n")
    if head.startswith(("package", "use ", "#include", "import", '"""')):
        return head + newline + "\n" * 7 + rest
    return "\n" * 7 + text


@pytest.mark.parametrize("title", SAID)
def test_moved_lines_are_the_same_insight_at_the_right_line(title):
    before = remembered(title)
    path = before.evidence[0].path
    files = FILES | {path: below(FILES[path])}
    verdict = session("", files, [before])
    assert verdict.addressed == ()
    (moved,) = verdict.moved
    assert moved.evidence[0].line == before.evidence[0].line + 7
    assert verdict.still_open == (moved,)


@pytest.mark.parametrize("title", SAID[::4])
def test_a_file_under_another_name_is_found_again(title):
    before = remembered(title)
    path = before.evidence[0].path
    files = {("lib/" + p if p == path else p): below(text) for p, text in FILES.items()}
    (moved,) = session("", files, [before]).moved
    assert (moved.evidence[0].path, moved.id) == ("lib/" + path, before.id)


RENAMED = [
    ("average() divides by zero for an empty cart", "items", "rows"),
    ("A discount turns cents into floats", "amount", "cents"),
    ("Totals are cached by owner only", "key", "owner_key"),
    ("Mutable default keeps rates between calls", "extra", "more"),
    ("SQL injection in find_order", "number", "order_number"),
    ("Receipts are never closed", "handle", "receipt"),
    ("Put writes without the lock", "value", "text"),
    ("showOrders renders one undefined", "orders", "rows"),
    ("Buffer overflow in add", "made", "created"),
    ("average() divides by zero for an empty cart", "average", "mean"),
]


@pytest.mark.parametrize(("title", "old", "new"), RENAMED)
def test_under_other_names_it_is_the_same_insight(title, old, new):
    before = remembered(title)
    path, quote, _, body, _ = next(one for one in TRUE if one[2] == title)

    def renamed(text):
        return re.sub(rf"\b{old}\b", new, text)

    files = {p: renamed(text) for p, text in FILES.items()}
    verdict = session(
        answered(path, renamed(quote), renamed(title), renamed(body), files), files, [before]
    )
    assert verdict.addressed == ()
    assert [again.id for again in verdict.recurring] == [before.id], verdict.dropped
    assert session("", files, [before]).addressed == ()


MENDED = [
    ("average() divides by zero for an empty cart", "    return total(items) / len(items)", "    if not items:\n        return 0\n    return total(items) / len(items)"),
    ("A discount turns cents into floats", "amount - amount * discount / 100", "amount - amount * discount // 100"),
    ("Totals are cached by owner only", "key = cart.owner", "key = cart.owner, cart.number"),
    ("Mutable default keeps rates between calls", "extra={}", "extra=None"),
    ("The last error of a charge is lost", "            attempt += 1\n", "            attempt += 1\n            if attempt == RETRIES:\n                raise\n"),
    ("settle is not awaited", "        gateway.settle(order)", "        await gateway.settle(order)"),
    ("Receipts are never closed", 'handle = open(directory + "/" + name)\n            found.append(handle.read())', 'with open(directory + "/" + name) as handle:\n                found.append(handle.read())'),
    ("Put writes without the lock", "\tc.items[key] = value", "\tc.mu.Lock()\n\tdefer c.mu.Unlock()\n\tc.items[key] = value"),
    ("showOrders renders one undefined", "i <= orders.length", "i < orders.length"),
    ("clear reads freed memory", "\t\tfree(first);\n\t\tfirst = first->next;", "\t\tstruct item *next = first->next;\n\t\tfree(first);\n\t\tfirst = next;"),
]  # fmt: skip


@pytest.mark.parametrize(("title", "old", "new"), MENDED)
def test_what_is_mended_is_addressed(title, old, new):
    before = remembered(title)
    path = before.evidence[0].path
    assert old in FILES[path]
    files = FILES | {path: FILES[path].replace(old, new)}
    assert [done.id for done in session("", files, [before]).addressed] == [before.id]


def test_what_somebody_looked_at_is_more_than_a_guess():
    before = remembered("showOrders renders one undefined")
    files = FILES | {API: FILES[API].replace("i <= ", "i < ")}
    assert session("", files, [before]).mended == frozenset()
    assert session("", files, [before], is_addressed=lambda _: True).mended == {before.id}
    still = session("", files, [before], is_addressed=lambda _: False)
    assert (still.addressed, [item.id for item in still.still_open]) == ((), [before.id])


def test_what_else_changes_in_a_function_addresses_nothing():
    before = remembered("Buffer overflow in add")
    files = FILES | {C: FILES[C].replace("return (made);", "made->next = NULL;\n\treturn (made);")}
    verdict = session("", files, [before])
    assert verdict.addressed == ()
