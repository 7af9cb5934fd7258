#!/usr/bin/env python3
"""
Known-answer vectors for every format that secretsfly stores and every key that it derives, made by an
implementation that shares nothing with src/cryptography: it follows SECURITY.md and the RFCs, in Python.

To run it again (from the project's root; it writes test/vectors/*.json, the same bytes every time):

    python3 -m venv /tmp/vectors
    /tmp/vectors/bin/pip install cryptography==50.0.2 argon2-cffi==25.1.0
    /tmp/vectors/bin/python test/vectors/generate.py

All bytes are hex. Every key in here is SHAKE-256 of a label (see `fixed`): none of them is anybody's.
What is under "refuse" must not open, or not be read, by any implementation.
"""

import hashlib
import hmac
import json
import unicodedata
import zlib
from pathlib import Path

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FOLDER = Path(__file__).parent
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def fixed(label, length=32):
    """Test bytes: SHAKE-256 of a label."""
    return hashlib.shake_256(f"secretsfly test vector: {label}".encode()).digest(length)


def write(name, vectors):
    text = json.dumps(vectors, indent=2, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


# The formats ---------------------------------------------------------------------------------------------


def hkdf(material, salt, info, length=32):
    """HKDF-SHA256 (RFC 5869)."""
    return HKDF(hashes.SHA256(), length, salt or None, info).derive(material)


def context_text(context):
    fields = [context["purpose"], context["project"], context.get("environment", ""), context.get("name", "")]
    fields += [context.get("version", ""), context["generation"]]
    return "secretsfly/v1/" + "|".join(str(field) for field in fields)


def seal(key, iv, plaintext, context):
    return b"\x01" + iv + AESGCM(key).encrypt(iv, plaintext, context_text(context).encode())


def open_sealed(key, sealed, context):
    assert sealed[0] == 1
    return AESGCM(key).decrypt(sealed[1:13], sealed[13:], context_text(context).encode())


def base62(number, length):
    text = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        text = ALPHABET[digit] + text
    return text


def encode_secret(secret):
    return base62(int.from_bytes(secret, "big"), 43)


def checksum(text):
    return base62(zlib.crc32(text.encode("ascii")), 6)


def master_key_text(secret):
    body = "sfmk_" + encode_secret(secret)
    return body + checksum(body)


def wrapping_key(material, derivation, project):
    salt = bytes.fromhex(derivation["salt"])
    if derivation["kdf"] == "argon2id":
        cost = {"time_cost": derivation["passes"], "memory_cost": derivation["memoryKib"]}
        parallelism = derivation["parallelism"]
        material = hash_secret_raw(
            material, salt, parallelism=parallelism, hash_len=32, type=Type.ID, version=19, **cost
        )
    info = f"secretsfly/v1/wrapping-key|{derivation['kdf']}|{project}"
    return info, material, hkdf(material, salt, info.encode())


def environment_keys(environment_key):
    infos = {part: f"secretsfly/v1/environment-key/{part}" for part in ("value", "view", "child")}
    return {part: hkdf(environment_key, b"", info.encode()) for part, info in infos.items()}


def token_text(public_id, secret):
    body = f"sfly_{public_id}_{encode_secret(secret)}"
    return f"{body}_{checksum(body)}"


def verifier(public_id, secret, version=2):
    return hkdf(secret, b"", f"secretsfly/v{version}/service-token/verifier|{public_id}".encode())


def pre_shared_key(public_id, secret):
    return hkdf(secret, b"", f"secretsfly/v1/service-token/pre-shared-key|{public_id}".encode())


def token_private_key(public_id, secret):
    material = hkdf(secret, b"", f"secretsfly/v1/service-token/key-pair|{public_id}".encode())
    return material, derive_private_key(material)


def event_hash(previous, event):
    order = ["id", "at", "actor", "action", "projectId", "projectName", "environment", "name", "address"]
    fields = [event[field] for field in [*order, "requestId"]]
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    return text, hashlib.sha256(previous + text.encode()).digest()


# HPKE (RFC 9180), modes base and PSK, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 --------------------------------------

KEM_SUITE = b"KEM" + (0x0020).to_bytes(2, "big")
HPKE_INFO = b"secretsfly/v1/service-token"


def extract(salt, material):
    return hmac.digest(salt or bytes(32), material, "sha256")


def expand(key, info, length):
    output, block = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(key, block + info + bytes([counter]), "sha256")
        output += block
    return output[:length]


def labeled_extract(suite, salt, label, material):
    return extract(salt, b"HPKE-v1" + suite + label + material)


def labeled_expand(suite, key, label, info, length):
    return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def derive_private_key(material):
    """DeriveKeyPair (7.1.3)."""
    key = labeled_extract(KEM_SUITE, b"", b"dkp_prk", material)
    return labeled_expand(KEM_SUITE, key, b"sk", b"", 32)


def public_key(private_key):
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def hpke_key(shared, info, aead_id, key_length, psk=b"", psk_id=b""):
    """The key schedule (5.1) of base mode, or with a pre-shared key of PSK mode: the AEAD's key and the first nonce."""
    suite = b"HPKE" + b"".join(part.to_bytes(2, "big") for part in (0x0020, 0x0001, aead_id))
    context = (b"\x01" if psk else b"\x00") + labeled_extract(suite, b"", b"psk_id_hash", psk_id)
    context += labeled_extract(suite, b"", b"info_hash", info)
    secret = labeled_extract(suite, shared, b"secret", psk)
    key = labeled_expand(suite, secret, b"key", context, key_length)
    return key, labeled_expand(suite, secret, b"base_nonce", context, 12)


def shared_secret(dh, enc, recipient):
    key = labeled_extract(KEM_SUITE, b"", b"eae_prk", dh)
    return labeled_expand(KEM_SUITE, key, b"shared_secret", enc + recipient, 32)


def hpke_seal(recipient, ephemeral, info, aad, plaintext, aead_id=0x0002, key_length=32, psk=b"", psk_id=b""):
    dh = X25519PrivateKey.from_private_bytes(ephemeral).exchange(X25519PublicKey.from_public_bytes(recipient))
    enc = public_key(ephemeral)
    key, nonce = hpke_key(shared_secret(dh, enc, recipient), info, aead_id, key_length, psk, psk_id)
    return enc, AESGCM(key).encrypt(nonce, plaintext, aad)


def seal_to_token(recipient, psk, ephemeral, key, context):
    aad = context_text(context).encode()
    enc, ciphertext = hpke_seal(recipient, ephemeral, HPKE_INFO, aad, key, psk=psk, psk_id=HPKE_INFO)
    return b"\x02" + enc + ciphertext


def seal_to_former_token(recipient, ephemeral, key, context):
    """As it was before there were pre-shared keys: anybody can."""
    enc, ciphertext = hpke_seal(recipient, ephemeral, HPKE_INFO, context_text(context).encode(), key)
    return b"\x01" + enc + ciphertext


def token_record(public_id, secret, sealed_key):
    """What is sealed in `sealed_public_key`."""
    private = token_private_key(public_id, secret)[1]
    return public_key(private) + pre_shared_key(public_id, secret) + hashlib.sha256(sealed_key).digest()


# Damage ----------------------------------------------------------------------------------------------------


def flipped(data, index):
    changed = bytearray(data)
    changed[index] ^= 1
    return bytes(changed)


def damaged(sealed, parts):
    """`parts`: name → (begin, end) in `sealed`. One bit flipped at both ends of each, and cut in each."""
    cases = []
    for name, (begin, end) in parts.items():
        cases.append({"why": f"first byte of the {name} changed", "sealed": flipped(sealed, begin).hex()})
        cases.append({"why": f"last byte of the {name} changed", "sealed": flipped(sealed, end - 1).hex()})
        cases.append({"why": f"ends before the {name}", "sealed": sealed[:begin].hex()})
        if end - begin > 1:
            cases.append({"why": f"ends inside the {name}", "sealed": sealed[: end - 1].hex()})
    cases.append({"why": "one byte more at the end", "sealed": (sealed + b"\x00").hex()})
    cases.append({"why": "one byte more in front", "sealed": (sealed[:1] + sealed).hex()})
    for version in (0, 1 if sealed[0] == 2 else 2, 255):
        changed = bytes([version]) + sealed[1:]
        cases.append({"why": f"version byte {version}", "sealed": changed.hex()})
    return cases


def moved(context):
    """The same row in another place."""
    other = {
        "purpose": "secret-note" if context["purpose"] == "secret-value" else "secret-value",
        "project": context["project"] + 1,
        "environment": "dev",
        "name": "OTHER",
        "version": context.get("version", 1) + 1,
        "generation": context["generation"] + 1,
    }
    cases = [{"why": f"another {field}", "context": {**context, field: value}} for field, value in other.items()]
    for field in ("environment", "name", "version"):
        if field in context:
            without = {key: value for key, value in context.items() if key != field}
            cases.append({"why": f"no {field}", "context": without})
    return cases


# The vectors -----------------------------------------------------------------------------------------------


def aead_vectors():
    places = [
        ({"purpose": "root-key", "project": 1, "generation": 1}, fixed("a root key")),
        (
            {"purpose": "environment-key", "project": 2, "environment": "prod", "generation": 1},
            fixed("an environment key"),
        ),
        (
            {
                "purpose": "secret-value",
                "project": 2,
                "environment": "prod",
                "name": "DB_URL",
                "version": 3,
                "generation": 1,
            },
            "postgres://${DB_HOST}/app\nzweite Zeile: ä€😀".encode(),
        ),
        (
            {
                "purpose": "secret-note",
                "project": 2,
                "environment": "prod",
                "name": "DB_URL",
                "version": 3,
                "generation": 1,
            },
            "moved to the new cluster".encode(),
        ),
        (
            {"purpose": "view-source", "project": 2, "environment": "prod", "version": 7, "generation": 1},
            b'{"inherited":[],"own":[]}',
        ),
        (
            {"purpose": "view-body", "project": 2, "environment": "prod", "version": 7, "generation": 1},
            b'{"secrets":[]}',
        ),
        (
            {
                "purpose": "secret-value",
                "project": 9007199254740991,
                "environment": "a-b_C9",
                "name": "_",
                "version": 1,
                "generation": 12,
            },
            b"",
        ),
        *(
            (
                {
                    "purpose": f"service-token-{rights}-public-key",
                    "project": 2,
                    "environment": "prod",
                    "name": "AAAAAAAAAAAA",
                    "generation": 2,
                },
                token_record("AAAAAAAAAAAA", fixed("a token"), fixed(f"a sealed {rights} key", 81)),
            )
            for rights in ("read", "write")
        ),
    ]
    vectors = []
    for number, (context, plaintext) in enumerate(places):
        key, iv = fixed(f"aead key {number}"), fixed(f"aead iv {number}", 12)
        sealed = seal(key, iv, plaintext, context)
        assert open_sealed(key, sealed, context) == plaintext
        vectors.append(
            {
                "context": context,
                "additionalData": context_text(context),
                "key": key.hex(),
                "iv": iv.hex(),
                "plaintext": plaintext.hex(),
                "sealed": sealed.hex(),
            }
        )
    target = vectors[2]
    sealed = bytes.fromhex(target["sealed"])
    parts = {
        "version": (0, 1),
        "IV": (1, 13),
        "ciphertext": (13, len(sealed) - 16),
        "tag": (len(sealed) - 16, len(sealed)),
    }
    refuse = [{"why": case["why"], "context": target["context"], "sealed": case["sealed"]} for case in damaged(sealed, parts)]
    refuse += [{**case, "sealed": target["sealed"]} for case in moved(target["context"])]
    read, write = vectors[-2:]
    return {
        "about": "version 0x01 | IV (12) | AES-256-GCM ciphertext | tag (16); the context is the additional data",
        "seal": vectors,
        "refuse": [{"key": target["key"], **case} for case in refuse]
        + [
            {
                "key": fixed("another key").hex(),
                "why": "another key",
                "context": target["context"],
                "sealed": target["sealed"],
            },
            {
                "key": read["key"],
                "why": "rights of a service token raised to write",
                "context": write["context"],
                "sealed": read["sealed"],
            },
        ],
    }


def base62_vectors():
    secrets = [bytes(32), bytes(31) + b"\x01", bytes(31) + b"\x3e", b"\xff" * 32, fixed("a secret")]
    biggest = 62**43 - 1
    refuse = [
        {"why": "2^256, which does not fit 32 bytes", "text": base62(2**256, 43)},
        {"why": "2^256 + 1, which would wrap round to 1", "text": base62(2**256 + 1, 43)},
        {"why": "the largest number of 43 characters", "text": base62(biggest, 43)},
        {"why": "42 characters", "text": encode_secret(fixed("a secret"))[1:]},
        {"why": "44 characters", "text": "0" + encode_secret(fixed("a secret"))},
        {"why": "empty", "text": ""},
        {"why": "a character of base64url", "text": "-" + "0" * 42},
        {"why": "a character of base64url", "text": "_" * 43},
        {"why": "a space in front", "text": " " + "0" * 42},
        {"why": "a line break at the end", "text": "0" * 42 + "\n"},
        {"why": "a digit of another script", "text": "\u0661" + "0" * 42},
        {"why": "a full-width letter", "text": "\uff21" + "0" * 42},
    ]
    texts = ["", "123456789", "sfly_", "sfmk_" + "0" * 43, "a" * 200]
    return {
        "about": "0-9A-Za-z, most significant first. 32 bytes are 43 characters; a CRC32 (zlib's) of ASCII is 6",
        "secrets": [{"bytes": secret.hex(), "text": encode_secret(secret)} for secret in secrets],
        "refuse": refuse,
        "checksums": [
            {"of": text, "crc32": f"{zlib.crc32(text.encode()):08x}", "text": checksum(text)} for text in texts
        ],
    }


PASSPHRASE = "Zwölf Mönche — naïve café 😀"


def master_key_vectors():
    secrets = [bytes(32), b"\xff" * 32, fixed("a master key")]
    good = master_key_text(fixed("a master key"))
    swapped = good[:10] + good[11] + good[10] + good[12:]
    assert swapped != good
    over = "sfmk_" + base62(2**256, 43)
    last = ALPHABET[(ALPHABET.index(good[-1]) + 1) % 62]
    refuse = [
        {"why": "empty", "text": ""},
        {"why": "white space only", "text": " \t\n" * 6},
        {"why": "a colon in a passphrase", "text": "correct horse: battery"},
        {"why": "a colon in a generated key", "text": good[:20] + ":" + good[21:]},
        {"why": "11 characters", "text": "elevenchars"},
        {"why": "11 characters in NFC, 12 in NFD", "text": unicodedata.normalize("NFD", "elevenlétte")},
        {"why": "11 characters of two UTF-16 units each", "text": "😀" * 11},
        {"why": "1025 bytes", "text": "x" * 1025},
        {"why": "1026 bytes in 513 characters", "text": "é" * 513},
        {"why": "last character of the checksum changed", "text": good[:-1] + last},
        {"why": "two characters changed places", "text": swapped},
        {"why": "case changed", "text": good.swapcase().replace("SFMK_", "sfmk_")},
        {"why": "cut off by one", "text": good[:-1]},
        {"why": "cut off in the middle", "text": good[:30]},
        {"why": "nothing but the prefix", "text": "sfmk_"},
        {"why": "one character more", "text": good + "0"},
        {"why": "2^256 with a checksum that fits", "text": over + checksum(over)},
        {"why": "a space inside", "text": good[:20] + " " + good[20:]},
    ]
    salt = fixed("a salt", 16).hex()
    hkdf_row = {"kdf": "hkdf-sha256", "salt": salt}
    argon_row = {"kdf": "argon2id", "salt": salt, "memoryKib": 65536, "passes": 3, "parallelism": 1}
    nfc, nfd = unicodedata.normalize("NFC", PASSPHRASE), unicodedata.normalize("NFD", PASSPHRASE)
    assert nfc != nfd
    derivations = [
        (good, fixed("a master key"), hkdf_row, 1),
        (f"  {good}\n", fixed("a master key"), hkdf_row, 1),
        (good, fixed("a master key"), hkdf_row, 2),
        (good, fixed("a master key"), {"kdf": "hkdf-sha256", "salt": bytes(16).hex()}, 1),
        (nfc, nfc.encode(), argon_row, 1),
        (nfd, nfc.encode(), argon_row, 1),
        (nfc, nfc.encode(), argon_row, 4711),
        ("twelve chars", b"twelve chars", {**argon_row, "memoryKib": 19456, "passes": 2}, 1),
        (" twelve chars ", b" twelve chars ", {**argon_row, "memoryKib": 19456, "passes": 2}, 1),
        (nfc, nfc.encode(), {**argon_row, "memoryKib": 19456, "passes": 2, "parallelism": 4}, 1),
    ]
    wrapping = []
    for number, (text, material, derivation, project) in enumerate(derivations):
        info, stretched, key = wrapping_key(material, derivation, project)
        context = {"purpose": "root-key", "project": project, "generation": 1}
        root_key = fixed(f"root key {number}")
        wrapping.append(
            {
                "masterKey": text,
                "derivation": derivation,
                "project": project,
                "material": material.hex(),
                "stretched": stretched.hex(),
                "info": info,
                "wrappingKey": key.hex(),
                "rootKey": root_key.hex(),
                "sealedRootKey": seal(key, fixed(f"root key iv {number}", 12), root_key, context).hex(),
            }
        )
    absurd = [
        ("memory of 1 KiB", {"memoryKib": 1}),
        ("memory of 0", {"memoryKib": 0}),
        ("memory below 19 MiB", {"memoryKib": 19455}),
        ("memory above 256 MiB", {"memoryKib": 262145}),
        ("memory of 4 GiB", {"memoryKib": 4194304}),
        ("negative memory", {"memoryKib": -65536}),
        ("memory that is no whole number", {"memoryKib": 65536.5}),
        ("no pass", {"passes": 0}),
        ("one pass", {"passes": 1}),
        ("17 passes", {"passes": 17}),
        ("a thousand million passes", {"passes": 1000000000}),
        ("no lane", {"parallelism": 0}),
        ("9 lanes", {"parallelism": 9}),
        ("255 lanes", {"parallelism": 255}),
        ("no salt", {"salt": ""}),
        ("a salt of 15 bytes", {"salt": salt[2:]}),
        ("a salt of 17 bytes", {"salt": salt + "00"}),
    ]
    refuse_derivations = [
        {"why": why, "masterKey": PASSPHRASE, "derivation": {**argon_row, **change}} for why, change in absurd
    ]
    refuse_derivations += [
        {"why": f"HKDF, {why}", "masterKey": good, "derivation": {**hkdf_row, **change}}
        for why, change in absurd
        if "salt" in change
    ]
    return {
        "about": "sfmk_ | 43 base62 characters of 32 bytes | 6 of the CRC32 of all before; or a passphrase, in NFC",
        "generated": [{"secret": secret.hex(), "text": master_key_text(secret)} for secret in secrets],
        "refuse": refuse,
        "wrappingKeys": wrapping,
        "refuseDerivations": refuse_derivations,
    }


def environment_key_vectors():
    vectors = []
    for label in ("environment key A", "environment key B"):
        raw = fixed(label)
        place = {"project": 2, "environment": "prod", "generation": 1}
        purposes = {
            "value": {"purpose": "secret-value", **place, "name": "A", "version": 1},
            "view": {"purpose": "view-body", **place, "version": 1},
            "child": {"purpose": "environment-key", **place, "project": 3},
        }
        derived = []
        for part, key in environment_keys(raw).items():
            plaintext = fixed(f"{label}: sealed with {part}")
            context = purposes[part]
            derived.append(
                {
                    "part": part,
                    "info": f"secretsfly/v1/environment-key/{part}",
                    "key": key.hex(),
                    "context": context,
                    "plaintext": plaintext.hex(),
                    "sealed": seal(key, fixed(f"{label}: iv of {part}", 12), plaintext, context).hex(),
                }
            )
        vectors.append({"environmentKey": raw.hex(), "derived": derived})
    return {"about": "HKDF-SHA256 of the environment key, without a salt, one info each", "environmentKeys": vectors}


def service_token_vectors():
    tokens = []
    for public_id, label in (("AAAAAAAAAAAA", "a token"), ("z9Z0a1B2c3D4", "another token")):
        secret = fixed(label)
        material, private = token_private_key(public_id, secret)
        sealed = []
        for purpose in ("service-token-view-key", "service-token-environment-key"):
            context = {"purpose": purpose, "project": 2, "environment": "prod", "name": public_id, "generation": 1}
            key, ephemeral = fixed(f"{label}: {purpose}"), fixed(f"{label}: ephemeral of {purpose}")
            psk = pre_shared_key(public_id, secret)
            sealed.append(
                {
                    "context": context,
                    "additionalData": context_text(context),
                    "ephemeralPrivateKey": ephemeral.hex(),
                    "key": key.hex(),
                    "sealed": seal_to_token(public_key(private), psk, ephemeral, key, context).hex(),
                    "formerSealed": seal_to_former_token(public_key(private), ephemeral, key, context).hex(),
                }
            )
        tokens.append(
            {
                "id": public_id,
                "secret": secret.hex(),
                "text": token_text(public_id, secret),
                "verifier": verifier(public_id, secret).hex(),
                "verifierHash": hashlib.sha256(verifier(public_id, secret)).hexdigest(),
                "formerVerifierHash": hashlib.sha256(verifier(public_id, secret, 1)).hexdigest(),
                "keyPairMaterial": material.hex(),
                "privateKey": private.hex(),
                "publicKey": public_key(private).hex(),
                "preSharedKey": pre_shared_key(public_id, secret).hex(),
                "sealed": sealed,
            }
        )
    text = tokens[0]["text"]
    over = f"sfly_AAAAAAAAAAAA_{base62(2**256, 43)}"
    refuse_texts = [
        {"why": "empty", "text": ""},
        {"why": "cut off by one", "text": text[:-1]},
        {"why": "one character more", "text": text + "0"},
        {"why": "a line break at the end", "text": text + "\n"},
        {"why": "a space in front", "text": " " + text},
        {"why": "another prefix", "text": "sfmk" + text[4:]},
        {"why": "upper-case prefix", "text": "SFLY" + text[4:]},
        {"why": "another id, same checksum", "text": text.replace("AAAAAAAAAAAA", "AAAAAAAAAAAB")},
        {"why": "an id of 11 characters", "text": text.replace("AAAAAAAAAAAA", "AAAAAAAAAAA")},
        {"why": "wrong checksum", "text": text[:-6] + "000000"},
        {"why": "no checksum", "text": text[:-7]},
        {"why": "2^256 with a checksum that fits", "text": f"{over}_{checksum(over)}"},
        {"why": "two of them", "text": f"{text},{text}"},
    ]
    target = tokens[0]["sealed"][0]
    sealed = bytes.fromhex(target["sealed"])
    parts = {
        "version": (0, 1),
        "encapsulated key": (1, 33),
        "ciphertext": (33, len(sealed) - 16),
        "tag": (len(sealed) - 16, len(sealed)),
    }
    # The top bit of an X25519 public key is ignored by the curve, but it is part of what the key is derived from.
    masked = bytearray(sealed)
    masked[32] ^= 0x80
    refuse = [{"context": target["context"], **case} for case in damaged(sealed, parts)]
    refuse.append({"context": target["context"], "why": "the bit that the curve ignores changed", "sealed": masked.hex()})
    zero = b"\x02" + bytes(32) + sealed[33:]
    refuse.append({"context": target["context"], "why": "an encapsulated key of small order", "sealed": zero.hex()})
    refuse += [{**case, "sealed": target["sealed"]} for case in moved(target["context"])]
    write_context = {**target["context"], "purpose": "service-token-environment-key"}
    refuse.append({"why": "rights raised to write", "context": write_context, "sealed": target["sealed"]})
    # Both have the right context and were made by somebody who knows the public key, and nothing else.
    forged = bytes.fromhex(target["formerSealed"])
    refuse.append({"why": "sealed to the public key alone", "context": target["context"], "sealed": forged.hex()})
    forged = b"\x02" + forged[1:]
    refuse.append({"why": "the same under the other version", "context": target["context"], "sealed": forged.hex()})
    recipient, strange = bytes.fromhex(tokens[0]["publicKey"]), fixed("a pre-shared key of nobody's")
    forged = seal_to_token(recipient, strange, fixed("ephemeral"), fixed("a key"), target["context"])
    refuse.append({"why": "another pre-shared key", "context": target["context"], "sealed": forged.hex()})
    return {
        "about": "sfly_<id>_<secret>_<crc>; sealed: version 0x02 | encapsulated key (32) | ciphertext | tag (16), by HPKE "
        "with a pre-shared key; former: version 0x01, without one",
        "hpkeInfo": HPKE_INFO.decode(),
        "tokens": tokens,
        "refuseTexts": refuse_texts,
        "refuseSealed": [{"secret": tokens[0]["secret"], "id": tokens[0]["id"], **case} for case in refuse]
        + [
            {
                "secret": tokens[1]["secret"],
                "id": tokens[1]["id"],
                "context": target["context"],
                "why": "another token",
                "sealed": target["sealed"],
            },
            {
                "secret": tokens[0]["secret"],
                "id": tokens[1]["id"],
                "context": target["context"],
                "why": "the same secret under another id",
                "sealed": target["sealed"],
            },
        ],
    }


def audit_vectors():
    system = {"projectId": None, "projectName": None, "environment": None, "name": None, "address": "", "requestId": ""}
    session = {"actor": "session:0a1b2c3d4e5f", "address": "192.0.2.7", "requestId": "b2f0"}
    events = [
        {"id": 1, "at": 1767225600000, "actor": "system", "action": "environment.add", **system, "environment": "prod"},
        {
            **system,
            "id": 2,
            "at": 1767225601234,
            **session,
            "action": "project.create",
            "projectId": 1,
            "projectName": 'Zoë\'s "shop" \\ 😀 \u2028 </script>',
        },
        {
            **system,
            "id": 3,
            "at": 1767225601234,
            **session,
            "action": "secret.set",
            "projectId": 1,
            "projectName": "shop",
            "environment": "prod",
            "name": "DB_URL",
        },
        {
            **system,
            "id": 4,
            "at": 0,
            "actor": "service-token:AAAAAAAAAAAA",
            "address": "2001:db8::1",
            "requestId": "tab\tbreak\ndel\u007fbell\u0007",
            "action": "secret.delete",
        },
    ]
    chain, previous = [], bytes(32)
    for event in events:
        text, digest = event_hash(previous, event)
        chain.append({"event": event, "previous": previous.hex(), "json": text, "hash": digest.hex()})
        previous = digest
    return {"about": "SHA-256 of the hash before (32 zero bytes for the first) and the JSON array of the event", "chain": chain}


def backup_vectors():
    """Rows of a small database, as they are stored, and everything that the master key opens in them."""
    secret = fixed("backup: master key")
    salt = fixed("backup: salt", 16)
    _, _, wrapping = wrapping_key(secret, {"kdf": "hkdf-sha256", "salt": salt.hex()}, 1)
    root_key = fixed("backup: root key")
    environment = {"environment": "prod", "generation": 1}
    keys, rows, above = {}, [], root_key
    for project in (1, 2, 3):
        raw = fixed(f"backup: environment key {project}")
        context = {"purpose": "environment-key", "project": project, **environment}
        sealed = seal(above, fixed(f"backup: environment key iv {project}", 12), raw, context)
        rows.append({"projectId": project, "sealedEnvironmentKey": sealed.hex()})
        keys[project] = {**environment_keys(raw), "raw": raw}
        above = keys[project]["child"]
    host = {"id": 1, "name": "DB_HOST", "value": "db.example", "note": "", "version": 1, "projectId": 1}
    url = {"id": 2, "name": "DB_URL", "value": "postgres://${DB_HOST}/app", "note": "", "version": 2, "projectId": 3}
    source = json.dumps({"inherited": [host], "own": [url]}, separators=(",", ":"))
    body = '{"secrets":[{"id":1,"name":"DB_HOST","value":"db.example"},{"id":2,"name":"DB_URL","value":"postgres://db.example/app"}]}'
    place = {"project": 3, **environment}
    value_context = {"purpose": "secret-value", **place, "name": "DB_URL", "version": 2}
    view = {
        "projectId": 3,
        "revision": 5,
        "sealedSource": seal(
            keys[3]["value"], fixed("backup: source iv", 12), source.encode(), {"purpose": "view-source", **place, "version": 5}
        ).hex(),
        "sealedBody": seal(
            keys[3]["view"], fixed("backup: body iv", 12), body.encode(), {"purpose": "view-body", **place, "version": 5}
        ).hex(),
    }
    token_id, token_secret = "BackupToken1", fixed("backup: token")
    _, private = token_private_key(token_id, token_secret)
    token_context = {"purpose": "service-token-view-key", **place, "name": token_id}
    psk = pre_shared_key(token_id, token_secret)
    sealed_key = seal_to_token(public_key(private), psk, fixed("backup: ephemeral"), keys[3]["view"], token_context)
    return {
        "about": "a root (1), its child (2) and grandchild (3) in prod, generation 1 throughout; project 3 has one own secret",
        "masterKey": master_key_text(secret),
        "rootKeyRow": {
            "projectId": 1,
            "kdf": "hkdf-sha256",
            "salt": salt.hex(),
            "sealedRootKey": seal(
                wrapping, fixed("backup: root key iv", 12), root_key, {"purpose": "root-key", "project": 1, "generation": 1}
            ).hex(),
        },
        "environmentKeyRows": rows,
        "secretVersionRow": {
            "projectId": 3,
            "name": "DB_URL",
            "version": 2,
            "sealedValue": seal(keys[3]["value"], fixed("backup: value iv", 12), url["value"].encode(), value_context).hex(),
        },
        "viewRow": view,
        "serviceTokenRow": {"publicId": token_id, "projectId": 3, "rights": "read", "sealedKey": sealed_key.hex()},
        "serviceToken": token_text(token_id, token_secret),
        "opened": {
            "value": url["value"],
            "source": source,
            "body": body,
        },
    }


def primitive_vectors():
    """Published vectors, each checked here against this implementation before it is written."""
    h = bytes.fromhex
    hkdf_cases = [
        {
            "from": "RFC 5869, A.1",
            "material": "0b" * 22,
            "salt": "000102030405060708090a0b0c",
            "info": "f0f1f2f3f4f5f6f7f8f9",
            "output": "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        },
        {
            "from": "RFC 5869, A.2",
            "material": bytes(range(0x00, 0x50)).hex(),
            "salt": bytes(range(0x60, 0xB0)).hex(),
            "info": bytes(range(0xB0, 0x100)).hex(),
            "output": "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        },
        {
            "from": "RFC 5869, A.3",
            "material": "0b" * 22,
            "salt": "",
            "info": "",
            "output": "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        },
    ]
    for case in hkdf_cases:
        output = h(case["output"])
        assert hkdf(h(case["material"]), h(case["salt"]), h(case["info"]), len(output)) == output
        assert expand(extract(h(case["salt"]), h(case["material"])), h(case["info"]), len(output)) == output

    gcm_key = "feffe9928665731c6d6a8f9467308308" * 2
    gcm_plaintext = (
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
        "b16aedf5aa0de657ba637b391aafd255"
    )
    gcm_ciphertext = (
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
        "c5f61e6393ba7a0abcc9f662898015ad"
    )
    gcm_cases = [
        ("test case 13", "00" * 32, "00" * 12, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
        (
            "test case 14",
            "00" * 32,
            "00" * 12,
            "",
            "00" * 16,
            "cea7403d4d606b6e074ec5d3baf39d18",
            "d0d1c8a799996bf0265b98b5d48ab919",
        ),
        (
            "test case 15",
            gcm_key,
            "cafebabefacedbaddecaf888",
            "",
            gcm_plaintext,
            gcm_ciphertext,
            "b094dac5d93471bdec1a502270e3cc6c",
        ),
        (
            "test case 16",
            gcm_key,
            "cafebabefacedbaddecaf888",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            gcm_plaintext[:-8],
            gcm_ciphertext[:-8],
            "76fc6ece0f4e1768cddf8853bb2d551b",
        ),
    ]
    gcm = []
    for name, key, iv, additional_data, plaintext, ciphertext, tag in gcm_cases:
        assert AESGCM(h(key)).encrypt(h(iv), h(plaintext), h(additional_data)) == h(ciphertext + tag)
        gcm.append(
            {
                "from": f"The Galois/Counter Mode of Operation (McGrew, Viega), on which SP 800-38D rests, {name}",
                "key": key,
                "iv": iv,
                "additionalData": additional_data,
                "plaintext": plaintext,
                "ciphertext": ciphertext,
                "tag": tag,
            }
        )

    hpke = {
        "from": "RFC 9180, A.1.1 (its AEAD is AES-128-GCM; the RFC has none of X25519 with AES-256-GCM)",
        "ikmE": "7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234",
        "skEm": "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
        "enc": "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
        "ikmR": "6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037",
        "skRm": "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
        "pkRm": "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
        "info": b"Ode on a Grecian Urn".hex(),
        "additionalData": b"Count-0".hex(),
        "plaintext": b"Beauty is truth, truth beauty".hex(),
        "ciphertext": "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
    }
    assert derive_private_key(h(hpke["ikmE"])) == h(hpke["skEm"])
    assert derive_private_key(h(hpke["ikmR"])) == h(hpke["skRm"])
    assert public_key(h(hpke["skRm"])) == h(hpke["pkRm"])
    sealing = [h(hpke[field]) for field in ("pkRm", "skEm", "info", "additionalData", "plaintext")]
    assert hpke_seal(*sealing, aead_id=0x0001, key_length=16) == (h(hpke["enc"]), h(hpke["ciphertext"]))

    argon2id = {
        "from": "RFC 9106, 5.3",
        "message": "01" * 32,
        "salt": "02" * 16,
        "secret": "03" * 8,
        "associatedData": "04" * 12,
        "memoryKib": 32,
        "passes": 3,
        "parallelism": 4,
        "tag": "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659",
    }
    return {"about": "published vectors of the primitives", "hkdf": hkdf_cases, "aes256gcm": gcm, "argon2id": argon2id, "hpke": hpke}


def fallback_vectors():
    """Fallback files of `secretsfly run`."""
    token = token_text("AAAAAAAAAAAA", fixed("fallback token"))
    other_token = token_text("AAAAAAAAAAAA", fixed("another fallback token"))
    owner = {"apiBaseUrl": "https://secrets.example.com/api", "token": token}
    key = hkdf(token.encode(), b"", b"secretsfly/v1/fallback")
    header = b"sfly-fb\x01"
    additional_data = header + owner["apiBaseUrl"].encode()
    lists = [
        ("nothing", []),
        ("one", [{"id": 1, "name": "DB_HOST", "value": "db.internal"}]),
        ("what has to be escaped", [{"id": 7, "name": "A", "value": 'Zoë\'s "\\"\n😀'}, {"id": 8, "name": "B", "value": ""}]),
    ]
    files = []
    for label, secrets in lists:
        content = {"fetchedAt": 1767225600000, "secrets": secrets}
        plaintext = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
        iv = fixed(f"fallback iv: {label}", 12)
        sealed = header + iv + AESGCM(key).encrypt(iv, plaintext, additional_data)
        files.append({"content": content, "iv": iv.hex(), "sealed": sealed.hex()})
    parts = {"magic": (0, 7), "version": (7, 8), "IV": (8, 20), "ciphertext": (20, len(sealed) - 16), "tag": (len(sealed) - 16, len(sealed))}
    refuse = [{**owner, **case} for case in damaged(sealed, parts)]
    refuse.append({**owner, "why": "version 2", "sealed": (b"sfly-fb\x02" + sealed[8:]).hex()})
    refuse.append({**owner, "why": "another server", "apiBaseUrl": "http://secrets.example.com/api", "sealed": sealed.hex()})
    refuse.append({**owner, "why": "another token of the same id", "token": other_token, "sealed": sealed.hex()})
    about = '"sfly-fb" | version 0x01 | IV (12) | AES-256-GCM ciphertext | tag (16); additional data: the first 8 bytes, apiBaseUrl'
    return {"about": about, **owner, "key": key.hex(), "files": files, "refuse": refuse}


if __name__ == "__main__":
    write("aead", aead_vectors())
    write("base62", base62_vectors())
    write("master-key", master_key_vectors())
    write("environment-key", environment_key_vectors())
    write("service-token", service_token_vectors())
    write("audit", audit_vectors())
    write("backup", backup_vectors())
    write("primitives", primitive_vectors())
    write("fallback", fallback_vectors())
