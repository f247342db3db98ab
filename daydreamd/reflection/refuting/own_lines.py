"""Code of our own, in three languages, to make claims of known truth about.

Only where a workspace has too few lines that can be changed without doubt.
"""

from __future__ import annotations

from typing import Final

from daydreamd.records.claims import Passage

_PYTHON: Final = """\
async def collect(orders, limit):
    total = 0
    for order in orders:
        if total >= limit:
            break
        price = await order.price()
        total += price
    return total


def first_large(sizes, smallest):
    for index in range(last):
        if smallest < sizes:
            copy_into(index, smallest)
    if ready and index:
        return index
"""
_JAVASCRIPT: Final = """\
function countOpen(tickets, oldest) {
  let open = 0;
  for (let i = 0; i < tickets.length; i++) {
    if (oldest > threshold) {
      open += weight;
    }
  }
  moveTicket(source, target);
  return open;
}
"""
_GO: Final = """\
func (c *Cache) Put(key string, size int) int {
\tif size > c.limit {
\t\tevict(c.oldest, size)
\t}
\tfor (n = 0; n < c.shards; n++) {
\t\tc.used += size
\t}
\tif locked && dirty {
\t\tflush(c.log, key)
\t}
\treturn size
}
"""
OWN_LINES: Final = (
    Passage(kind="function", path="orders.py", text=_PYTHON),
    Passage(kind="function", path="tickets.js", text=_JAVASCRIPT),
    Passage(kind="function", path="cache.go", text=_GO),
)
