"""Reads ASN.1 in DER, as far as a CMS message needs it. Knows no type but lengths and object identifiers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SEQUENCE, SET, OCTETS, OID, INTEGER = 0x30, 0x31, 0x04, 0x06, 0x02
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1


class BadDer(ValueError):
    """Raised when bytes are not what the form asks for."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element.

    Attributes:
        tag: the identifier's octet.
        content: without tag and length.
        encoded: with them.
    """

    tag: int
    content: bytes
    encoded: bytes

    def children(self) -> Iterator[Element]:
        """Yield the elements of a constructed one."""
        rest = self.content
        while rest:
            child = first(rest)
            yield child
            rest = rest[len(child.encoded) :]

    def child(self, number: int, tag: int) -> Element:
        """Return a child that has to be there.

        Raises:
            BadDer: if it is not, or is of another tag.
        """
        found = list(self.children())
        if number >= len(found) or found[number].tag != tag:
            raise BadDer(f"element {number} with tag {tag:#x} is missing")
        return found[number]


def first(data: bytes) -> Element:
    """Return the first element of some bytes.

    Raises:
        BadDer: if they end before it does, or its length is not in DER's form.
    """
    if len(data) < 2 or data[0] & 0x1F == 0x1F:
        raise BadDer("an element's tag is missing or too long")
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if start > 6 or (start == 2 and data[1] & 0x80) or start + length > len(data):
        raise BadDer("an element's length is wrong")
    return Element(data[0], data[start : start + length], data[: start + length])


def whole(data: bytes) -> Element:
    """Return the one element that bytes are.

    Raises:
        BadDer: if there is more or less.
    """
    element = first(data)
    if len(element.encoded) != len(data):
        raise BadDer("something follows after the end")
    return element


def oid(element: Element) -> str:
    """Return an object identifier with dots."""
    numbers: list[int] = []
    number = 0
    for octet in element.content:
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    if element.tag != OID or not numbers:
        raise BadDer("an object identifier is missing")
    head = min(numbers[0] // 40, 2)
    return ".".join(map(str, (head, numbers[0] - 40 * head, *numbers[1:])))
