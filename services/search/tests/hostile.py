"""What people never mean well by: for every place that takes text."""

from __future__ import annotations

# fmt: off
HOSTILE = [
    "*", "?", "a*b?c", "[a TO z]", "/.*/", "(ada", "ada)", '"ada', "ada\\", "+ada -ada", "ada AND", "NOT ada",
    "ada~2", "ada^5", "first_name:ada", "_exists_:email", "<script>alert(1)</script>", "ada:", ":ada", "!ada", "a|b",
    "'; DROP TABLE search_word; --", "' OR '1'='1", "%", "_", "a%", "$1", ":publisher", "%(publisher)s", "{{ada}}",
    "${jndi:ldap://x}", "\x00", "a\x00da", "\x1b[31m", "\ud800", "ada\udfff", "\u202eada", "\ufeff", "\u200b",
    "\U0010ffff", "\U0001f984", "e" + "\u0301" * 900, "\u202e\u202d", "\ufdfa", "\ufdfa" * 300, "null", "true", "NaN",
    "-1", "1e308", "0x00", "ß" * 900, "ü" * 900, "王" * 900, "(" * 900, "a" * 1_000, "../../etc/passwd",
    '{"query":{"match_all":{}}}', "a&&b", "a||b",
    # control characters, lone surrogates, what turns the direction, emoji sequences
    "\x07\x08\x7f", "ada\x00", "\x85\u2028\u2029", "\udc00\ud800", "\u202eada\u202c", "\u2066ada\u2069",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 20, "\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f1e9\U0001f1ea" * 50,
    # nothing but punctuation, in several scripts
    "-", "...", "\u3002\u3001", "\u00bf?", "\u2019\u2019", "\u200f\u200e", "\u00ad",
    # operators, wildcards, regular expressions, SQL, other languages of queries
    "ada && !bob || (carl)", "ada~0.8^2", "{a TO z}", "<=>", "a*", "*a*", "????", "(a+)+$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "/a{1,99999}/", "' UNION SELECT version(); --", "1; SELECT pg_sleep(10)", "E'\\\\x00'", "{{7*7}}", "#{7*7}",
    # numbers out of range, other digits
    "9" * 400, "-9e999", "2026-99-99", "0000-00-00", "\u0661\u0662\u0663", "\u00b2\u00b3", "99999999999999999999y",
    # deep nesting
    "(" * 400 + ")" * 400, "[" * 900, '{"a":' * 150, "-" * 500 + "(" * 400, '"' * 999,
]
# fmt: on
