"""What may come from a client: decoding, and the shape of every frame (docs/PROTOCOL.md, sections 2, 3 and 10)."""

import json
import re

MAX_DEPTH = 66
MAX_NUMBER = 2**53 - 1
MAX_PRODUCERS = 16
MAX_CURSORS = 1016


class Broken(Exception):
    """A rule was broken: the close code, the code of FAIL and a sentence."""

    def __init__(self, message, code="malformed", close=1002):
        super().__init__(message)
        self.code, self.close = code, close


def count(value, least=0):
    if type(value) is not int or not least <= value <= MAX_NUMBER:
        raise Broken(f"{value!r:.40} is not an integer from {least} to 2^53 - 1")


def seq(value):
    count(value, 1)


def text(value):
    if not isinstance(value, str):
        raise Broken(f"{value!r:.40} is not a text")


def name(value):
    text(value)
    if not 1 <= len(value.encode("utf-16-le", "surrogatepass")) // 2 <= 512:
        raise Broken("a name has 1 to 512 characters")


def mapping(value):
    if not isinstance(value, dict):
        raise Broken(f"{value!r:.40} is not a map")


def array(value):
    if not isinstance(value, list):
        raise Broken(f"{value!r:.40} is not an array")


def anything(_):
    pass


def kind(value):
    if value not in ("sync", "join", "update", "leave"):
        raise Broken(f"{value!r:.40} is no kind of presence")


def optional(check):
    return lambda value: None if value is None else check(value)


def fields(checks):
    def check(value):
        mapping(value)
        for field, check_field in checks.items():
            check_field(value.get(field))

    return check


def producer(value):
    fields({"id": name, "key": name, "attach": seq, "epoch": optional(name), "user": optional(text), "floor": count, "written": count})(value)
    if value.get("kind") not in ("messages", "requests"):
        raise Broken("a producer is of messages or of requests")
    if value["written"] < value["floor"]:
        raise Broken("written is at least floor")


def producers(value):
    array(value)
    for offer in value:
        producer(offer)
    if len(value) > MAX_PRODUCERS or len({offer["id"] for offer in value}) < len(value):
        raise Broken("too many producers, or one of them twice", "too_many_producers")


def cursors(value):
    mapping(value)
    if len(value) > MAX_CURSORS:
        raise Broken("too many cursors", "too_many_rooms")
    for log, position in value.items():
        name(log)
        array(position)
        if len(position) < 2:
            raise Broken("a cursor is a pair of epoch and offset")
        text(position[0])
        count(position[1])


hello = fields(
    {
        "v": seq,
        "session": optional(fields({"id": name, "key": name, "attach": seq})),
        "producers": producers,
        "cursors": cursors,
        "pingMs": optional(count),
        "window": fields({"messages": seq, "bytes": seq}),
        "maxFrame": seq,
        "device": optional(mapping),
        "caps": optional(mapping),
    }
)

# Type: the checks of its elements, and how many it needs besides its type.
SHAPES = {
    1: ([hello], 1),
    3: ([count, producer], 2),
    5: ([count], 1),
    6: ([seq, optional(name), name, anything, optional(mapping)], 4),
    7: ([seq, name, anything, optional(count)], 3),
    8: ([seq], 1),
    9: ([seq, seq], 2),
    15: ([count, count], 2),
    16: ([seq, name, optional(text), optional(count), anything], 2),
    18: ([seq, name], 2),
    20: ([optional(name), name, anything, optional(text)], 3),
    21: ([name, optional(count), kind, anything], 4),
    22: ([count], 1),
    23: ([count], 1),
    24: ([anything], 1),
    28: ([], 0),
}

TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def too_deep(message):
    depth = 0
    for token in TOKENS.finditer(message):
        bracket = token.group()
        if bracket in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif bracket in "]}":
            depth -= 1
    return False


def no_proto(pairs):
    result = dict(pairs)
    if "__proto__" in result:
        raise Broken("a map has the key __proto__", "forbidden_key")
    return result


def no_constant(constant):
    raise ValueError(f"{constant} is no JSON")


def decode(message):
    """One message of a client → its frames, each checked."""
    if not isinstance(message, str):
        raise Broken("a binary message came, JSON was agreed on", "wrong_kind", 1003)
    if too_deep(message):
        raise Broken("a message is nested too deep", "too_deep")
    try:
        batch = json.loads(message, object_pairs_hook=no_proto, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        raise Broken(f"a message is no JSON: {error}", close=1007) from error
    array(batch)
    return [frame for frame in map(checked, batch) if frame is not None]


def checked(frame):
    """The frame, filled up to its full length; None: to be ignored."""
    array(frame)
    number = frame[0] if frame else None
    if type(number) is int and number >= 64:
        return None
    shape = SHAPES.get(number) if type(number) is int else None
    if shape is None:
        raise Broken(f"{number!r:.40} is no frame of a client", "unknown_frame")
    checks, needed = shape
    if len(frame) - 1 < needed:
        raise Broken(f"a frame of type {number} has {needed} elements and its type")
    full = frame + [None] * (1 + len(checks) - len(frame))
    for check, value in zip(checks, full[1:]):
        check(value)
    if number == 9 and full[2] < full[1]:
        raise Broken("VOID goes backwards")
    return full
