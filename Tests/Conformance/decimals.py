#!/usr/bin/env python3
"""Writes decimals.tsv: what Python's decimal module says about pairs of JSON numbers.

Columns: left, right, comparison (-1 0 1), sum, left is a multiple of right (0 1), left is ambiguous (0 1), left's canonical text.
Run from this folder; the seed is fixed, so the table only changes with this file.
"""
import random
from decimal import Decimal, Context, MAX_EMAX, MIN_EMIN, localcontext

random.seed(20261121)
context = Context(prec=9000, Emax=MAX_EMAX, Emin=MIN_EMIN)


def canonical(value):
    if value == 0:
        return "0"
    sign, digits, exponent = value.as_tuple()
    digits = list(digits)
    while digits[-1] == 0:
        digits.pop()
        exponent += 1
    while digits[0] == 0:
        digits.pop(0)
    text = "".join(map(str, digits))
    adjusted = exponent + len(text) - 1
    if 0 <= adjusted < 21:
        if exponent >= 0:
            body = text + "0" * exponent
        else:
            body = text[: adjusted + 1] + "." + text[adjusted + 1 :]
    elif -7 < adjusted < 0:
        body = "0." + "0" * (-adjusted - 1) + text
    else:
        body = text[0] + ("." + text[1:] if len(text) > 1 else "") + "e" + ("+" if adjusted >= 0 else "-") + str(abs(adjusted))
    return ("-" if sign else "") + body


def ambiguous(value):
    if value == 0:
        return False
    exponent = value.as_tuple().exponent
    whole = value == value.to_integral_value(context=context)
    if whole:
        return abs(value) > 2**53 - 1
    double = float(value)
    if double in (float("inf"), float("-inf")):
        return True
    return Decimal(repr(double)) != value


def digits(count):
    return "".join(random.choice("0123456789") for _ in range(count))


def number():
    kind = random.randrange(12)
    sign = random.choice(["", "", "-"])
    if kind == 0:
        return sign + str(random.choice([0, 1, 2, 5, 10, 100, 1000]))
    if kind == 1:
        return sign + str(2**53 + random.randrange(-3, 4))
    if kind == 2:
        return sign + repr(random.random() * 10 ** random.randrange(-3, 6)).replace("e-0", "e-")
    if kind == 3:
        return sign + str(random.randrange(1, 10**6)) + "." + digits(random.randrange(1, 25))
    if kind == 4:
        return sign + str(random.randrange(1, 10)) + digits(random.randrange(0, 120))
    if kind == 5:
        return sign + str(random.randrange(0, 100)) + random.choice("eE") + random.choice(["", "+", "-"]) + str(random.randrange(0, 40))
    if kind == 6:
        return sign + "0." + "0" * random.randrange(0, 30) + digits(random.randrange(1, 20))
    if kind == 7:
        return sign + str(random.randrange(1, 10)) + digits(18 + random.randrange(0, 3))
    if kind == 8:
        return sign + str(random.randrange(1, 1000)) + "." + digits(2) + "0" * random.randrange(0, 20)
    if kind == 9:
        return sign + repr(random.random() * 10.0 ** random.choice([random.randrange(-20, 20), random.randrange(-320, 308)]))
    if kind == 10:
        return sign + str(random.choice([2**63, 2**64, 2**63 - 1, 2**64 - 1, 10**19, 10**18]) + random.randrange(-2, 3))
    return sign + str(random.randrange(1, 10**9)) + "e" + str(random.choice([random.randrange(-40, 40), random.randrange(-40, 40), random.randrange(-350, 400)]))


special = [
    "0", "-0", "0.0", "-0.0e5", "0e999", "1", "-1", "1.0", "10e-1", "1e0", "1e2", "100", "0.1", "0.10", "1e-1",
    "0.1000000000000000055", "0.1000000000000000055511151231257827", "1e400", "-1e400", "1e-400", "1e308", "1.8e308",
    "1.7976931348623157e308", "1.7976931348623159e308", "5e-324", "4.9406564584124654e-324", "2e-324", "2.2250738585072014e-308",
    "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740991", "-9007199254740993",
    "9007199254740991.0", "9007199254740990.5", "4503599627370497.5", "4503599627370496.25", "9007199254740992e0",
    "900719925474099.1e1", "19.99", "0.3", "0.30000000000000004", "1e21", "1e20", "999999999999999999999", "123456789012345678901234567890",
    "1" * 100, "0." + "1" * 100, "9" * 19, "9" * 20, "18446744073709551615", "18446744073709551616", "1e23", "0.000001", "0.0000001",
    "1" + "0" * 300, "1" + "0" * 300 + ".5", "72057594037927945", "0.5", "0.25", "3e-5",
]

pairs = [(a, b) for a in special for b in special]
while len(pairs) < 6500:
    left = number()
    roll = random.randrange(6)
    if roll == 0:
        right = left + ("0" if "." in left and "e" not in left.lower() else "")
    elif roll == 1 and "e" not in left.lower():
        right = left + "e" + str(random.randrange(-3, 4))
    else:
        right = number()
    pairs.append((left, right))
for _ in range(600):
    divisor = random.choice([number() for _ in range(3)])
    value = context.multiply(Decimal(divisor), Decimal(random.randrange(1, 10**6)))
    pairs.append((canonical(value), divisor))

with localcontext(context), open("decimals.tsv", "w") as out:
    for left, right in pairs:
        a, b = Decimal(left), Decimal(right)
        comparison = (a > b) - (a < b)
        multiple = 0
        if b != 0:
            if a == 0:
                multiple = 1
            else:
                # Whole numbers on both sides of one exponent; gaps here stay within a few thousand digits.
                base = min(a.as_tuple().exponent, b.as_tuple().exponent)
                multiple = int(int(a.scaleb(-base)) % int(b.scaleb(-base)) == 0)
        total = canonical(a + b)
        out.write("\t".join([left, right, str(comparison), total, str(multiple), str(int(ambiguous(a))), canonical(a)]) + "\n")
