#!/usr/bin/env python3
"""Packs the IEEE registry of address blocks (MA-L) for probes/src/wifi/makers.rs.

    packaging/makers.py REGISTRY probes/src/wifi/makers.bin

REGISTRY is the registry as IEEE publishes it (oui.csv; Debian: package ieee-data), or the same as JSON, an object from six
hexadecimal digits to a text whose first line is the name (npm: oui-data). Run by hand when the registry has moved on.

Kept: the blocks of makers with at least two, and of the network makers named below. The rest of the registry is laboratories
and doorbells: a school's box of theirs is shown without a maker, and the file stays under 120 kB.
"""
import collections
import csv
import json
import re
import sys

# Legal forms and words that every other name has: cut from the end, again and again.
TAIL = re.compile(
    r"[\s,.]*\b(co|ltd|inc|corp|corporation|company|limited|llc|l\.l\.c|gmbh|ag|sas|sa|s\.a|sarl|bv|b\.v|ab|oy|srl|spa|s\.p\.a|"
    r"kg|plc|pte|pvt|kk|k\.k|usa|international|intl|technologies|technology|tech|communications|communication|"
    r"telecommunication|telecommunications|systems|system|electronics|electronic|industrial|broadband|corporate|"
    r"branch)\b[\s,.)(]*$",
    re.I,
)
# As people know them.
KNOWN_AS = {
    "routerboard.com": "MikroTik",
    "avm audiovisuelles marketing und computersysteme": "AVM",
    "tp-link": "TP-Link",
    "tp-link systems": "TP-Link",
    "mist": "Juniper Mist",
    "the linksys group": "Linksys",
    "cisco-linksys": "Linksys",
    "arcadyan": "Arcadyan",
    "asustek computer": "ASUS",
    "hon hai precision ind": "Hon Hai",
    "shenzhen tenda": "Tenda",
    "tenda technology co.,ltd.dongguan": "Tenda",
    "huawei device": "Huawei",
}
# Network makers with one block: kept all the same.
KEPT = ("stormshield", "bintec", "lancom", "4ipnet", "acksys", "netgem", "strong ges", "teltonika", "engenius", "senao",
        "watchguard", "sophos", "omada")
NOBODY = ("ieee registration authority", "private")


def name_of(text):
    name = re.sub(r"\s+", " ", text.split("\n")[0]).strip()
    shorter = TAIL.sub("", name)
    while shorter != name and shorter:
        name, shorter = shorter, TAIL.sub("", shorter)
    known = KNOWN_AS.get(name.lower())
    if known:
        return known
    # Shouted names in ordinary letters; abbreviations of up to four letters stay.
    words = [word.capitalize() if word.isupper() and len(word) > 4 else word for word in name.split(" ")]
    return " ".join(words)


def read(path):
    if path.endswith(".json"):
        with open(path, encoding="utf-8") as file:
            pairs = json.load(file).items()
    else:
        with open(path, encoding="utf-8", newline="") as file:
            pairs = [(row["Assignment"], row["Organization Name"]) for row in csv.DictReader(file)]
    blocks = {}
    for prefix, text in pairs:
        if len(prefix) == 6 and not text.lower().startswith(NOBODY):
            blocks[int(prefix, 16)] = name_of(text)
    return blocks


def varint(number):
    out = bytearray()
    while True:
        low, number = number & 0x7F, number >> 7
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def main():
    blocks = read(sys.argv[1])
    # One spelling of each name: the most frequent one.
    spellings = collections.defaultdict(collections.Counter)
    for name in blocks.values():
        spellings[name.lower()][name] += 1
    counts = {key: sum(names.values()) for key, names in spellings.items()}
    kept = {
        prefix: name.lower()
        for prefix, name in blocks.items()
        if counts[name.lower()] >= 2 or name.lower().startswith(KEPT)
    }
    names = sorted(set(kept.values()), key=lambda key: (-counts[key], key))
    index = {key: at for at, key in enumerate(names)}
    out = bytearray(len(names).to_bytes(2, "little"))
    for key in names:
        text = spellings[key].most_common(1)[0][0].encode()[:255]
        out += bytes([len(text)]) + text
    last = 0
    for prefix in sorted(kept):
        out += varint(prefix - last) + varint(index[kept[prefix]])
        last = prefix
    with open(sys.argv[2], "wb") as file:
        file.write(out)
    print(f"{len(kept)} of {len(blocks)} blocks, {len(names)} names, {len(out)} bytes")


main()
