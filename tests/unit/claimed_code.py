"""A small workspace in several languages, about which true and false things are said in tests."""

from daydreamd.insights.workspace_search import TextSearch
from daydreamd.records.workspace import Excerpt

FILES = {
    "cart/pricing.py": '''\
"""Prices of carts."""

import os
import logging
from decimal import Decimal

from cart.rates import load_rates

logger = logging.getLogger(__name__)
CACHE = {}


def parse_price(text, currency=None):
    """The price in cents."""
    if not text:
        return None
    value = Decimal(text.strip("€$ "))
    return int(value * 100)


def total(items, discount=0):
    amount = 0
    for item in items:
        amount += item.price * item.count
    if discount:
        amount = amount - amount * discount / 100
    return amount


def average(items):
    return total(items) / len(items)


def convert(amount, source, target):
    rates = load_rates()
    if target not in rates:
        raise KeyError(target)
    return amount * rates[source] / rates[target]


def cached_total(cart):
    key = cart.owner
    if key not in CACHE:
        CACHE[key] = total(cart.items)
    return CACHE[key]


def debug_dump(cart):
    path = os.environ.get("CART_DUMP", "/tmp/cart.txt")
    with open(path, "w") as out:
        out.write(repr(cart))


def legacy_round(v):
    return v * 10000
''',
    "cart/rates.py": """\
import json
import threading
import urllib.request

_lock = threading.Lock()
_rates = {}


def load_rates(url="https://rates.example/latest"):
    with _lock:
        if _rates:
            return _rates
        try:
            answer = urllib.request.urlopen(url)
            _rates.update(json.load(answer))
        except OSError:
            pass
    return _rates


def refresh(url, timeout=10):
    answer = urllib.request.urlopen(url, timeout=timeout)
    try:
        fresh = json.load(answer)
    except ValueError as error:
        raise RuntimeError("no rates") from error
    finally:
        answer.close()
    _rates.clear()
    _rates.update(fresh)


def add_rate(name, rate, extra={}):
    extra[name] = rate
    _rates.update(extra)
""",
    "cart/checkout.py": """\
from cart.pricing import convert, total
from cart.rates import refresh
from payments.client import charge


class Checkout:
    def __init__(self, cart, gateway):
        self.cart = cart
        self.gateway = gateway
        self.attempts = 0

    def pay(self, currency):
        if not self.cart.items:
            return None
        refresh("https://rates.example/latest")
        amount = convert(total(self.cart.items), "EUR", currency)
        self.attempts += 1
        return charge(self.gateway, amount)

    def cancel(self, order):
        if order is None:
            raise ValueError("no order")
        order.state = "cancelled"
        self.gateway.refund(order.amount)
        order.save()

    def receipts(self, directory):
        found = []
        for name in sorted(os.listdir(directory)):
            handle = open(directory + "/" + name)
            found.append(handle.read())
        return found
""",
    "payments/client.py": """\
import time

RETRIES = 3


def charge(gateway, amount):
    attempt = 0
    while attempt < RETRIES:
        try:
            return gateway.send(amount)
        except Exception:
            attempt += 1
            time.sleep(2 ** attempt)
    return None


def find_order(connection, number):
    cursor = connection.cursor()
    cursor.execute("SELECT * FROM orders WHERE number = '" + number + "'")
    return cursor.fetchone()


def find_customer(connection, name):
    cursor = connection.cursor()
    cursor.execute("SELECT * FROM customers WHERE name = ?", (name,))
    return cursor.fetchone()


async def settle(gateway, orders):
    for order in orders:
        gateway.settle(order)
    await gateway.flush()
""",
    "tests/test_pricing.py": """\
import pytest

from cart.pricing import parse_price, total
from tests.shop import Item

PASSWORD = "not-a-secret"


def test_a_price_is_in_cents():
    assert parse_price("1.50") == 150


def test_total_counts_items():
    assert total([Item(2, 3)]) == 6
""",
    "store/cache.go": """\
package store

import (
	"errors"
	"os"
	"sync"
)

var ErrGone = errors.New("gone")

type Cache struct {
	mu    sync.Mutex
	items map[string]string
}

func (c *Cache) Get(key string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, ok := c.items[key]
	if !ok {
		return "", ErrGone
	}
	return value, nil
}

func (c *Cache) Put(key, value string) {
	c.items[key] = value
}

func (c *Cache) Load(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	data := make([]byte, 4096)
	n, _ := file.Read(data)
	c.items["last"] = string(data[:n])
	return nil
}

func evict(c *Cache, most int) {
	for key := range c.items {
		if len(c.items) <= most {
			return
		}
		delete(c.items, key)
	}
}
""",
    "store/serve.go": """\
package store

import "net/http"

func Serve(c *Cache) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		evict(c, 100)
		value, err := c.Get(r.URL.Query().Get("key"))
		if err != nil {
			http.Error(w, err.Error(), 404)
			return
		}
		w.Write([]byte(value))
	}
}
""",
    "web/api.js": """\
import { render } from "./render.js";

const LIMIT = 50;

export async function loadOrders(user, page) {
  if (!user) {
    throw new Error("no user");
  }
  const answer = await fetch(`/api/orders?user=${user.id}&page=${page}`);
  const orders = await answer.json();
  return orders.slice(0, LIMIT);
}

export function showOrders(list, orders) {
  for (let i = 0; i <= orders.length; i++) {
    list.innerHTML += render(orders[i]);
  }
}

function formatDate(date) {
  return date.getFullYear() + "-" + date.getMonth() + "-" + date.getDate();
}

export function label(order) {
  return formatDate(order.date) + " " + order.name;
}

export function save(order) {
  return fetch("/api/orders", { method: "POST", body: JSON.stringify(order) })
    .catch((error) => console.error(error));
}
""",
    "web/api.test.js": """\
import { label } from "./api.js";

test("label has the date", () => {
  expect(label({ date: new Date(0), name: "a" })).toContain("1970");
});
""",
    "core/parse.rs": """\
use std::fs;

pub fn read_size(path: &str) -> Option<u32> {
    let text = fs::read_to_string(path).ok()?;
    let first = text.lines().next().unwrap();
    first.trim().parse().ok()
}

pub fn shrink(size: u64) -> u32 {
    size as u32
}

fn checked(size: u64) -> Result<u32, String> {
    match u32::try_from(size) {
        Ok(small) => Ok(small),
        _ => Err(format!("too large: {size}")),
    }
}

pub fn limit(size: u64) -> u32 {
    checked(size).unwrap_or(u32::MAX)
}
""",
    "core/list.c": """\
#include <stdlib.h>
#include <string.h>

struct item {
	char name[16];
	struct item *next;
};

static struct item *
find(struct item *first, const char *name)
{
	struct item *seen;

	for (seen = first; seen != NULL; seen = seen->next) {
		if (strcmp(seen->name, name) == 0)
			return (seen);
	}
	return (NULL);
}

struct item *
add(struct item *first, const char *name)
{
	struct item *made;

	if (find(first, name) != NULL)
		return (first);
	made = malloc(sizeof *made);
	strcpy(made->name, name);
	made->next = first;
	return (made);
}

void
clear(struct item *first)
{
	while (first != NULL) {
		free(first);
		first = first->next;
	}
}
""",
    "app/Ledger.java": """\
package app;

import java.util.*;

public class Ledger {
    private final Map<String, Integer> balances = new HashMap<>();

    public void book(String account, int cents) {
        if (account == null) {
            throw new IllegalArgumentException("account");
        }
        balances.put(account, balances.get(account) + cents);
    }

    public boolean same(Integer a, Integer b) {
        return a == b;
    }

    public synchronized int sum() {
        int sum = 0;
        for (int cents : balances.values()) {
            sum += cents;
        }
        return sum;
    }
}
""",
    "bin/deploy.sh": """\
#!/bin/sh
target=$1
cd $target
rm -rf build/*
tar xf release.tar
if [ -z "$NAME" ]; then
    echo "no name" >&2
    exit 1
fi
""",
    "README.md": "# Shop\n\n`legacy_round` and `parse_price` are for old carts.\n",
}
EXCERPTS = tuple(
    Excerpt(workspace="shop", path=path, text=text, commit="4be1f02")
    for path, text in FILES.items()
    if path != "README.md"
)
SEARCH = TextSearch({("shop", path): text for path, text in FILES.items()})


def line_of(path: str, quote: str) -> int:
    """The number of the line that the first line of `quote` stands on."""
    lines = FILES[path].split("\n")
    return next(
        n for n, line in enumerate(lines, 1) if quote.split("\n", maxsplit=1)[0].strip() in line
    )
