"""The real tokenizer the estimate is compared with: o200k_base, from the ranks the PyPI package litellm carries, read with tokenizers.

The ranks are a file of `base64 rank` lines. A byte pair encoding needs the pair each token was merged from: the one that
encoding the token's bytes with all lower ranks leaves.
"""
import base64
import pathlib

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

# The file's name is the SHA-1 of the address it was published at.
O200K = "fb374d419588a4632f3f557e76b4b70aebbca790"
PATTERN = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}",
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r"\s*[\r\n]+",
    r"\s+(?!\S)",
    r"\s+",
])


def folder():
    import importlib.util
    spec = importlib.util.find_spec("litellm")
    return pathlib.Path(spec.submodule_search_locations[0]) / "litellm_core_utils" / "tokenizers"


def letters():
    """The letter that stands for each byte in byte-level vocabularies."""
    shown = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, extra = {}, 0
    for byte in range(256):
        if byte in shown:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + extra)
            extra += 1
    return table


def parts(ranks, token, limit):
    pieces = [bytes([byte]) for byte in token]
    while len(pieces) > 2:
        best, where = None, None
        for index in range(len(pieces) - 1):
            rank = ranks.get(pieces[index] + pieces[index + 1])
            if rank is not None and rank < limit and (best is None or rank < best):
                best, where = rank, index
        if where is None:
            return None
        pieces[where:where + 2] = [pieces[where] + pieces[where + 1]]
    return pieces


def o200k():
    ranks = {}
    for line in (folder() / O200K).read_bytes().splitlines():
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    table = letters()
    spell = lambda token: "".join(table[byte] for byte in token)
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) > 1:
            pair = parts(ranks, token, rank)
            if pair is not None and len(pair) == 2:
                merges.append((spell(pair[0]), spell(pair[1])))
    vocabulary = {spell(token): rank for token, rank in ranks.items()}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
